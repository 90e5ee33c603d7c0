"""What the shell's keys do to the chats, from whatever view they can be pressed in."""

from functools import partial

from app.keymap import Context
from app.screens.account_actions import AccountActions
from app.screens.base import CHAT
from services.errors import ServiceError


class ChatActions(AccountActions):
    """The shell's part of the chats."""

    def action_write(self) -> None:
        """Go to the composer."""
        self.show_view(CHAT)
        if self._room is not None:
            self._room.write()

    def action_zoom(self) -> None:
        """Give the conversation the whole width, or the list its place back."""
        if (room := self.shown_room) is not None:
            room.zoom()

    def action_interrupt(self) -> None:
        """Stop the running answer."""
        if (room := self.shown_room) is not None and room.chat.is_answering:
            self.run_worker(room.chat.interrupt)

    def action_new(self) -> None:
        """Begin another chat."""
        self.show_view(CHAT)
        if (room := self._room) is not None:
            room.close_list()
            self.run_worker(room.chat.new_chat)

    def action_send_now(self) -> None:
        """Stop the answer and send what is written."""
        if (room := self.shown_room) is not None:
            self.run_worker(room.chat.send_now)

    def action_find(self) -> None:
        """Search in the conversation, or narrow the list of chats from inside it."""
        if (room := self.shown_room) is not None:
            room.open_find(is_filter=self.contexts()[0] is Context.CHATS)

    def action_close_find(self) -> None:
        """Put the search field away, and what it did."""
        if self._room is not None:
            self._room.close_find()

    async def action_edit_external(self) -> None:
        """Write in $EDITOR."""
        from app.children import surroundings
        from app.editor import edit

        self.show_view(CHAT)
        view = self.chat
        if view is None:
            return
        failed: ServiceError | None = None
        text = view.composer.text
        with self.app.suspend():
            # An error that left this block would leave the terminal to the shell.
            try:
                text = edit(text, environ=surroundings(self._settings))
            except ServiceError as error:
                failed = error
        if failed is not None:
            self._say(". ".join(filter(None, (failed.message, failed.next_step))), is_error=True)
            return
        view.composer.edit(text)
        view.composer.focus_input()

    def action_effort_up(self) -> None:
        """Think more."""
        self._step_effort(1)

    def action_effort_down(self) -> None:
        """Think less."""
        self._step_effort(-1)

    def _step_effort(self, step: int) -> None:
        view = self.chat
        model = view.model if view is not None else None
        if view is None or model is None or not model.efforts:
            self._say("this model has no effort to choose")
            return
        current = (view.summary.effort if view.summary else None) or model.default_effort
        place = model.efforts.index(current) if current in model.efforts else 0
        effort = model.efforts[max(0, min(place + step, len(model.efforts) - 1))]
        self.run_worker(partial(view.choose_effort, effort))
        self._say(f"effort {effort}")

    def action_pick_model(self) -> None:
        """Choose the model that answers."""
        from app.palette import Entry
        from app.screens.picker import PickerScreen

        view = self.chat
        if view is None:
            return
        listed = [model for model in view.models if model.is_listed] or list(view.models)
        if not listed:
            self._say("the server has named no models")
            return
        entries = [
            Entry(key=m.slug, title=m.name, group="", detail=m.description[:60]) for m in listed
        ]
        current = view.model.slug if view.model else ""

        async def run(chosen: str | None) -> None:
            if chosen is not None:
                await view.choose_model(chosen)

        self.app.push_screen(PickerScreen("Model", entries, self._glyphs, current=current), run)
