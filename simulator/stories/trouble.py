"""Stories in which something goes wrong, or is not known yet."""

from random import Random

from simulator import events
from simulator.answers import Answer, Cut, Emit, Fail, Other, Reading, Say, Think
from simulator.conversation import Conversation
from simulator.replies import (
    context_length_exceeded,
    overloaded,
    rate_limited,
    server_error,
    usage_limit_reached,
)
from simulator.stories.plain import answer
from simulator.stories.texts import written


def error(asked: Conversation, rng: Random) -> Answer:
    """Two failures that pass, then the answer."""
    del rng
    if asked.tries == 0:
        return Answer(status=server_error())
    if asked.tries == 1:
        return Answer(
            [
                Say(written("retries").text[:160], is_cut=True),
                Fail("server_error", "An error occurred while processing your request."),
            ]
        )
    return answer("retries")


def broken(asked: Conversation, rng: Random) -> Answer:
    """The connection breaks in the middle, once; then the answer."""
    del rng
    whole = answer("async")
    if asked.tries == 0:
        return Answer([*whole.parts[:1], Say(written("async").text[:200], is_cut=True), Cut()])
    return whole


def failed(asked: Conversation, rng: Random) -> Answer:
    """A failure that no retry helps."""
    del asked, rng
    text = "Your input exceeds the context window of this model. Please adjust your input."
    return Answer([Think(["**Reading it all**"]), Fail("context_length_exceeded", text)])


def too_long(asked: Conversation, rng: Random) -> Answer:
    """The history is refused as too long."""
    del asked, rng
    return Answer(status=context_length_exceeded())


def plain_error(asked: Conversation, rng: Random) -> Answer:
    """An error event at top level, in the middle of the text."""
    del asked, rng
    return Answer([Say("So far ", is_cut=True), Fail("server_error", "try later", is_plain=True)])


def limit(asked: Conversation, rng: Random) -> Answer:
    """The plan's limit is reached."""
    del asked, rng
    return Answer(status=usage_limit_reached())


def rate(asked: Conversation, rng: Random) -> Answer:
    """Too fast: once with a header, once inside the stream; then the answer."""
    del rng
    if asked.tries == 0:
        return Answer(status=rate_limited(1))
    if asked.tries == 1:
        text = "Rate limit reached for tokens per min. Please try again in 0.75s."
        return Answer([Fail("rate_limit_exceeded", text)])
    return answer("plan")


def overload(asked: Conversation, rng: Random) -> Answer:
    """The model has no capacity, for ever."""
    del asked, rng
    return Answer(status=overloaded())


def unknown(asked: Conversation, rng: Random) -> Answer:
    """Items, events and values that no client of today knows."""
    del asked, rng
    hologram: events.Item = {
        "id": "holo_sim",
        "type": "hologram_call",
        "status": "rendering",
        "shape": {"kind": "sphere", "radius": 3, "note": "[bold]not markup[/bold]"},
    }
    return Answer(
        [
            Emit({"type": "response.mood.changed", "mood": "curious"}),
            Emit(events.progress("hologram_call.spinning", "holo_none", 7)),
            Other(hologram, hologram | {"status": "rendered"}, [("hologram_call.spinning", {})]),
            Emit({"type": "telemetry", "nested": {"a": [1, 2, {"b": None}]}}),
            Say("That was a hologram. Clients that do not know it go on.", phase="final_answer"),
            Say("This message has a phase that nobody knows.", phase="aside"),
        ]
    )


def metadata(asked: Conversation, rng: Random) -> Answer:
    """Events beside the answer: limits, late headers, signs of life, timing, sound."""
    del rng
    headers = {"openai-model": asked.model, "x-models-etag": 'W/"late"'}
    advice = {"openai_verification_recommendation": ["trusted_access_for_cyber"]}
    full = {"used_percent": 91, "window_minutes": 300, "reset_after_seconds": 900}
    sound = {"type": "response.audio.delta", "delta": "UklGRg=="}
    return Answer(
        [
            Emit(events.metadata(headers, is_codex=True)),
            Emit(events.metadata(headers, metadata=advice)),
            Reading(),
            Emit(events.keepalive()),
            Emit(sound),
            Emit({"type": "response.audio.done"}),
            Emit({"type": "response.audio.transcript.delta", "delta": "hm"}),
            Emit({"type": "response.audio.transcript.done"}),
            *answer("docker").parts,
            Emit(events.rate_limits(full, None, metered_limit_name="codex_bengalfox")),
            Emit({"type": "responsesapi.websocket_timing", "total_ms": 1234}),
        ],
        is_queued=True,
    )


def unfinished(asked: Conversation, rng: Random) -> Answer:
    """The model says that its turn is not over; the next request ends it."""
    del rng
    if not asked.is_continued:
        return Answer([Say("First half, and there is more.", phase="commentary")], end_turn=False)
    return Answer([Say("Second half. Now it is over.", phase="final_answer")], end_turn=True)
