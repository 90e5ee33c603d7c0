"""Copies some screens of the snapshot tests into docs/pictures, for the README.

Their web font is left out: whoever reads the page has a monospace font, and nothing is fetched.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCREENS = ROOT / "tests/snapshots/__snapshots__"
PICTURES = {
    "chat-dark": "test_screens/test_an_answer_streams[120x40-dark]",
    "chat-light": "test_screens/test_an_answer_is_finished_and_read[120x40-light]",
    "palette-dark": "test_screens/test_an_overlay[palette--120x40]",
    "limits-dark": "test_limits/test_all_limits[120x40-dark]",
}


def main() -> None:
    """Write the pictures anew."""
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    for name, screen in PICTURES.items():
        drawn = (SCREENS / f"{screen}.svg").read_text(encoding="utf-8")
        drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
        drawn = drawn.replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono")
        drawn = drawn.replace("<text ", '<text xml:space="preserve" ')
        (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
