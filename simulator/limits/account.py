"""The limits of one account as they go on."""

import uuid
from dataclasses import replace
from typing import Literal

from simulator.auth.account import Account
from simulator.limits.clock import StoryClock
from simulator.limits.meter import Meter
from simulator.limits.standing import (
    MAIN,
    Bucket,
    Credits,
    ResetCredit,
    Slot,
    Spend,
    Standing,
    Window,
)
from simulator.limits.story import DAY, MONTH, BucketRule, LimitStory, SpendStart

PLAIN_PLAN = "plus"
"""Said of accounts whose plan is not a plain word."""

Redeemed = Literal["reset", "nothing_to_reset", "no_credit", "already_redeemed"]


class AccountLimits:
    """Windows, credits and permissions of one account. Not safe by itself: see `Limits`."""

    def __init__(self, account: Account, story: LimitStory, clock: StoryClock) -> None:
        self.account = account
        self._clock = clock
        self.begin(story)

    def begin(self, story: LimitStory) -> None:
        """Stand as the story begins; what is due since then comes with the next look."""
        self.plan = story.plan
        self.meters = [Meter.of(start, 0.0) for start in story.windows]
        self.rules: dict[str, BucketRule] = {MAIN: BucketRule(), **story.buckets}
        self.credits: Credits = story.credits
        self.has_spend_control = story.has_spend_control or story.spend is not None
        self.spend: SpendStart | None = story.spend
        self.spend_resets_at = story.spend.resets_in if story.spend else 0.0
        self.refuses: bool | None = story.refuses
        self.reached_type: str | None = None
        self.usage: object = None
        self.redeemed: dict[str, Redeemed] = {}
        self._left = list(story.moments)
        self.reset_credits: list[ResetCredit] = []
        self.grant(story.reset_credits)

    def catch_up(self) -> float:
        """Let everything happen that is due; the time of the story."""
        now = self._clock.story_time(self._clock.now())
        due = [moment for moment in self._left if moment.at <= now]
        self._left = [moment for moment in self._left if moment.at > now]
        for moment in sorted(due, key=lambda moment: moment.at):
            self._roll(moment.at)
            moment.happens(self, moment.at)
        self._roll(now)
        return now

    def use(self) -> None:
        """Count a turn."""
        now = self.catch_up()
        for meter in self.meters:
            meter.use(now)
        if self.spend is not None:
            used = min(self.spend.limit, self.spend.used + self.spend.per_turn)
            self.spend = replace(self.spend, used=used)

    def standing(self) -> Standing:
        """How it stands now."""
        now = self.catch_up()
        buckets = [self._bucket(name, rule, now) for name, rule in self._all_rules().items()]
        spend = self._spend()
        is_over = spend is not None and spend.is_reached
        is_refusing = not buckets[0].is_allowed or is_over
        return Standing(
            at=self._clock.now(),
            plan=self.plan or _plain(self.account.plan),
            buckets=buckets,
            credits=self.credits,
            has_spend_control=self.has_spend_control,
            spend=spend,
            reached_type=self.reached_type or _reached(buckets[0], is_over=is_over),
            reset_credits=list(self.reset_credits),
            is_refusing=is_refusing if self.refuses is None else self.refuses,
        )

    def meter(self, bucket: str, slot: Slot) -> Meter | None:
        """The window in that place."""
        found = (each for each in self.meters if (each.bucket, each.slot) == (bucket, slot))
        return next(found, None)

    def grant(self, count: int) -> None:
        """Have so many free reset credits: the first ends in 27 days, the others never."""
        now = self._clock.now()
        self.reset_credits = [each for each in self.reset_credits if each.is_redeemed]
        for number in range(count):
            ends = None if number else now + 27 * DAY
            name = f"rlrc_{uuid.uuid4().hex[:12]}"
            self.reset_credits.append(
                ResetCredit(id=name, granted_at=now - 3 * DAY, expires_at=ends)
            )

    def redeem(self, request_id: str, credit_id: str | None) -> tuple[Redeemed, int]:
        """Spend a reset credit, once for each request id; and how many windows began anew."""
        now = self.catch_up()
        if self.redeemed.get(request_id) == "reset":
            return "already_redeemed", 0
        free = self.standing().free_resets
        chosen = next((each for each in free if credit_id in {None, each.id}), None)
        used = [meter for meter in self.meters if meter.bucket == MAIN and meter.used(now) > 0]
        code: Redeemed = "reset"
        if chosen is None:
            code = "no_credit"
        elif not used:
            code = "nothing_to_reset"
        self.redeemed[request_id] = code
        if chosen is None or not used:
            return code, 0
        position = self.reset_credits.index(chosen)
        self.reset_credits[position] = replace(chosen, is_redeemed=True)
        for meter in used:
            meter.empty(now)
        return code, len(used)

    def _roll(self, at: float) -> None:
        for meter in self.meters:
            meter.roll(at)
        if self.spend is not None and at >= self.spend_resets_at:
            self.spend = replace(self.spend, used=0.0)
            self.spend_resets_at = at + MONTH

    def _all_rules(self) -> dict[str, BucketRule]:
        plain = {meter.bucket: BucketRule() for meter in self.meters}
        return {MAIN: self.rules[MAIN]} | plain | self.rules

    def _bucket(self, name: str, rule: BucketRule, now: float) -> Bucket:
        windows: dict[Slot, Window] = {
            meter.slot: meter.window(now, self._clock.unix_time(meter.resets_at))
            for meter in self.meters
            if meter.bucket == name
        }
        is_full = any(window.is_full for window in windows.values())
        return Bucket(
            id=name,
            name=rule.name,
            primary=windows.get("primary"),
            secondary=windows.get("secondary"),
            is_allowed=not is_full if rule.allowed is None else rule.allowed,
            is_reached=is_full if rule.reached is None else rule.reached,
            has_details=rule.has_details,
        )

    def _spend(self) -> Spend | None:
        if self.spend is None:
            return None
        resets_at = self._clock.unix_time(self.spend_resets_at)
        return Spend(limit=self.spend.limit, used=self.spend.used, resets_at=resets_at)


def _reached(main: Bucket, *, is_over: bool) -> str | None:
    if is_over:
        return "workspace_member_usage_limit_reached"
    return "rate_limit_reached" if main.is_reached else None


def _plain(plan: object) -> str:
    """The plan as a header can carry it."""
    if isinstance(plan, str) and plan and plan.isascii() and plan.isprintable():
        return plan
    return PLAIN_PLAN
