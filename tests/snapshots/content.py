"""What the screens of the snapshots show."""

from services.models.chat import (
    CallStatus,
    ErrorCard,
    Item,
    Notice,
    QueuedMessage,
    Reasoning,
    Reply,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from services.models.failure import Failure, FailureKind

ANSWER = """\
The loop touches `invoice.lines` once per invoice, and every touch sends its own query. With 400 \
invoices that is 401 round trips of about 4.7 ms; the database itself is idle.

## What each loader costs

| loader | queries | time | rows sent | memory |
|---|--:|--:|--:|--:|
| one by one, as now | 401 | 1.90 s | 1,612 | 9 MB |
| `joinedload` | 1 | 0.31 s | 4,848 | 31 MB |
| `selectinload` | 2 | 0.12 s | 1,612 | 9 MB |

## The smallest fix

```python
def load_invoices(session: Session, ids: list[int]):
    query = (
        select(Invoice)
        .where(Invoice.id.in_(ids))
        .options(selectinload(Invoice.lines))  # one query for all lines
    )
    return list(session.scalars(query))
```

`selectinload` asks for all lines in a second query with `IN (…)`, so nothing is sent twice. Two \
things to watch: the list of ids must stay below the limit of the driver, which is 32,767 \
parameters for asyncpg, and"""

QUESTION = UserMessage(
    id="u1",
    turn_id="t1",
    text="load_invoices got slow after the rewrite: 400 invoices take 1.9 s.\n"
    "Why, and what is the smallest fix?",
    at=0.0,
)
THOUGHT = Reasoning(
    id="r1",
    turn_id="t1",
    summary="**Counting queries**\n\nFour hundred lazy loads, one for each invoice.",
    seconds=12.0,
)
SEARCH = WebSearch(
    id="w1",
    turn_id="t1",
    queries=("sqlalchemy selectinload",),
    pages=("https://docs.sqlalchemy.org/", "https://example.org/a", "https://example.org/b"),
    status=CallStatus.DONE,
    seconds=2.1,
)

CHAT: tuple[Item, ...] = (QUESTION, THOUGHT, SEARCH, Reply(id="m1", turn_id="t1", text=ANSWER))

QUEUED = QueuedMessage(id="q1", text="also cover credit notes, with a test that counts queries")

FAILED: tuple[Item, ...] = (
    UserMessage(
        id="u1",
        turn_id="t1",
        text="Turn net into cents on invoice_lines, 90 million rows, without downtime.",
        at=0.0,
    ),
    Reasoning(id="r1", turn_id="t1", summary="Batches.", seconds=8.0),
    Reply(
        id="m1",
        turn_id="t1",
        text="Three steps, so that no statement holds a lock for long: add the column, fill it in "
        "batches of 5,000, then switch the readers.\n\n```sql\n"
        "ALTER TABLE invoice_lines ADD COLUMN net_cents bigint;\n"
        "UPDATE invoice_lines SET net_cents = round(net * 100)\n```",
    ),
    ErrorCard(
        id="e1",
        turn_id="t1",
        failure=Failure(
            kind=FailureKind.UNREACHABLE,
            message="The connection was lost while the answer came",
            next_step="Try again; the answer starts anew and replaces the text above",
            request_id="req_8f2c61d0a7",
        ),
    ),
)

EVERY_KIND: tuple[Item, ...] = (
    QUESTION,
    THOUGHT,
    ToolCall(
        id="c1",
        turn_id="t1",
        call_id="call_1",
        name="shell",
        arguments="pytest -q",
        words="pytest -q",
        output="1 failed, 213 passed\n",
        exit_code=1,
        status=CallStatus.FAILED,
        seconds=3.2,
    ),
    SEARCH,
    UnknownItem(id="x1", turn_id="t1", type="hologram", raw='{\n  "type": "hologram"\n}'),
    Notice(id="n1", turn_id="t1", text="answered by gpt-5.4-mini instead of gpt-5.5"),
    Reply(id="m1", turn_id="t1", text="Here is what I can say.", is_partial=True),
    Reply(id="m2", turn_id="t1", refusal="I cannot help with breaking into a phone."),
)
