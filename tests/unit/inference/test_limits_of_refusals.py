"""What a call that fails says about limits before its error comes out."""

import json
from typing import Any

import pytest

from services.errors import RateLimitedError, RefusedError, ServiceError, UnreachableError
from services.inference.limits import read_refusal, read_task_error
from services.inference.stream import LimitReported, Retrying, StreamValue
from services.models.limits import LimitReading, LimitSource, RateWindow, Refusal, UsageReading
from services.provider import Wire
from tests.unit.inference.answers import CREATED, PLAIN, data, sse
from tests.unit.inference.conftest import Asked
from tests.unit.transport.raw_server import Drop, refusal, stream_head

NOW = 1_800_000_000.0
FULL = {
    "x_codex_primary_used_percent": "100",
    "x_codex_primary_window_minutes": "300",
    "x_codex_primary_reset_at": str(int(NOW + 900)),
}
WINDOW = RateWindow(
    limit_id="codex",
    role="primary",
    used_percent=100.0,
    window_seconds=18000,
    resets_at=NOW + 900,
)
REACHED = {"type": "usage_limit_reached", "message": "Enough", "resets_at": NOW + 900}
NOT_INCLUDED = {"type": "usage_not_included", "message": "Buy a plan"}


def said(values: list[StreamValue]) -> list[UsageReading]:
    return [value.reading for value in values if isinstance(value, LimitReported)]


def refused(**members: Any) -> UsageReading:
    values: dict[str, Any] = {"source": LimitSource.ERROR, "as_of": NOW}
    return UsageReading(**(values | members))


@pytest.mark.parametrize("wire", ["responses", "chat"])
async def test_a_used_up_limit_is_told_before_the_call_ends(asked: Asked, wire: Wire) -> None:
    asked.server.answer(
        refusal(
            "429 Enough",
            {"error": REACHED | {"plan_type": "plus"}},
            x_codex_active_limit="codex",
            x_codex_rate_limit_reached_type="rate_limit_reached",
            **FULL,
        )
    )
    values, error = await asked.run_to_error(asked.client(wire=wire))
    kind = "rate_limit_reached"
    assert said(values) == [
        refused(
            limits=(LimitReading(limit_id="codex", windows=(WINDOW,)),),
            reached_type=kind,
            refusal=Refusal(
                limit_id="codex", resets_at=NOW + 900, reached_type=kind, message=error.message
            ),
        )
    ]
    assert isinstance(values[-1], LimitReported)
    assert error.message == "The usage limit is reached (429): Enough"
    assert len(asked.server.requests) == 1


@pytest.mark.parametrize(
    "kind", ["workspace_owner_credits_depleted", "workspace_member_usage_limit_reached"]
)
async def test_what_a_workspace_may_spend_is_no_window(asked: Asked, kind: str) -> None:
    asked.server.answer(
        refusal(
            "429 Enough",
            {"error": REACHED},
            x_codex_active_limit="codex",
            x_codex_rate_limit_reached_type=kind,
        )
    )
    values, error = await asked.run_to_error()
    (reading,) = said(values)
    assert reading.refusal == Refusal(
        limit_id="", resets_at=NOW + 900, reached_type=kind, message=error.message
    )


async def test_the_limit_that_is_reached_may_be_another_one(asked: Asked) -> None:
    asked.server.answer(
        refusal("429 Enough", {"error": REACHED}, x_codex_active_limit="codex-Bengalfox")
    )
    values, _ = await asked.run_to_error()
    (reading,) = said(values)
    assert reading.refusal is not None
    assert reading.refusal.limit_id == "codex_bengalfox"


@pytest.mark.parametrize(
    ("members", "resets_at"),
    [
        ({"resets_at": NOW + 60}, NOW + 60),
        ({"resets_at": str(NOW + 60)}, NOW + 60),
        ({"resets_in_seconds": 60}, NOW + 60),
        ({"resets_at": NOW - 60}, None),
        ({"resets_at": 10**12}, None),
        ({}, None),
    ],
)
async def test_a_refusal_says_when_it_ends(
    asked: Asked, members: dict[str, Any], resets_at: float | None
) -> None:
    asked.server.answer(refusal("429 Enough", {"error": {"type": REACHED["type"]} | members}))
    values, _ = await asked.run_to_error()
    (reading,) = said(values)
    assert reading.refusal is not None
    assert reading.refusal.resets_at == resets_at


STREAMED = {
    "response.failed": data(
        type="response.failed", response={"error": REACHED | {"code": "usage_limit_reached"}}
    ),
    "response.failed by type": data(
        type="response.failed", response={"error": REACHED | {"code": "rate_limit"}}
    ),
    "error": data(type="error", error=REACHED | {"code": "usage_limit_reached"}),
    "error with a status": data(type="error", status=429, error=REACHED),
}


@pytest.mark.parametrize("event", STREAMED.values(), ids=STREAMED)
async def test_a_refusal_inside_a_stream_is_told_as_well(
    asked: Asked, event: dict[str, Any]
) -> None:
    asked.server.answer(stream_head(x_codex_active_limit="codex_fox", **FULL), sse(CREATED, event))
    values, error = await asked.run_to_error()
    assert isinstance(error, RateLimitedError)
    heard, reading = said(values)
    assert (heard.source, heard.is_success) == (LimitSource.HEADERS, True)
    assert reading == refused(
        refusal=Refusal(limit_id="codex_fox", resets_at=NOW + 900, message=error.message)
    )


async def test_headers_inside_an_error_event_count(asked: Asked) -> None:
    names = {name.replace("_", "-"): value for name, value in FULL.items()}
    event = data(type="error", status=429, error=REACHED, headers=names)
    asked.server.answer(stream_head(), sse(CREATED, event))
    values, _ = await asked.run_to_error()
    (reading,) = said(values)
    assert reading.limits == (LimitReading(limit_id="codex", windows=(WINDOW,)),)
    assert not reading.is_success


async def test_a_stream_that_begins_with_a_refusal_in_json_is_one(asked: Asked) -> None:
    asked.server.answer(refusal("200 OK", {"error": REACHED}))
    values, error = await asked.run_to_error()
    (reading,) = said(values)
    assert reading.refusal == Refusal(resets_at=NOW + 900, message=error.message)


@pytest.mark.parametrize(
    "steps",
    [
        (refusal("429 No", {"error": NOT_INCLUDED}),),
        (refusal("403 No", {"error": NOT_INCLUDED}),),
        (stream_head(), sse(CREATED, data(type="error", error=NOT_INCLUDED))),
    ],
    ids=["429", "403", "stream"],
)
async def test_a_plan_without_codex_is_refused_at_no_window(asked: Asked, steps: Any) -> None:
    asked.server.answer(*steps)
    values, error = await asked.run_to_error()
    assert said(values) == [
        refused(
            refusal=Refusal(limit_id="", reached_type="usage_not_included", message=error.message)
        )
    ]


async def test_another_429_refuses_no_window_but_its_headers_count(asked: Asked) -> None:
    asked.server.answer(
        refusal("429 Slow", {"error": {"message": "slow"}}, retry_after="2", **FULL)
    )
    asked.server.answer(stream_head(), sse(*PLAIN))
    values = await asked.run()
    (reading,) = said(values)
    assert reading == refused(limits=(LimitReading(limit_id="codex", windows=(WINDOW,)),))
    told = next(n for n, value in enumerate(values) if isinstance(value, Retrying))
    assert isinstance(values[told - 1], LimitReported)


@pytest.mark.parametrize(
    "steps", [(refusal("500 Oops", {}),), (Drop(),), (stream_head(), sse(*PLAIN[:2]))]
)
async def test_trouble_says_nothing_about_limits(asked: Asked, steps: Any) -> None:
    asked.server.answer(*steps)
    values, _ = await asked.run_to_error(asked.client(request_retries=0, stream_retries=1))
    assert said(values) == []


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("It was lost", code="usage_limit_reached"),
        RefusedError("No", code="server_error"),
        RateLimitedError("Slow", retry_at=NOW + 5, code="rate_limit_exceeded"),
    ],
)
def test_other_failures_are_no_refusals(error: ServiceError) -> None:
    assert read_refusal(error, NOW) is None


VERDICT = {"allowed": False, "limit_reached": True, "limit": 5.0, "remaining": 0.0}
TASK_BODIES: dict[str, tuple[object, str, float | None]] = {
    "as of a model call": ({"error": REACHED}, "Enough", NOW + 900),
    "as of the backend": ({"detail": REACHED}, "Enough", NOW + 900),
    "a code beside a type": (
        {"error": {"type": "usage_limit_reached", "code": "x", "resets_in_seconds": "60"}},
        "The usage limit is reached",
        NOW + 60,
    ),
    "as of an answer": (
        {"detail": "Too many tasks", "rate_limit": VERDICT | {"resets_after": 60.5}},
        "Too many tasks",
        NOW + 60.5,
    ),
    "inside the error": (
        {"error": {"message": "Too many", "rate_limit": VERDICT | {"resets_after": None}}},
        "Too many",
        None,
    ),
}


@pytest.mark.parametrize(("body", "message", "resets_at"), TASK_BODIES.values(), ids=TASK_BODIES)
def test_a_task_is_refused_in_every_form_of_body(
    body: object, message: str, resets_at: float | None
) -> None:
    headers = {name.replace("_", "-"): value for name, value in FULL.items()}
    found = read_task_error(429, headers, json.dumps(body).encode(), NOW)
    assert found == refused(
        limits=(LimitReading(limit_id="codex", windows=(WINDOW,)),),
        refusal=Refusal(resets_at=resets_at, message=message),
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"error": REACHED}),
        (201, {"rate_limit": VERDICT}),
        (429, {"detail": "slow down"}),
        (403, {"detail": {"code": "repo_not_accessible", "message": "No"}}),
        (500, {"rate_limit": {"allowed": True, "limit_reached": False}}),
        (503, "<html>"),
        (429, ""),
        (429, [1]),
        (429, {"rate_limit": "no", "error": {"rate_limit": []}}),
    ],
)
def test_other_answers_to_a_task_say_nothing(status: int, body: object) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    assert read_task_error(status, {}, text.encode(), NOW) is None


def test_a_task_that_the_plan_does_not_include_is_refused_at_no_window() -> None:
    body = json.dumps({"detail": NOT_INCLUDED}).encode()
    assert read_task_error(403, {}, body, NOW) == refused(
        refusal=Refusal(limit_id="", reached_type="usage_not_included", message="Buy a plan")
    )


async def test_an_error_keeps_no_cookie_of_the_answer(asked: Asked) -> None:
    asked.server.answer(
        refusal("429 Enough", {"error": REACHED}, set_cookie="__cf_bm=1", x_request_id="r1", **FULL)
    )
    _, error = await asked.run_to_error()
    assert isinstance(error, RefusedError)
    names = {name.replace("_", "-") for name in FULL}
    assert error.headers.keys() == {"x-request-id", *names}
