"""The limit stories by name."""

from collections.abc import Mapping
from types import MappingProxyType

from simulator.limits.account import AccountLimits
from simulator.limits.flows import bursts, steady
from simulator.limits.meter import Meter
from simulator.limits.standing import REVIEW, Credits
from simulator.limits.story import (
    DAY,
    HOUR,
    MONTH,
    WEEK,
    BucketRule,
    LimitStory,
    Moment,
    SpendStart,
    WindowStart,
)

SOON = HOUR / 6
"""When the server does something, where a story is about that."""


def _week(used: float = 61.0, per_hour: float = 0.8, **more: float) -> WindowStart:
    return WindowStart(
        slot="secondary",
        seconds=WEEK,
        used=used,
        resets_in=more.get("resets_in", 4 * DAY),
        flow=steady(per_hour),
        per_turn=0.2,
        most=99.0,
    )


def _five_hours(used: float = 38.0, per_hour: float = 6.0, **more: float) -> WindowStart:
    return WindowStart(
        used=used,
        resets_in=more.get("resets_in", 2 * HOUR + 840),
        flow=steady(per_hour),
        per_turn=more.get("per_turn", 1.2),
        most=more.get("most", 99.0),
    )


def _move_week(limits: AccountLimits, at: float) -> None:
    del at
    for meter in limits.meters:
        if meter.seconds == WEEK:
            meter.resets_at += DAY


def _reset_early(limits: AccountLimits, at: float) -> None:
    for meter in limits.meters:
        meter.empty(at)


def _lapse(limits: AccountLimits, at: float) -> None:
    limits.plan = "free"
    limits.credits = Credits()
    _reset_early(limits, at)


def _give_in(limits: AccountLimits, at: float) -> None:
    del at
    limits.refuses = None


def _resize(limits: AccountLimits, at: float) -> None:
    month = WindowStart(seconds=MONTH, used=4.0, resets_in=26 * DAY, per_turn=0.1)
    limits.meters = [Meter.of(month, at)]


LIMITS: Mapping[str, LimitStory] = MappingProxyType(
    {
        "limits-day": LimitStory(
            about="a day of steady use, never at its end (the usual limits)",
            windows=(_five_hours(), _week()),
            reset_credits=1,
        ),
        "limits-burst": LimitStory(
            about="nothing for half an hour, then a fifth of the window in ten minutes, and again",
            windows=(
                WindowStart(
                    used=12.0,
                    resets_in=3 * HOUR + 1200,
                    flow=bursts(20.0, every=2400, length=600),
                    per_turn=1.2,
                ),
                _week(44.0, 1.6),
            ),
        ),
        "limits-last-turns": LimitStory(
            about="three turns are left; refused from then on until the reset in 20 minutes",
            windows=(_five_hours(97.0, 0.0, resets_in=1200, per_turn=1.0, most=100), _week(70.0)),
        ),
        "limits-exhausted": LimitStory(
            about="used up; the reset in 15 minutes opens it again",
            windows=(_five_hours(100.0, 6.0, resets_in=900, most=100), _week(74.0)),
            reset_credits=1,
        ),
        "limits-week-moved": LimitStory(
            about="after ten minutes the weekly reset is a day later",
            windows=(_five_hours(), _week()),
            moments=(Moment(at=SOON, happens=_move_week),),
        ),
        "limits-early-reset": LimitStory(
            about="after ten minutes every window begins anew, long before its time",
            windows=(_five_hours(66.0), _week(83.0)),
            moments=(Moment(at=SOON, happens=_reset_early),),
        ),
        "limits-resized": LimitStory(
            about="after ten minutes a monthly window takes the place of the others",
            windows=(_five_hours(), _week()),
            moments=(Moment(at=SOON, happens=_resize),),
        ),
        "limits-lapsed": LimitStory(
            about="after ten minutes the plan is free and every window empty",
            windows=(_five_hours(72.0), _week(58.0)),
            plan="pro",
            credits=Credits(has_credits=True, balance="18"),
            moments=(Moment(at=SOON, happens=_lapse),),
        ),
        "limits-team": LimitStory(
            about="a team's member with spend control; ten turns from its end",
            windows=(_five_hours(22.0, 3.0), _week(31.0)),
            plan="team",
            credits=Credits(has_credits=True, balance="1250"),
            spend=SpendStart(limit=200.0, used=165.0, resets_in=11 * DAY, per_turn=3.5),
        ),
        "limits-many": LimitStory(
            about="code reviews and four more buckets: named, without windows, blocked, confusing",
            windows=(
                _five_hours(41.0),
                _week(),
                WindowStart(
                    bucket=REVIEW, seconds=WEEK, used=14.0, resets_in=5 * DAY, flow=steady(0.1)
                ),
                WindowStart(
                    bucket="codex_bengalfox", used=81.0, resets_in=3 * HOUR, per_turn=0.5, most=99
                ),
                WindowStart(
                    bucket="codex_bengalfox",
                    slot="secondary",
                    seconds=WEEK,
                    used=27.0,
                    resets_in=2 * DAY,
                ),
                WindowStart(bucket="codex_secondary", used=9.0, resets_in=4 * HOUR),
            ),
            buckets={
                "codex_bengalfox": BucketRule(name="GPT-5.3-Codex-Spark"),
                "codex_fast": BucketRule(name="Fast", has_details=False),
                "codex_blocked": BucketRule(name="Blocked", allowed=False, reached=False),
                "codex_secondary": BucketRule(name="Secondary"),
            },
            credits=Credits(has_credits=True, balance="9.99"),
        ),
        "limits-blocked": LimitStory(
            about="not allowed, without any window that would say why",
            buckets={"codex": BucketRule(allowed=False, reached=True)},
        ),
        "limits-month": LimitStory(
            about="one window of a month, in the first place",
            windows=(
                WindowStart(
                    seconds=MONTH, used=57.0, resets_in=12 * DAY, flow=steady(0.1), per_turn=0.3
                ),
            ),
            plan="free",
        ),
        "limits-week": LimitStory(
            about="one window of a week, in the first place",
            windows=(
                WindowStart(
                    seconds=WEEK, used=35.0, resets_in=3 * DAY, flow=steady(0.6), per_turn=0.3
                ),
            ),
            plan="go",
        ),
        "limits-unused": LimitStory(
            about="the windows begin with the first turn; until then their resets move along",
            windows=(
                WindowStart(used=0.0, resets_in=5 * HOUR, per_turn=1.2, begins_with_use=True),
                WindowStart(
                    slot="secondary",
                    seconds=WEEK,
                    used=0.0,
                    resets_in=WEEK,
                    per_turn=0.2,
                    begins_with_use=True,
                ),
            ),
        ),
        "limits-flaky": LimitStory(
            about="every third poll is 503, a page, garbage, or five seconds late",
            windows=(_five_hours(), _week()),
            flaws=("status=503", "html", "garbage", "slow=5"),
        ),
        "limits-odd": LimitStory(
            about="odd lengths, spellings and numbers, members that are missing, an unknown plan",
            windows=(
                WindowStart(seconds=17_940, used=41.5, resets_in=2 * HOUR, spelling="float"),
                WindowStart(
                    slot="secondary",
                    seconds=604_740,
                    used=61.0,
                    resets_in=4 * DAY,
                    spelling="text",
                ),
                WindowStart(bucket="below", used=-3.0, resets_in=HOUR),
                WindowStart(bucket="above", used=104.0, resets_in=HOUR),
                WindowStart(
                    bucket="endless", used=12.0, resets_in=HOUR, omitted=frozenset({"resets_at"})
                ),
                WindowStart(
                    bucket="unmeasured", used=50.0, resets_in=HOUR, omitted=frozenset({"seconds"})
                ),
                WindowStart(
                    bucket="unsaid", used=50.0, resets_in=HOUR, omitted=frozenset({"used"})
                ),
            ),
            buckets={
                "below": BucketRule(name="Below"),
                "above": BucketRule(name="Above"),
                "endless": BucketRule(name="Endless"),
                "unmeasured": BucketRule(name="Unmeasured"),
                "unsaid": BucketRule(name="Unsaid"),
            },
            plan="quantum_max",
        ),
        "limits-disagree": LimitStory(
            about="the use is 97 % and turns are allowed, yet refused until the reset",
            windows=(_five_hours(97.0, 0.0, resets_in=900), _week()),
            refuses=True,
            moments=(Moment(at=900, happens=_give_in),),
        ),
    }
)

USUAL = "limits-day"

LIMITS_OF: Mapping[str, str] = MappingProxyType({"limit": "limits-exhausted"})
"""Limits of stories that are about something else; the usual ones of all others."""


def find_limits(name: str) -> LimitStory:
    """The limits of a story.

    Raises:
        ValueError: It is the name of no limit story.
    """
    if name not in LIMITS:
        raise ValueError(f"no limits {name!r}; there are {', '.join(LIMITS)}")
    return LIMITS[name]
