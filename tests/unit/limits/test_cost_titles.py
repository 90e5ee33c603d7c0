"""What costs are named in the Limits view."""

import pytest

from app.views.limits_words import cost_title
from services.models.limit_history import Cost

NOW = 1_790_000_000.0
TURN = Cost(kind="turn", id="t", title="one", at=NOW, percents=())


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (TURN, "one"),
        (
            Cost(kind="turn", id="t", title="one", at=NOW, percents=(), is_shared=True),
            "shared: one",
        ),
        (Cost(kind="task", id="t", title="", at=NOW, percents=()), "a task without a title"),
        (
            Cost(kind="elsewhere", id="", title="", at=NOW, percents=()),
            "elsewhere, nothing of ours ran",
        ),
        (
            Cost(kind="elsewhere", id="", title="", at=NOW, percents=(), is_shared=True),
            "elsewhere, beside ours too",
        ),
    ],
)
def test_what_was_shared_says_so_in_words(cost: Cost, words: str) -> None:
    assert cost_title(cost, NOW) == words
