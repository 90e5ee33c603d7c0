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
from services.inference.stream import ItemOpened, Retrying
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
from tests.unit.transport.raw_server import Drop, head, refusal, stream_head

THOUGHT = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Hm"}],
    "encrypted_content": "opaque",
}


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
    assert told == [(1, 1)]


async def test_an_unreachable_server_is_told_in_one_counter(asked: Asked) -> None:
    asked.server.answer(refusal("503 No", {}))
    values, _ = await asked.run_to_error(asked.client(request_retries=4, stream_retries=5))
    told = [(value.attempt, value.attempts) for value in values if isinstance(value, Retrying)]
    assert told == [(number, 5) for number in range(1, 6)]


async def test_without_a_stream_budget_retries_of_the_request_are_told(asked: Asked) -> None:
    asked.server.answer(refusal("503 No", {}))
    values, _ = await asked.run_to_error(asked.client(request_retries=2, stream_retries=0))
    told = [(value.attempt, value.attempts) for value in values if isinstance(value, Retrying)]
    assert told == [(1, 2), (2, 2)]


async def test_a_wait_that_the_server_names_is_told(asked: Asked) -> None:
    asked.server.answer(refusal("503 No", {}, retry_after="30"))
    asked.server.answer(stream_head(), sse(*PLAIN))
    values = await asked.run()
    (retrying,) = [value for value in values if isinstance(value, Retrying)]
    assert (retrying.attempt, retrying.attempts, retrying.delay) == (1, 5, 30.0)


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


async def test_an_error_in_a_200_keeps_the_status_that_was_sent(asked: Asked) -> None:
    asked.server.answer(refusal("200 OK", {"detail": "Unsupported"}))
    _, error = await asked.run_to_error()
    assert error.status == 200
