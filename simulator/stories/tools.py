"""Stories with tools: the client's own, and those that the server runs."""

import base64
import struct
import zlib
from random import Random
from typing import Any

from simulator import items
from simulator.answers import Answer, Call, CallCustom, Citation, Other, Part, Say, Think
from simulator.conversation import Conversation
from simulator.events import Item

COMMAND = "printf 'six times seven is %s\\n' $((6*7))"

PATCH = """*** Begin Patch
*** Update File: config.toml
@@
-speed = 1
+speed = 2
*** End Patch
"""

SOURCES = (
    Citation("https://www.python.org/downloads/", "Download Python", "Python 3.14"),
    Citation("https://peps.python.org/pep-0745/", "PEP 745 – Release Schedule", "October 2025"),
)

FOUND = """The newest feature release is **Python 3.14**, published in October 2025. What matters
most in daily work:

| Change | What it means for you |
|---|---|
| Template strings (`t"…"`) | safe SQL and HTML without hand-made escaping |
| Annotations evaluated lazily | forward references need no quotes |
| `compression.zstd` | Zstandard in the standard library |
| Free-threaded build | supported officially, still a choice at install time |

3.11 still gets security fixes, so there is no rush; if you start something new, start with
3.13 or later."""


def search(asked: Conversation, rng: Random) -> Answer:
    """The server searches the web, opens a page, finds a text in it."""
    del rng
    query = asked.prompt.strip().splitlines()[0][:80] if asked.prompt.strip() else "newest python"
    page = SOURCES[0].url
    return Answer(
        [
            Think(["**Searching**\n\nThis may have changed recently, so I should look it up."]),
            _web_search({"type": "search", "query": query, "queries": [query]}),
            _web_search({"type": "open_page", "url": page}),
            _web_search({"type": "find_in_page", "url": page, "pattern": "Release date"}),
            Think(["**Comparing the sources**\n\nBoth agree on the date."]),
            Say(FOUND, phase="final_answer", citations=SOURCES),
        ]
    )


def tool(asked: Conversation, rng: Random) -> Answer:
    """The client runs a tool, and its output is used in the answer."""
    del rng
    if asked.results:
        return _after_tools(asked)
    return Answer(
        [
            Think(["**Choosing a tool**\n\nA command gives the exact answer."]),
            Say("Let me check that with a command.", phase="commentary"),
            _call_for(asked),
        ]
    )


def parallel(asked: Conversation, rng: Random) -> Answer:
    """Two calls at once."""
    del rng
    if asked.results:
        return _after_tools(asked)
    return Answer([_call_for(asked), _call_for(asked)])


def custom(asked: Conversation, rng: Random) -> Answer:
    """A tool that takes free text: a patch."""
    del rng
    if asked.results:
        return _after_tools(asked)
    return Answer(
        [
            Think(["**Making the change**\n\nOne line in the configuration."]),
            CallCustom("apply_patch", PATCH),
        ]
    )


def shell(asked: Conversation, rng: Random) -> Answer:
    """A command for the client in the form of a local shell call."""
    del rng
    if asked.results:
        return _after_tools(asked)
    command = ["bash", "-lc", "ls -la"]
    opened = items.local_shell_call(command, status="in_progress")
    return Answer([Other(opened, items.local_shell_call(command))])


def image(asked: Conversation, rng: Random) -> Answer:
    """The server draws a picture."""
    del rng
    prompt = asked.prompt.strip() or "a lighthouse at dusk"
    return Answer(
        [
            _image(f"{prompt}, in flat colours", (38, 70, 83), (233, 196, 106)),
            Say(
                "Here is the picture: a plain gradient, since a simulated model paints with few "
                "colours.",
                phase="final_answer",
            ),
        ]
    )


def everything(asked: Conversation, rng: Random) -> Answer:
    """Each kind of item that the server's own tools leave behind."""
    del asked, rng
    parts: list[Part] = [
        Think(["**Using every tool once**"], raw="one after the other"),
        _web_search({"type": "search", "query": "moon phase", "queries": ["moon phase"]}),
        *_server_tools(),
        _image("a moon, in flat colours", (20, 20, 40), (240, 240, 220)),
        Say("Every tool ran once; this is what each of them left behind.", phase="final_answer"),
    ]
    return Answer(parts)


def _call_for(asked: Conversation) -> Call:
    """A call of a tool that is offered, if one of those we know is."""
    calls: dict[str, dict[str, Any]] = {
        "exec_command": {"cmd": COMMAND},
        "shell_command": {"command": COMMAND},
        "shell": {"command": ["bash", "-c", COMMAND]},
    }
    for name, arguments in calls.items():
        if name in asked.tools:
            return Call(name, arguments)
    return Call("clock", {"tz": "UTC"})


def _after_tools(asked: Conversation) -> Answer:
    blocks: list[str] = []
    for result in asked.results:
        name = result.name or "the tool"
        output = result.output.strip() or "(nothing)"
        blocks.append(f"`{name}` answered:\n\n```text\n{output}\n```")
    count = len(asked.results)
    end = "So that is settled." if count == 1 else f"So all {count} of them are settled."
    return Answer(
        [
            Think(["**Reading the output**\n\nIt says what I needed to know."]),
            Say("\n\n".join([*blocks, end]), phase="final_answer"),
        ]
    )


def _web_search(action: dict[str, Any]) -> Other:
    steps = ("in_progress", "searching", "completed")
    return Other(
        items.web_search_call({"type": "search", "query": ""}, status="in_progress"),
        items.web_search_call(action),
        [(f"web_search_call.{step}", {}) for step in steps],
    )


def _image(prompt: str, dark: tuple[int, int, int], light: tuple[int, int, int]) -> Other:
    rough = base64.b64encode(_gradient(8, 8, dark, light)).decode()
    fine = base64.b64encode(_gradient(96, 64, dark, light)).decode()
    partial: dict[str, Any] = {
        "partial_image_b64": rough,
        "partial_image_index": 0,
        "output_format": "png",
        "size": "96x64",
        "quality": "low",
        "background": "opaque",
    }
    return Other(
        items.image_generation_call(None, status="in_progress"),
        items.image_generation_call(fine, revised_prompt=prompt),
        [
            ("image_generation_call.in_progress", {}),
            ("image_generation_call.generating", {}),
            ("image_generation_call.partial_image", partial),
            ("image_generation_call.completed", {}),
        ],
    )


def _gradient(
    width: int, height: int, top: tuple[int, int, int], bottom: tuple[int, int, int]
) -> bytes:
    """A PNG that runs from one colour to the other."""
    rows = bytearray()
    for row in range(height):
        share = row / (height - 1)
        colour = bytes(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        rows += b"\0" + colour * width

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(rows))), chunk(b"IEND", b""))
    )


def _server_tools() -> list[Other]:
    code = "print(sum(range(10)))"
    interpreter: Item = {
        "id": "ci_sim",
        "type": "code_interpreter_call",
        "status": "completed",
        "container_id": "cntr_sim",
        "code": code,
        "outputs": [{"type": "logs", "logs": "45\n"}],
    }
    files: Item = {
        "id": "fs_sim",
        "type": "file_search_call",
        "status": "completed",
        "queries": ["moon"],
        "results": None,
    }
    listed: Item = {
        "id": "mcpl_sim",
        "type": "mcp_list_tools",
        "server_label": "almanac",
        "tools": [{"name": "phase", "description": "Moon phase", "input_schema": {}}],
    }
    called: Item = {
        "id": "mcp_sim",
        "type": "mcp_call",
        "status": "completed",
        "server_label": "almanac",
        "name": "phase",
        "arguments": '{"day":"today"}',
        "output": "waxing",
        "error": None,
    }
    approval: Item = {
        "id": "mcpr_sim",
        "type": "mcp_approval_request",
        "server_label": "almanac",
        "name": "eclipse",
        "arguments": "{}",
    }
    found: Item = {
        "id": "tsc_sim",
        "type": "tool_search_call",
        "status": "completed",
        "execution": "server",
        "call_id": None,
        "arguments": {"query": "moon"},
    }
    offered: Item = {
        "id": "tso_sim",
        "type": "tool_search_output",
        "status": "completed",
        "execution": "server",
        "call_id": None,
        "tools": [],
    }
    commands = ["uname -s"]
    hosted: Item = {
        "id": "sh_sim",
        "type": "shell_call",
        "status": "completed",
        "call_id": "call_sim",
        "action": {"commands": commands, "timeout_ms": None, "max_output_length": None},
        "environment": {"type": "container_reference", "container_id": "cntr_sim"},
    }
    compacted: Item = {"id": "cmp_sim", "type": "compaction", "encrypted_content": "b3BhcXVl"}
    return [
        _through(
            interpreter | {"outputs": None, "status": "in_progress"},
            interpreter,
            ("in_progress", {}),
            ("interpreting", {}),
            ("completed", {}),
            before=[
                ("code_interpreter_call_code.delta", {"delta": code}),
                ("code_interpreter_call_code.done", {"code": code}),
            ],
        ),
        _through(
            files | {"status": "in_progress"},
            files,
            ("in_progress", {}),
            ("searching", {}),
            ("completed", {}),
        ),
        _through(listed, listed, ("in_progress", {}), ("completed", {})),
        _through(
            called | {"output": None, "status": "in_progress"},
            called,
            ("in_progress", {}),
            ("completed", {}),
            before=[
                ("mcp_call_arguments.delta", {"delta": called["arguments"]}),
                ("mcp_call_arguments.done", {"arguments": called["arguments"]}),
            ],
        ),
        _through(approval, approval),
        _through(found | {"status": "in_progress"}, found),
        _through(offered, offered),
        Other(
            hosted | {"status": "in_progress"},
            hosted,
            [
                ("shell_call_command.added", {"command_index": 0, "command": ""}),
                ("shell_call_command.delta", {"command_index": 0, "delta": commands[0]}),
                ("shell_call_command.done", {"command_index": 0, "command": commands[0]}),
            ],
            0.2,
        ),
        Other(compacted, compacted, [("compaction.compacting", {})], 0.2),
    ]


def _through(
    opened: Item,
    done: Item,
    *steps: tuple[str, dict[str, Any]],
    before: list[tuple[str, dict[str, Any]]] | None = None,
) -> Other:
    kind = str(done["type"])
    named = [(f"{kind}.{step}", more) for step, more in steps]
    return Other(opened, done, [*named[:1], *(before or []), *named[1:]], 0.2)
