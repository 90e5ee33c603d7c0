import asyncio
import time
from contextlib import aclosing

import pytest

from services.errors import (
    UnreachableError,
)
from services.inference.stream import (
    Connected,
    Finished,
    ItemDone,
    ItemOpened,
    LimitReported,
    Text,
)
from services.models.chat import Reply, TurnPhase, Usage
from services.provider import Secret
from tests.unit.inference.answers import (
    COMPLETED,
    CREATED,
    PLAIN,
    added,
    data,
    done,
    items,
    replies,
    sse,
    texts,
)
from tests.unit.inference.conftest import Asked, ask
from tests.unit.transport.raw_server import Chatter, Hold, head, refusal, stream_head

THOUGHT = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Hm"}],
    "encrypted_content": "opaque",
}


async def test_a_plain_answer_streams_to_its_end(asked: Asked) -> None:
    asked.server.answer(stream_head(x_request_id="req_1"), sse(*PLAIN))
    values = await asked.run()
    assert Connected(request_id="req_1", turn_state=None, models_etag=None) in values
    opened = next(value.item for value in values if isinstance(value, ItemOpened))
    assert items(values) == [Reply(id=opened.id, turn_id="t1", text="Bonjour")]
    assert values[-1] == Finished(
        response_id="resp_1",
        usage=Usage(input_tokens=8, output_tokens=2, total_tokens=10),
        status="completed",
    )


async def test_the_request_says_who_we_are_and_what_we_want(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN))
    client = asked.client(
        key=Secret("sk-x"), headers=(("X-Team", "a"),), query=(("api-version", "1"),)
    )
    await asked.run(client, ask(effort="high", turn_state="sticky"))
    (request,) = asked.server.requests
    assert (request.method, request.path) == ("POST", "/v1/responses?api-version=1")
    sent = {
        name: request.headers[name]
        for name in (
            "accept",
            "accept-encoding",
            "authorization",
            "content-type",
            "user-agent",
            "x-codex-turn-state",
            "x-team",
            "session-id",
            "thread-id",
        )
    }
    assert sent == {
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "authorization": "Bearer sk-x",
        "content-type": "application/json",
        "user-agent": "test",
        "x-codex-turn-state": "sticky",
        "x-team": "a",
        "session-id": "0199aaaa-0000-7000-8000-000000000001",
        "thread-id": "0199aaaa-0000-7000-8000-000000000001",
    }
    assert request.json == {
        "model": "gpt-5.5",
        "instructions": "Be brief.",
        "input": list(ask().history),
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "0199aaaa-0000-7000-8000-000000000001",
        "reasoning": {"effort": "high", "summary": "auto"},
    }


async def test_a_server_without_a_key_gets_no_authorization(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN))
    await asked.run()
    assert "authorization" not in asked.server.requests[0].headers


async def test_an_id_with_control_characters_is_not_sent_as_header(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN))
    await asked.run(request=ask(turn_state="a\r\nx-evil: 1"))
    assert "x-codex-turn-state" not in asked.server.requests[0].headers
    assert "x-evil" not in asked.server.requests[0].headers


async def test_headers_say_limits_model_and_routing(asked: Asked) -> None:
    asked.server.answer(
        stream_head(
            x_codex_turn_state="ts1", x_models_etag='"m2"', x_codex_primary_used_percent="42"
        ),
        sse(*PLAIN),
    )
    client = asked.client()
    values = await asked.run(client)
    assert Connected(request_id=None, turn_state="ts1", models_etag='"m2"') in values
    assert client.models_etag == '"m2"'
    [said] = [value.reading for value in values if isinstance(value, LimitReported)]
    assert said.limits[0].windows[0].used_percent == 42.0


async def test_silence_is_a_lost_connection(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:3]), Hold())
    client = asked.client(idle_timeout=0.1, stream_retries=0)
    values, error = await asked.run_to_error(client)
    assert isinstance(error, UnreachableError)
    assert error.code == "idle_timeout"
    assert texts(values) == "Bon"


async def test_any_byte_counts_as_a_sign_of_life(asked: Asked) -> None:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + 0.3
    asked.server.answer(stream_head(), Chatter(lambda: loop.time() > ends_at), sse(*PLAIN))
    values = await asked.run(asked.client(idle_timeout=0.2, stream_retries=0))
    assert replies(values) == ["Bonjour"]


async def test_headers_that_never_come_are_given_up(asked: Asked) -> None:
    asked.server.answer(Hold())
    client = asked.client(
        idle_timeout=0.05, connect_timeout=0.05, request_retries=1, stream_retries=0
    )
    _, error = await asked.run_to_error(client)
    assert isinstance(error, UnreachableError)
    assert len(asked.server.requests) == 2


async def test_a_port_that_nobody_listens_on_is_named(asked: Asked) -> None:
    port = asked.server.port
    client = asked.client(request_retries=1, stream_retries=0, base_url="http://127.0.0.1:1/v1")
    _, error = await asked.run_to_error(client)
    assert port != 1
    assert str(error) == "Nothing answers at 127.0.0.1:1"
    assert error.failure.next_step == "Check that the server runs and the address is right"


async def test_closing_closes_the_connection_within_200_ms(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:3]), Hold())
    seen: list[str] = []
    async with aclosing(asked.client().run(ask())) as values:
        async for value in values:
            if isinstance(value, Text):
                seen.append(value.text)
                break
        begun = time.monotonic()
    async with asyncio.timeout(0.2):
        await asked.server.closed.wait()
    assert time.monotonic() - begun < 0.2
    assert seen == ["Bon"]


async def test_cancelling_a_wait_closes_the_connection_within_200_ms(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:3]), Hold())
    got_text = asyncio.Event()

    async def read() -> None:
        async for value in asked.client().run(ask()):
            if isinstance(value, Text):
                got_text.set()

    task = asyncio.get_running_loop().create_task(read())
    await got_text.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(0.2):
        await asked.server.closed.wait()


async def test_a_redirect_on_the_same_origin_is_followed_with_the_body(asked: Asked) -> None:
    asked.server.answer(head("307 T", location="/other/responses"))
    asked.server.answer(stream_head(), sse(*PLAIN))
    assert replies(await asked.run()) == ["Bonjour"]
    first, second = asked.server.requests
    assert (second.path, second.body) == ("/other/responses", first.body)


async def test_a_model_that_does_not_reason_is_asked_without_reasoning(asked: Asked) -> None:
    message = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
    asked.server.answer(refusal("400 Bad", {"error": {"message": message}}))
    asked.server.answer(stream_head(), sse(*PLAIN))
    client = asked.client()
    assert replies(await asked.run(client)) == ["Bonjour"]
    await asked.run(client)
    bodies = [request.json for request in asked.server.requests]
    assert ["reasoning" in body for body in bodies] == [True, False, False]
    assert bodies[1]["include"] == []


async def test_phases_follow_what_comes(asked: Asked) -> None:
    queued = data(type="response.queued", response={"id": "r"})
    search = {"id": "ws_1", "type": "web_search_call", "status": "in_progress"}
    asked.server.answer(
        stream_head(), sse(queued, CREATED, added(search, 0), done(search, 0), *PLAIN[1:])
    )
    values = await asked.run()
    assert [value.phase for value in values if hasattr(value, "phase")] == [  # pyright: ignore
        TurnPhase.CONNECTING,
        TurnPhase.THINKING,
        TurnPhase.QUEUED,
        TurnPhase.THINKING,
        TurnPhase.SEARCHING,
        TurnPhase.THINKING,
        TurnPhase.ANSWERING,
    ]


async def test_a_response_that_outlasts_the_wall_limit_is_given_up(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:3]), sse({"type": "keepalive"}))
    client = asked.client(stream_retries=0, wall_limit=-1.0)
    _, error = await asked.run_to_error(client)
    assert error.code == "wall_limit"


async def test_no_user_message_stands_twice_in_a_retry(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:3]))
    asked.server.answer(stream_head(), sse(*PLAIN))
    await asked.run()
    assert asked.server.requests[1].json["input"] == list(ask().history)


async def test_items_that_are_done_keep_their_raw_form(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(CREATED, done(THOUGHT | {"x": 1}), COMPLETED))
    values = await asked.run()
    assert [value.raw for value in values if isinstance(value, ItemDone)] == [THOUGHT]
