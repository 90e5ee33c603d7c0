from services.inference.stream import Connected, Finished, ItemDone, ItemOpened, Text
from services.models.chat import Reply, Usage
from tests.unit.inference.conftest import Asked
from tests.unit.transport.raw_server import event, stream_head

ADDED = event(
    type="response.output_item.added",
    output_index=0,
    item={
        "id": "msg_a1",
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    },
)


def delta(text: str) -> bytes:
    return event(type="response.output_text.delta", item_id="msg_a1", output_index=0, delta=text)


def done(text: str) -> bytes:
    return event(
        type="response.output_item.done",
        output_index=0,
        item={
            "id": "msg_a1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        },
    )


COMPLETED = event(
    type="response.completed",
    response={"id": "resp_1", "usage": {"input_tokens": 8, "output_tokens": 2, "total_tokens": 10}},
)


async def test_a_plain_answer_streams_to_its_end(asked: Asked) -> None:
    asked.server.answer(
        stream_head(x_request_id="req_1"),
        ADDED,
        delta("Bon"),
        delta("jour"),
        done("Bonjour"),
        COMPLETED,
    )
    values = await asked.run()
    assert Connected(request_id="req_1", turn_state=None, models_etag=None) in values
    assert "".join(value.text for value in values if isinstance(value, Text)) == "Bonjour"
    opened = next(value.item for value in values if isinstance(value, ItemOpened))
    ended = next(value for value in values if isinstance(value, ItemDone))
    assert ended.item == Reply(id=opened.id, turn_id="t1", text="Bonjour")
    assert values[-1] == Finished(
        response_id="resp_1",
        usage=Usage(input_tokens=8, output_tokens=2, total_tokens=10),
        status="completed",
    )
    assert asked.server.requests[0].json["instructions"] == "Be brief."
