"""`/_sim`: how tests in other processes see what was sent and script what comes."""

import json
from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulator.faults import ROUTES
from simulator.script import Gate, ScriptError, Step, parse_steps
from simulator.stage import Stage

FORM = '{"route": ROUTE, "steps": [STEP…], "times": 1}'


class Control:
    """Serves `/_sim`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        return [
            Route("/_sim/requests", self.requests, methods=["GET"]),
            Route("/_sim/script", self.script, methods=["POST"]),
            Route("/_sim/gates", self.gates, methods=["GET"]),
            Route("/_sim/gate/{name}", self.open_gate, methods=["POST"]),
            Route("/_sim/marks", self.marks, methods=["GET"]),
        ]

    async def requests(self, request: Request) -> Response:
        """What was sent, oldest first."""
        del request
        return JSONResponse([recorded.as_json() for recorded in self._stage.recording.all()])

    async def script(self, request: Request) -> Response:
        """Script the next call of a route."""
        try:
            add_script(self._stage, json.loads(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(status_code=204)

    async def gates(self, request: Request) -> Response:
        """Gates that are closed, and whether the server stands before them."""
        del request
        gates = self._stage.gates()
        return JSONResponse([{"name": gate.name, "reached": gate.is_reached} for gate in gates])

    async def open_gate(self, request: Request) -> Response:
        """Open the gates of a name."""
        name = cast("str", request.path_params["name"])
        opened = self._stage.open_gates(name)
        return JSONResponse({"opened": opened}, 200 if opened else 404)

    async def marks(self, request: Request) -> Response:
        """Marks that were reached, oldest first."""
        del request
        return JSONResponse([mark.as_json() for mark in self._stage.marks()])


def add_script(stage: Stage, value: object) -> None:
    """Queue one script in its JSON form, `times` times.

    Raises:
        ScriptError: It has not that form, or names a route that does not exist.
    """
    if not isinstance(value, dict):
        raise ScriptError(f"a script has the form {FORM}")
    fields = cast("Mapping[str, Any]", value)
    route = fields.get("route")
    if route not in ROUTES:
        raise ScriptError(f"no route {route!r}; there are {', '.join(ROUTES)}")
    times = fields.get("times", 1)
    if not isinstance(times, int) or times < 1:
        raise ScriptError("times must be a number from 1")
    parse_steps(fields.get("steps"), Gate)
    for _ in range(times):
        steps: tuple[Step, ...] = parse_steps(fields["steps"], stage.gate)
        stage.script(str(route), steps)
