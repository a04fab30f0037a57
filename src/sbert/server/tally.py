"""What a request was, for its line in the log and for the metrics."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass, field

from starlette.requests import Request

#: Ids that are taken over from clients; others, which could break a log, are replaced.
_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
#: Where the tally stands in a request's scope.
KEY = "sbert.tally"


@dataclass
class Tally:
    """Counted while a request is worked on.

    Attributes:
        id: names the request in the log and in the response.
        route: path of the route; ``other`` where there is none.
        model: that did the work.
        items: texts, images or pairs.
        tokens: that the model read.
        truncated: items that were longer than the model reads.
        queued: seconds until the model took the first item.
        started: when the request came.
    """

    id: str
    route: str = "other"
    model: str = ""
    items: int = 0
    tokens: int = 0
    truncated: int = 0
    queued: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def line(self, status: int) -> dict[str, object]:
        """The line of the log."""
        return {
            "id": self.id,
            "route": self.route,
            "status": status,
            "ms": round((time.perf_counter() - self.started) * 1000, 2),
            "model": self.model,
            "items": self.items,
            "tokens": self.tokens,
            "queue_ms": round(self.queued * 1000, 2),
            "truncated": self.truncated,
        }


def request_id(asked: str | None) -> str:
    """The client's own id for a request, if it can stand in a log; else a new one."""
    return asked if asked is not None and _ID.fullmatch(asked) else uuid.uuid4().hex


def tally_of(request: Request) -> Tally:
    """The tally of a request."""
    tally: Tally = request.scope[KEY]
    return tally
