"""Speed of `services.clean`, in MB of UTF-8 a second."""

import time
from collections.abc import Callable

from services.clean import Cleaner, clean, clean_code

PROSE = "The quick brown fox jumps over the lazy dog, twice; then it rests.\n"
TEXTS = {
    "ASCII": PROSE,
    "ASCII with tabs and CRLF": "\tif value:\r\n\t\treturn value + 1\r\n" + PROSE,
    "English, curly quotes": "“Don’t”, she said — and left… " + PROSE,
    "English, emoji": "✅ done ⚠\ufe0f careful 👩\u200d💻 " + PROSE * 2,
    "mixed scripts": "Größe, naïve, Привет, 漢字かな, שלום, नमस्ते, ไทย 🎉. " + PROSE,
    "Chinese": "快速的棕色狐狸跳过了懒狗，然后它休息了一会儿。\n",
    "Hindi": "नमस्ते दुनिया, यह एक परीक्षण वाक्य है जो बार-बार आता है।\n",
    "table in box drawing": "│ name │ 12 │\n├──────┼────┤\n",
    "ESC only": "\x1b",
    "ESC every second": "a\x1b",
    "ESC, one per cent": "\x1b[31m" + "x" * 95,
    "bidi, tags, marks": "a\u202e\u200b\U000e0041e" + "\u0301" * 9,
    "Gothic and its neighbours": "𐌰𐌱\u0301\U0001e130\U00011001" + "\u200d" * 3,
    "surrogates": "\ud83d\ude00\ud800x",
}


def milliseconds_each_mb(function: Callable[[str], str], text: str, size: int) -> float:
    """Best of five."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        function(text)
        best = min(best, time.perf_counter() - start)
    return best * 1000 / (size / 1e6)


def stream(text: str) -> str:
    cleaner = Cleaner()
    parts = [cleaner.feed(text[at : at + 40]) for at in range(0, len(text), 40)]
    return "".join(parts) + cleaner.flush()


def main() -> None:
    print(f"{'':26}{'prose MB/s':>12}{'ms/MB':>9}{'code ms/MB':>12}{'40-char deltas ms/MB':>22}")
    for name, unit in TEXTS.items():
        size = len(unit.encode("utf-8", "surrogatepass"))
        text = unit * (1_000_000 // size)
        total = size * (1_000_000 // size)
        prose, code, streamed = (
            milliseconds_each_mb(function, text, total) for function in (clean, clean_code, stream)
        )
        print(f"{name:26}{1000 / prose:12.0f}{prose:9.1f}{code:12.1f}{streamed:22.1f}")


if __name__ == "__main__":
    main()
