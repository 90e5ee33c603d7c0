import asyncio
import time
from contextlib import aclosing
from typing import Any

import pytest

from services.errors import (
    BadPayloadError,
    LoginError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from services.inference.stream import Connected, Finished, ItemDone, ItemOpened, Retrying, Text
from services.models.chat import Reply, TurnPhase, Usage
from services.provider import Secret
from tests.unit.inference.answers import (
    COMPLETED,
    CREATED,
    OPEN,
    PLAIN,
    added,
    call,
    data,
    delta,
    done,
    finished,
    items,
    message,
    replies,
    sse,
    texts,
)
from tests.unit.inference.conftest import Asked, ask
from tests.unit.transport.raw_server import Drop, Gate, Hold, head, refusal, stream_head

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
    assert [value.reading.windows[0].used_percent for value in values if hasattr(value, "reading")]  # pyright: ignore


@pytest.mark.parametrize("cut", range(len(PLAIN) - 1))
async def test_a_stream_that_is_cut_after_any_event_is_asked_for_again(
    asked: Asked, cut: int
) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:cut]))
    asked.server.answer(stream_head(), sse(*PLAIN))
    values = await asked.run()
    (retrying,) = [value for value in values if isinstance(value, Retrying)]
    assert (retrying.attempt, retrying.attempts) == (1, 5)
    assert isinstance(retrying.error, UnreachableError)
    assert 0.18 <= retrying.delay <= 0.22
    assert asked.clock.slept == [retrying.delay]
    opened = [value.item.id for value in values if isinstance(value, ItemOpened)]
    was_open = 2 <= cut <= 4
    assert list(retrying.lost_item_ids) == (opened[:1] if was_open else [])
    assert replies(values) == ["Bonjour"]
    assert finished(values).status == "completed"


@pytest.mark.parametrize("ending", [b"", Drop()], ids=["closed", "reset"])
async def test_a_connection_that_ends_inside_an_event_is_asked_again(
    asked: Asked, ending: Any
) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN)[:-30], ending)
    asked.server.answer(stream_head(), sse(*PLAIN))
    assert replies(await asked.run()) == ["Bonjour"]


async def test_what_was_done_before_the_cut_goes_back_and_is_not_told_twice(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(CREATED, done(THOUGHT), added(OPEN, 1), delta("Bo")))
    asked.server.answer(stream_head(), sse(CREATED, done(THOUGHT), done(message(), 1), COMPLETED))
    values = await asked.run()
    assert [type(item).__name__ for item in items(values)] == ["Reasoning", "Reply"]
    assert asked.server.requests[1].json["input"] == [*ask().history, THOUGHT]


async def test_a_call_that_was_done_before_the_cut_ends_the_request_so_it_can_be_answered(
    asked: Asked,
) -> None:
    asked.server.answer(stream_head(), sse(CREATED, done(call())))
    values = await asked.run()
    assert len(asked.server.requests) == 1
    assert isinstance(values[-2], Retrying)
    assert finished(values).end_turn is False


async def test_when_all_retries_are_spent_the_error_comes_out_and_the_text_had_come(
    asked: Asked,
) -> None:
    asked.server.answer(stream_head(x_request_id="req_9"), sse(*PLAIN[:3]))
    values, error = await asked.run_to_error(asked.client(stream_retries=2))
    assert isinstance(error, UnreachableError)
    assert str(error) == "The connection was lost before the answer was whole"
    assert error.request_id == "req_9"
    assert len(asked.server.requests) == 3
    assert texts(values) == "BonBonBon"


async def test_levels_of_retries_multiply(asked: Asked) -> None:
    asked.server.answer(refusal("500 Oops", {"error": {"message": "no"}}))
    values, error = await asked.run_to_error(asked.client(request_retries=2, stream_retries=1))
    assert isinstance(error, RefusedError)
    assert error.status == 500
    assert len(asked.server.requests) == 6
    told = [(value.attempt, value.attempts) for value in values if isinstance(value, Retrying)]
    assert told == [(1, 2), (2, 2), (1, 1), (1, 2), (2, 2)]


@pytest.mark.parametrize("status", ["408 Timeout", "409 Conflict"])
async def test_these_refusals_are_tried_again(asked: Asked, status: str) -> None:
    asked.server.answer(refusal(status, {}))
    asked.server.answer(stream_head(), sse(*PLAIN))
    assert replies(await asked.run()) == ["Bonjour"]


FATAL = {
    "400": (refusal("400 Bad", {"detail": "Store must be set to false"}), RefusedError),
    "401": (refusal("401 No", {"error": {"message": "bad key"}}), LoginError),
    "403": (refusal("403 No", "<html><title>Blocked</title></html>"), LoginError),
    "404": (refusal("404 No", {"error": "no such model"}), NotFoundError),
    "429 without retry-after": (refusal("429 Slow", {"error": {"message": "x"}}), RateLimitedError),
    "429 with a long retry-after": (
        refusal("429 Slow", {"error": {"message": "x"}}, retry_after="4000"),
        RateLimitedError,
    ),
    "429 usage limit": (
        refusal("429 Slow", {"error": {"type": "usage_limit_reached"}}, retry_after="1"),
        RateLimitedError,
    ),
    "302": (head("302 Found", location="https://evil.example/"), RefusedError),
    "307 to another origin": (head("307 T", location="http://localhost:1/"), RefusedError),
    "200 with an error as JSON": (refusal("200 OK", {"detail": "Unsupported"}), RefusedError),
    "brotli": (stream_head(content_encoding="br") + b"\x8b", BadPayloadError),
    "503 and a fatal code": (
        refusal("503 No", {"error": {"code": "context_length_exceeded"}}),
        RefusedError,
    ),
}


@pytest.mark.parametrize(("answer", "kind"), FATAL.values(), ids=FATAL.keys())
async def test_these_answers_are_final(asked: Asked, answer: bytes, kind: type[Exception]) -> None:
    asked.server.answer(answer)
    _, error = await asked.run_to_error()
    assert isinstance(error, kind)
    assert len(asked.server.requests) == 1


async def test_429_with_a_short_retry_after_waits_as_long_and_tells(asked: Asked) -> None:
    asked.server.answer(refusal("429 Slow", {"error": {"message": "x"}}, retry_after="7"))
    asked.server.answer(stream_head(), sse(*PLAIN))
    values = await asked.run()
    assert asked.clock.slept == [7.0]
    assert [value.delay for value in values if isinstance(value, Retrying)] == [7.0]


@pytest.mark.parametrize(
    ("code", "requests"),
    [
        ("rate_limit_exceeded", 2),
        ("slow_down", 2),
        ("server_error", 2),
        ("unknown_code", 2),
        ("previous_response_not_found", 2),
        ("server_is_overloaded", 2),
        ("usage_limit_reached", 1),
        ("insufficient_quota", 1),
        ("context_length_exceeded", 1),
        ("cyber_policy", 1),
        ("content_filter", 1),
        ("image_parse_error", 1),
        (None, 2),
    ],
)
async def test_codes_of_a_failed_response_decide_on_a_retry(
    asked: Asked, code: str | None, requests: int
) -> None:
    failed = data(
        type="response.failed",
        response={"id": "r", "error": {"code": code, "message": "m"} if code else None},
    )
    asked.server.answer(stream_head(), sse(CREATED, failed))
    asked.server.answer(stream_head(), sse(*PLAIN))
    if requests == 2:
        assert replies(await asked.run()) == ["Bonjour"]
    else:
        _, error = await asked.run_to_error()
        assert error.code == code
    assert len(asked.server.requests) == requests


async def test_try_again_in_the_message_is_waited_for(asked: Asked) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Please try again in 2.25s."}
    failed = data(type="response.failed", response={"id": "r", "error": error})
    asked.server.answer(stream_head(), sse(failed))
    asked.server.answer(stream_head(), sse(*PLAIN))
    await asked.run()
    assert asked.clock.slept == [pytest.approx(2.25)]  # pyright: ignore[reportUnknownMemberType]


ERRORS = {
    "the form of the SDK": data(type="error", code="invalid_prompt", message="Bad."),
    "the form of the backend": data(
        type="error", status=400, error={"code": "invalid_prompt", "message": "Bad."}
    ),
    "status_code": data(
        type="error", status_code=400, error={"code": "invalid_prompt", "message": "Bad."}
    ),
}


@pytest.mark.parametrize("event", ERRORS.values(), ids=ERRORS.keys())
async def test_an_error_event_ends_the_response(asked: Asked, event: dict[str, Any]) -> None:
    asked.server.answer(stream_head(), sse(CREATED, event, *PLAIN))
    _, error = await asked.run_to_error()
    assert isinstance(error, RefusedError)
    assert (error.code, error.message.endswith(": Bad")) == ("invalid_prompt", True)


async def test_an_answer_that_is_no_stream_is_tried_again_and_named(asked: Asked) -> None:
    asked.server.answer(head(content_type="text/html") + b"<html>Welcome</html>")
    _, error = await asked.run_to_error(asked.client(stream_retries=1))
    assert str(error) == "The server answered 200 without a stream (text/html)"
    assert len(asked.server.requests) == 2


async def test_silence_is_a_lost_connection(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:3]), Hold())
    client = asked.client(idle_timeout=0.1, stream_retries=0)
    values, error = await asked.run_to_error(client)
    assert isinstance(error, UnreachableError)
    assert error.code == "idle_timeout"
    assert texts(values) == "Bon"


async def test_any_byte_counts_as_a_sign_of_life(asked: Asked) -> None:
    gates = [Gate() for _ in range(8)]
    steps = [step for gate in gates for step in (gate, b": still here\n\n")]
    asked.server.answer(stream_head(), *steps, sse(*PLAIN))

    async def open_gates() -> None:
        for gate in gates:
            await asyncio.sleep(0.05)
            gate.opened.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(open_gates())
        values = group.create_task(asked.run(asked.client(idle_timeout=0.25, stream_retries=0)))
    assert replies(values.result()) == ["Bonjour"]


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
