"""The app of `tests/app`."""

from tests.app.conftest import once, open_deck, provider, settings, sim

__all__ = ["once", "open_deck", "provider", "settings", "sim"]
