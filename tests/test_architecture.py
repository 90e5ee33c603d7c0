"""The dependency rule, read off the import statements."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("app", "widgets", "services", "simulator")
OURS = {*ROOMS, "tests", "benchmarks"}
LIMIT = 400


def modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every imported module as (line, dotted name), those inside functions too.

    `from services.models import chat` counts as `services.models.chat`, so that a rule about a
    module cannot be dodged by the form of the statement.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            module = node.module or ""
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def within(name: str, *roots: str) -> bool:
    return any(name == root or name.startswith(root + ".") for root in roots)


def offences(paths: list[Path], *forbidden: str, but: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in paths
        for line, name in imports(path)
        if within(name, *forbidden) and not within(name, *but)
    ]


def test_services_know_neither_the_screen_nor_the_app() -> None:
    far = ("app", "widgets", "simulator", "benchmarks", "tests")
    assert offences(modules("services"), "textual", "rich", *far) == []


def test_widgets_know_of_services_only_the_models() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules("widgets")
        for line, name in imports(path)
        if within(name, "httpx", "pydantic", "keyring", "sqlite3")
        or within(name, "app", "simulator", "benchmarks", "tests")
        or (within(name, "services") and not within(name, "services.models"))
    ]
    assert [row for row in wrong if not row.endswith("imports services")] == []


def test_simulator_knows_nothing_of_ours() -> None:
    far = ("app", "widgets", "services", "benchmarks", "tests")
    assert offences(modules("simulator"), *far) == []


def test_only_the_simulate_command_imports_the_simulator() -> None:
    paths = [p for p in modules("app") if p != ROOT / "app/cli/simulate.py"]
    assert offences(paths, "simulator") == []


def reachable(start: Path) -> dict[str, list[str]]:
    """Modules of ours that importing `start` loads at once, each with what it imports."""
    seen: dict[str, list[str]] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name in seen:
            continue
        seen[name] = []
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in top_level(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
            seen[name] += names
            for imported in names:
                base = ROOT.joinpath(*imported.split("."))
                files = (base.with_suffix(".py"), base / "__init__.py")
                waiting += [f for f in files if imported.split(".")[0] in OURS and f.is_file()]
    return seen


def top_level(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements that run when the module does: not those inside functions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                yield child
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                waiting.append(child)


@pytest.mark.parametrize("path", modules("app/cli"), ids=lambda p: p.name)
def test_command_line_twin_loads_no_textual(path: Path) -> None:
    wrong = [
        f"{module} imports {name}"
        for module, names in reachable(path).items()
        for name in names
        if within(name, "textual", "rich")
    ]
    assert wrong == []


def test_every_module_stays_below_the_limit() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in modules(*ROOMS, "tests", "benchmarks")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LIMIT
    }
    assert long == {}


def test_package_files_are_empty() -> None:
    assert [p for p in modules(*ROOMS) if p.name == "__init__.py" and p.read_text().strip()] == []


def test_a_wrong_arrow_would_be_seen(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def f():\n    from textual import app\n")
    assert list(imports(wrong)) == [(2, "textual"), (2, "textual.app")]
