"""A server under a clock that tests move, and plain readers of all that it says of limits."""

import math
from collections.abc import Mapping
from typing import Any

import httpx

from simulator.auth.account import Account
from simulator.server import Simulator
from tests.contract.sim.conftest import parse_events, user

START = 1_790_000_000.25

Window = tuple[float, int, int]
"""Percent, minutes, reset in Unix seconds."""
Windows = dict[tuple[str, str], Window]
"""By bucket and slot."""


class Hands:
    """The hands of a clock."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += seconds


class Reader:
    """Somebody who is signed in."""

    def __init__(self, sim: Simulator, client: httpx.Client, account: Account | None = None):
        self.sim = sim
        self.client = client
        self.headers = sim.backend_headers(sim.issue(account))

    def get(self, path: str = "/wham/usage", **headers: str) -> httpx.Response:
        url = self.sim.chatgpt_base_url + path
        return self.client.get(url, headers=self.headers | headers)

    def usage(self) -> dict[str, Any]:
        response = self.get()
        assert response.status_code == 200, response.text
        return response.json()

    def redeem(self, request_id: object, **more: Any) -> httpx.Response:
        url = f"{self.sim.chatgpt_base_url}/wham/rate-limit-reset-credits/consume"
        body = {"redeem_request_id": request_id, **more}
        return self.client.post(url, headers=self.headers, json=body)

    def turn(self, prompt: str = "hello") -> httpx.Response:
        body = {"model": "gpt-5.5", "stream": True, "store": False, "input": [user(prompt)]}
        url = f"{self.sim.codex_base_url}/responses"
        return self.client.post(url, headers=self.headers, json=body)


def used(usage: Mapping[str, Any], slot: str = "primary") -> Any:
    return usage["rate_limit"][f"{slot}_window"]["used_percent"]


def resets_at(usage: Mapping[str, Any], slot: str = "primary") -> Any:
    return usage["rate_limit"][f"{slot}_window"]["reset_at"]


def in_usage(usage: Mapping[str, Any]) -> Windows:
    buckets = {"codex": usage["rate_limit"]}
    for bucket in usage["additional_rate_limits"] or ():
        buckets[bucket["metered_feature"]] = bucket["rate_limit"]
    return {
        (name, slot): (
            window["used_percent"],
            math.ceil(window["limit_window_seconds"] / 60),
            window["reset_at"],
        )
        for name, details in buckets.items()
        for slot in ("primary", "secondary")
        if details and (window := details[f"{slot}_window"])
    }


def in_headers(response: httpx.Response) -> Windows:
    found: Windows = {}
    for name, value in response.headers.items():
        for slot in ("primary", "secondary"):
            family = name.removesuffix(f"-{slot}-used-percent")
            if family == name:
                continue
            minutes = response.headers[f"{family}-{slot}-window-minutes"]
            at = response.headers[f"{family}-{slot}-reset-at"]
            bucket = family.removeprefix("x-").replace("-", "_")
            found[bucket, slot] = (float(value), int(minutes), int(at))
    return found


def in_events(response: httpx.Response) -> Windows:
    (event,) = (e for e in parse_events(response) if e["type"] == "codex.rate_limits")
    buckets = {event["metered_limit_name"]: event["rate_limits"]}
    buckets |= event["additional_rate_limits"] or {}
    return {
        (name, slot): (window["used_percent"], window["window_minutes"], window["reset_at"])
        for name, said in buckets.items()
        for slot in ("primary", "secondary")
        if (window := said[slot])
    }
