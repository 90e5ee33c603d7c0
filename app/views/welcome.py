"""The first run: nothing is set up, and four ways to start."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static
from textual.worker import Worker

from app.keymap import Context, Keymap
from app.providers import LOCAL_SERVERS, checked_url
from app.sign_in_ways import Way
from app.styles import need_all
from services.errors import LoginError, ServiceError
from services.models.failure import Failure, as_sentence
from services.provider import Provider, Secret
from widgets.choice_list import Choice, ChoiceList
from widgets.glyphs import Glyphs
from widgets.hidden_input import HiddenInput

CRAMPED_ROWS = 6
"""Below this there is room for the choices or for a question, not for both."""
WAYS = (
    Choice(
        key="chatgpt",
        title="Sign in with ChatGPT",
        what="chat on your plan; one login, shared with Codex",
        how="in your browser, or with a code on any device",
    ),
    Choice(
        key="key",
        title="Use an API key",
        what="chat with OpenAI's models, paid by the token",
        how="typed hidden, tried once, then kept like a login",
    ),
    Choice(
        key="local",
        title="Use a local server",
        what="Ollama, LM Studio, vLLM or any other, free on your machine",
        how="looking for one on this machine",
    ),
    Choice(
        key="demo",
        title="Look around first",
        what="a made-up working day, nothing leaves this machine",
        how="quitting ends it and nothing is kept",
    ),
)


class WelcomeView(Vertical):
    """Four ways to start; all but signing in are done here."""

    BINDINGS: ClassVar[list[BindingType]] = [*Keymap().bindings(Context.WELCOME)]

    @dataclass
    class Ready(Message):
        """This can be started with."""

        provider: Provider | None
        """None for the demo."""

    @dataclass
    class SignInRequested(Message):
        """Somebody wants to sign in."""

        way: Way | None
        """None for the one that fits this terminal."""

    def __init__(self, glyphs: Glyphs) -> None:
        """The welcome.

        Args:
            glyphs: Marks to draw with.
        """
        super().__init__(id="welcome")
        need_all()
        self._glyphs = glyphs
        self._found: tuple[str, ...] = ()
        self._refusing = ""
        """A server that wants a key, which is asked for next."""
        self._trying: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content.styled("Foredeck", "bold"), id="welcome-name")
        yield Static(
            Content.styled("Chat with a model in your terminal.", "$text-muted"),
            id="welcome-line",
        )
        yield Static("Nothing is set up yet. Four ways to start:", id="welcome-words")
        choices = ChoiceList(self._glyphs, id="welcome-choices")
        choices.choices = WAYS
        yield choices
        yield Static("", id="welcome-question")
        yield HiddenInput(self._glyphs, id="welcome-input")
        yield Static("", id="welcome-answer")

    def on_mount(self) -> None:
        self.query_one("#welcome-input").display = False
        self.query_one(ChoiceList).focus()
        self.call_after_refresh(self._look_for_servers)

    def on_resize(self) -> None:
        self.set_class(self.size.height < 16, "-low")
        self._make_room()

    def _make_room(self) -> None:
        """Give the choices what words and question leave."""
        is_cramped = self.size.height < CRAMPED_ROWS
        is_asking = self.query_one("#welcome-input").display
        self.query_one("#welcome-name").display = not is_cramped
        words = 0 if is_cramped else 1 if self.has_class("-low") else 5
        choices = self.query_one(ChoiceList)
        choices.display = not (is_cramped and is_asking)
        choices.room = max(1, self.size.height - words - (3 if is_asking else 0))

    @work(exclusive=True, group="look")
    async def _look_for_servers(self) -> None:
        from services.inference.probe import find_servers

        found = await find_servers({name: url for name, (_, url) in LOCAL_SERVERS.items()})
        choices = self.query_one(ChoiceList)
        words = "none is running at the usual places; type its address"
        if found:
            server = found[0]
            self._found = (server.base_url,)
            host = server.base_url.removeprefix("http://").removesuffix("/v1")
            count = f"{server.models} model{'' if server.models == 1 else 's'}"
            words = f"found {LOCAL_SERVERS[server.name][0]} at {host} with {count}"
        choices.choices = tuple(
            Choice(key=way.key, title=way.title, what=way.what, how=words)
            if way.key == "local"
            else way
            for way in choices.choices
        )

    @on(ChoiceList.Chosen)
    def _on_chosen(self, message: ChoiceList.Chosen) -> None:
        message.stop()
        match message.key:
            case "demo":
                self.post_message(self.Ready(None))
            case "chatgpt":
                self.post_message(self.SignInRequested(None))
            case "key":
                self.post_message(self.SignInRequested(Way.KEY))
            case _:
                address = self._found[0] if self._found else LOCAL_SERVERS["ollama"][1]
                self._ask("Address of the server, then enter", value=address)

    def _ask(self, question: str, *, is_secret: bool = False, value: str = "") -> None:
        self.query_one("#welcome-question", Static).update(Content(question))
        self.query_one("#welcome-answer", Static).update(Content(""))
        field = self.query_one("#welcome-input", Input)
        field.password = is_secret
        field.value = value
        field.display = True
        field.focus()
        self._make_room()

    def action_previous(self) -> None:
        """Select the way above."""
        self.query_one(ChoiceList).action_previous()

    def action_next(self) -> None:
        """Select the way below."""
        self.query_one(ChoiceList).action_next()

    def action_choose(self) -> None:
        """Start this way."""
        self.query_one(ChoiceList).action_choose()

    def action_cancel(self) -> None:
        """Put the question away."""
        if self._trying is not None:
            self._trying.cancel()
        self.query_one("#welcome-question", Static).update(Content(""))
        self.query_one("#welcome-answer", Static).update(Content(""))
        field = self.query_one("#welcome-input", Input)
        field.value = ""
        field.display = False
        self._make_room()
        self.query_one(ChoiceList).focus()

    @on(Input.Submitted)
    def _on_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        value = message.value.strip()
        if value:
            self._trying = self._try(value, is_key=message.input.password)

    @work(exclusive=True, group="try")
    async def _try(self, value: str, *, is_key: bool) -> None:
        from services.inference.probe import probe

        answer = self.query_one("#welcome-answer", Static)
        answer.update(Content.styled("checking", "$text-muted"))
        try:
            provider = await probe(self._provider(value, is_key=is_key))
        except LoginError as error:
            if not is_key:
                self._refusing = value
                self._ask("The server wants a key; type it, then enter", is_secret=True)
            else:
                answer.update(said(error.failure))
            return
        except ServiceError as error:
            answer.update(said(error.failure))
            return
        except asyncio.CancelledError:
            answer.update(Content(""))
            raise
        self.post_message(self.Ready(provider))

    def _provider(self, value: str, *, is_key: bool) -> Provider:
        """What was typed, as a provider.

        Raises:
            UsageError: It is no address that may be used.
        """
        url = checked_url(self._refusing if is_key else value)
        name = url.partition("://")[2].removesuffix("/v1")
        return Provider(id="local", name=name, base_url=url, key=Secret(value) if is_key else None)


def said(failure: Failure) -> Content:
    """A failure in a line: cause in bold, then the next step."""
    parts = Content.assemble((as_sentence(failure.message), "bold $error"))
    return Content.assemble(parts, f" {failure.next_step}") if failure.next_step else parts
