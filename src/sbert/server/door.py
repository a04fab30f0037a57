"""The door: what every request goes through before its route and after it."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import answer, as_json
from .page_files import is_page
from .refusals import ClientGone, Overloaded, Refusal, Stopping, as_refusal
from .state import State
from .tally import KEY, Tally, request_id

log = logging.getLogger("sbert.server")
#: A line of JSON for each request.
access = logging.getLogger("sbert.server.access")
#: What tells how the server is: open without a key, and answered when nothing else is.
OPEN = ("/health", "/ready")


class Door:
    """Ids, keys, limits, errors, the log and the metrics, around the routes.

    Args:
        app: the routes.
        state: the server.
        paths: of the routes, by which they are counted.
    """

    def __init__(self, app: ASGIApp, state: State, paths: Collection[str]) -> None:
        self._app, self._state, self._paths = app, state, frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), own_path(scope)
        tally = scope[KEY] = Tally(request_id(headers.get("x-request-id")), path if path in self._paths else "other")
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = tally.id
            await send(message)

        self._state.in_flight += 1
        self._state.metrics.in_flight.inc()
        try:
            if path not in OPEN and not (self._state.has_page and is_page(scope["method"], path)):
                self._check(headers)
            await self._app(scope, receive, send_with_id)
        except ClientGone as gone:
            status = gone.status  # there is nobody to tell
        except Exception as error:
            refusal = as_refusal(error)
            if refusal.status >= 500 and not isinstance(error, Refusal):
                log.exception("Request %s to %s failed", tally.id, tally.route)
            if not status:
                await refused(refusal, path)(scope, receive, send_with_id)
        finally:
            self._state.in_flight -= 1
            self._state.metrics.in_flight.dec()
            # Nothing was answered: the task was cancelled, since the server stops or its client left.
            status = status or ClientGone.status
            self._state.metrics.request(tally, status, time.perf_counter() - tally.started)
            if access.isEnabledFor(logging.INFO):
                access.info(as_json(tally.line(status)).decode())

    def _check(self, headers: Headers) -> None:
        self._state.keys.check(headers)
        if self._state.stopping:
            raise Stopping("The server is about to stop and takes nothing new.")
        if self._state.in_flight > self._state.limits.requests:
            raise Overloaded(f"{self._state.limits.requests:,} requests are being worked on.")


def own_path(scope: Scope) -> str:
    """The path of a request in this application, which may be mounted in another, at a place that comes first."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def refused(refusal: Refusal, path: str) -> Response:
    """The response that tells a client no, in the form that clients of a path read."""
    status, body = refusal.answer(path)
    return answer(body, refusal.headers, status)
