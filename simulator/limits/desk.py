"""`/_sim/limits`: how tests in other processes see and say how accounts stand."""

import json
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulator.limits.keeping import Limits


class LimitsDesk:
    """Serves `/_sim/limits`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        return [
            Route("/_sim/limits", self.look, methods=["GET"]),
            Route("/_sim/limits", self.change, methods=["POST"]),
        ]

    async def look(self, request: Request) -> Response:
        """Who asked when, and how everybody stands."""
        del request
        return JSONResponse(self._limits.as_json())

    async def change(self, request: Request) -> Response:
        """Change how an account stands; the answer is that of `look`."""
        try:
            value: object = json.loads(await request.body() or b"{}")
            if not isinstance(value, dict):
                raise ValueError("a JSON object is wanted")
            self._limits.set(**cast("dict[str, Any]", value))
        except (TypeError, ValueError, OverflowError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._limits.as_json())
