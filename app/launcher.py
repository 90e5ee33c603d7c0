"""Console entry point of the wheel, and what answers before anything is imported.

Ships as `foredeck/__init__.py` beside `foredeck/tree`, which goes first on the path, so that a
folder `app` of the user's cannot shadow ours.
"""

import sys


def main() -> int:
    """Run Foredeck with the command line of this process.

    Returns:
        The exit code.
    """
    here = __file__.rpartition("/")[0] or "."
    for tree in (f"{here}/tree", here.rpartition("/")[0] or "."):
        try:
            with open(f"{tree}/app/version.py", encoding="utf-8") as file:  # noqa: PTH123 pathlib costs a third of the fast path
                version = file.read().split('"')[-2]
        except OSError:
            continue
        if tree not in sys.path:
            sys.path.insert(0, tree)
        break
    else:
        # An editable installation copies this file alone; a .pth file names the checkout.
        from app.version import __version__ as version
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"foredeck {version}\n")
        return 0
    if sys.argv[1:2] == ["limits"] and len(sys.argv) <= 4:
        form = _status_format(sys.argv[2:])
        if form:
            from app.status_line import run as print_status

            return print_status(form)
    from app.main import main as run

    return run(sys.argv[1:])


def _status_format(arguments: "list[str]") -> str:
    """Which status line `limits` is asked for, and nothing else; empty where it is not."""
    match arguments:
        case ["--format", ("plain" | "tmux" | "starship" | "waybar") as form]:
            return form
        case [joined] if joined.startswith("--format="):
            return _status_format(["--format", joined[9:]])
        case _:
            return ""
