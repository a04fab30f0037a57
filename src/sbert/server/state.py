"""What the routes of one server share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request

from .auth import Keys
from .body import Bodies
from .lane import THREADS
from .limits import Limits
from .metrics import Metrics
from .served import Registry

if TYPE_CHECKING:
    from .searches import Searches
    from .threads import Threads


@dataclass
class State:
    """A server.

    Attributes:
        models: by name.
        searches: of its index; None where it has none.
        limits: of what it takes on.
        keys: that open it.
        metrics: what it counts.
        bodies: that it holds.
        has_page: whether it shows the page for people.
        explanations: the thread that explains; one, since the model uses all cores by itself.
        stopping: whether it takes nothing new.
        in_flight: requests that are worked on.
        counter: the thread that counts the tokens of long texts; one, since many would keep the event loop waiting.
    """

    models: Registry
    searches: Searches | None
    limits: Limits
    keys: Keys
    metrics: Metrics
    bodies: Bodies
    explanations: Threads
    has_page: bool = True
    stopping: bool = False
    in_flight: int = 0
    counter: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix=f"{THREADS}count")
    )

    async def close(self) -> None:
        """End all threads, once no request is worked on any more."""
        await self.models.close()
        if self.searches is not None:
            self.searches.close()
        self.explanations.close()
        self.counter.shutdown(wait=False, cancel_futures=True)

    @property
    def is_ready(self) -> bool:
        """Whether requests will be answered: it is not about to stop, and no model is stuck."""
        return not self.stopping and all(served.lane.busy_for < 2 * self.limits.timeout for served in self.models)


def state_of(request: Request) -> State:
    """The server that a request came to."""
    state: State = request.app.state.server
    return state
