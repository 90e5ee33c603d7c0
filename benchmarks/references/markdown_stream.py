"""The usual way: a `Markdown` widget for each message, fed by `MarkdownStream`."""

import json
import os

import httpx
from httpx_sse import aconnect_sse
from textual import work
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Footer, Input, Markdown


class MarkdownStreamApp(App[None]):
    """Each line that is entered is sent as a question."""

    CSS = "VerticalScroll { height: 1fr; }"
    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield VerticalScroll()
        yield Input(placeholder="Ready")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.query_one(VerticalScroll).anchor()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.input.value = ""
        self.ask(message.value)

    @work
    async def ask(self, text: str) -> None:
        messages = self.query_one(VerticalScroll)
        await messages.mount(Markdown(text))
        answer = Markdown()
        await messages.mount(answer)
        stream = Markdown.get_stream(answer)
        body = {
            "model": "gpt-5.5",
            "stream": True,
            "store": False,
            "input": [{"role": "user", "content": text}],
        }
        headers = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
        url = f"{os.environ['BENCH_BASE_URL']}/responses"
        async with (
            httpx.AsyncClient(timeout=60) as client,
            aconnect_sse(client, "POST", url, json=body, headers=headers) as source,
        ):
            async for event in source.aiter_sse():
                if event.event == "response.output_text.delta":
                    await stream.write(json.loads(event.data)["delta"])
        await stream.stop()


if __name__ == "__main__":
    MarkdownStreamApp().run()
