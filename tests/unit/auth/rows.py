"""Names a test by its row of the edge table of sign-in, or of another of its tables."""

import pytest


def row(name: str) -> pytest.MarkDecorator:
    """Has a test of its own show a row's name in its id (`E7 ten minutes`)."""
    return pytest.mark.parametrize((), [pytest.param(id=name)])
