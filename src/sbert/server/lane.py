"""Dynamic batching: what waits for a model is taken together, so many tokens at a time, by the model's one thread.

Requests take turns: of a large one a share is taken, then of the next. So a single text does not wait behind ten
thousand, and ten thousand go through in calls as large as they may be.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..errors import SbertError
from .limits import Limits
from .metrics import Metrics
from .panics import as_exception
from .refusals import Overloaded, Stopping, TooLarge

log = logging.getLogger("sbert.server")

#: What the names of the server's threads begin with.
THREADS = "sbert-serve-"
#: From how the items are read, and the items, to a row for each.
Run = Callable[[Any, list[Any]], Sequence[Any]]
#: Of a batch, the part that one request gets before others have their turn.
_TURNS = 4
#: Requests whose answers are written before the event loop looks for others.
_AT_ONCE = 8


@dataclass(eq=False)
class Ticket:
    """A request that waits for its rows.

    Args:
        reading: how its items are read; those of tickets with equal readings go through the model in one call.
        items: texts, pairs or images.
        tokens: of each item.
        future: gets the rows, in the order of the items. Cancelling it takes out what has not begun.
    """

    reading: Hashable
    items: Sequence[Any]
    tokens: Sequence[int]
    future: asyncio.Future[list[Any]]
    came: float = field(default_factory=time.perf_counter)
    #: Seconds until its first item was taken.
    queued: float = 0.0

    def __post_init__(self) -> None:
        # Alike lengths share a call of the model; the longest come first, as in the encode loop.
        self._waiting = deque(sorted(range(len(self.items)), key=lambda place: -self.tokens[place]))
        self._rows: list[Any] = [None] * len(self.items)
        self._missing = len(self.items)
        self.waiting_tokens = sum(self.tokens)

    def take(self, room: int) -> list[int]:
        """Places of the next items, as many as there is room for; one at the least."""
        taken: list[int] = []
        while self._waiting and (not taken or self.next_tokens <= room):
            place = self._waiting.popleft()
            room -= self.tokens[place]
            self.waiting_tokens -= self.tokens[place]
            taken.append(place)
        return taken

    @property
    def next_tokens(self) -> int:
        """Tokens of the item that comes next."""
        return self.tokens[self._waiting[0]]

    @property
    def has_begun(self) -> bool:
        """Whether an item has been taken."""
        return len(self._waiting) < len(self.items)

    @property
    def is_waiting(self) -> bool:
        """Whether an item is to be taken yet, and somebody wants it."""
        return bool(self._waiting) and not self.future.done()

    def put(self, place: int, row: Any) -> None:
        """An item's row; the last one makes the answer."""
        self._rows[place] = row
        self._missing -= 1
        if not self._missing and not self.future.done():
            self.future.set_result(self._rows)


@dataclass
class _Call:
    """Items of tickets with one reading, which go through the model together."""

    reading: Any
    places: list[tuple[Ticket, int]] = field(default_factory=list)

    def items(self) -> list[Any]:
        return [ticket.items[place] for ticket, place in self.places]


class Lane:
    """What waits for one model, and the thread that works it off.

    All but the model's own work happens in the event loop, so there is nothing to lock.

    Args:
        name: of the model.
        run: computes a row for each item; called in the lane's thread, never twice at a time.
        limits: of a batch, and of what may wait.
        metrics: where it is counted.
    """

    def __init__(self, name: str, run: Run, limits: Limits, metrics: Metrics) -> None:
        self.name, self._run, self._limits, self._metrics = name, run, limits, metrics
        self._tickets: deque[Ticket] = deque()
        #: What the model is at, and what waits to be told.
        self._calls: list[_Call] = []
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"{THREADS}{name}")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._began: float | None = None
        self._rate = 0.0
        self._expected = 0
        metrics.waiting.labels(name).set_function(self.waiting_tokens)

    def waiting_tokens(self) -> int:
        """Tokens of what has not begun and is wanted."""
        return sum(ticket.waiting_tokens for ticket in self._tickets if ticket.is_waiting)

    @property
    def busy_for(self) -> float:
        """Seconds that the model has been working on its present batch; 0 where it rests."""
        return 0.0 if self._began is None else time.perf_counter() - self._began

    def submit(self, reading: Hashable, items: Sequence[Any], tokens: Sequence[int]) -> Ticket:
        """Put a request in the queue.

        Args:
            reading: how its items are read.
            items: at least one.
            tokens: of each.

        Raises:
            Overloaded: too much waits already.
            Stopping: the lane is closed.
            TooLarge: it would never fit.
        """
        if self._closed:
            raise Stopping("The server has stopped.")
        total, most = sum(tokens), self._limits.queue_tokens
        if total > most:
            raise TooLarge(f"The request has {total:,} tokens; {most:,} may wait. Send fewer texts at a time.")
        self._admit(total)
        self._start()
        # While the model is stuck nothing takes out those that gave up, and they hold their texts.
        self._tickets = deque(ticket for ticket in self._tickets if ticket.is_waiting)
        assert self._loop is not None  # noqa: S101  (set by what was just called)
        ticket = Ticket(reading, items, tokens, self._loop.create_future())
        self._tickets.append(ticket)
        self._wake.set()
        return ticket

    @contextmanager
    def expecting(self, tokens: int) -> Iterator[None]:
        """Hold room for a request while its tokens are counted, so that no more are counted than may wait.

        Args:
            tokens: about as many as it will have.

        Raises:
            Overloaded: too much waits already.
        """
        tokens = min(tokens, self._limits.queue_tokens)
        self._admit(tokens)
        self._expected += tokens
        try:
            yield
        finally:
            self._expected -= tokens

    async def close(self) -> None:
        """End the worker. What still waits gets a refusal, and the thread ends by itself when its call is done."""
        self._closed = True
        worker, self._worker = self._worker, None
        if worker is not None and not worker.done() and self._loop is asyncio.get_running_loop():
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        begun = [ticket for call in self._calls for ticket, _ in call.places]
        for ticket in (*begun, *self._tickets):
            if not ticket.future.done() and self._loop is asyncio.get_running_loop():
                ticket.future.set_exception(Stopping("The server stopped before the answer was there."))
        self._tickets.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    # --- inside -------------------------------------------------------------------------------------------------

    def _admit(self, tokens: int) -> None:
        waiting = self.waiting_tokens() + self._expected
        if waiting + tokens > self._limits.queue_tokens:
            seconds = waiting / self._rate if self._rate else 1.0
            raise Overloaded(f"{waiting:,} tokens wait for {self.name}.", seconds)

    def _start(self) -> None:
        """Have a worker in the running loop. Test clients may bring a new loop with every request."""
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._worker is not None and not self._worker.done():
            return
        self._loop, self._wake = loop, asyncio.Event()
        self._tickets.clear()
        self._worker = loop.create_task(self._work(), name=f"sbert-{self.name}")

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            done: list[tuple[_Call, list[Any]]] = []
            while calls := self._take():
                self._calls = [*calls, *(call for call, _ in done)]
                self._began = time.perf_counter()
                running = loop.run_in_executor(self._thread, lambda: [(call, self._outcomes(call)) for call in calls])
                await _deliver(done)  # of the batch before, while the model has something to do
                done = await running
                self._count(calls, time.perf_counter() - self._began)
                self._began = None
            await _deliver(done)
            self._calls = []

    def _count(self, calls: list[_Call], seconds: float) -> None:
        tokens = sum(ticket.tokens[place] for call in calls for ticket, place in call.places)
        self._metrics.batch(self.name, tokens, seconds)
        rate = tokens / max(seconds, 1e-6)
        self._rate = rate if not self._rate else 0.8 * self._rate + 0.2 * rate

    def _take(self) -> list[_Call]:
        """The next batch: items of the requests that wait, in turns, up to the budget of tokens."""
        calls: dict[Hashable, _Call] = {}
        room, share = self._limits.batch_tokens, max(1, self._limits.batch_tokens // _TURNS)
        full = False
        while self._tickets and not full:
            ticket = self._tickets.popleft()
            if not ticket.is_waiting:  # answered with an error, timed out, or its client has gone
                continue
            if not calls or ticket.next_tokens <= room:
                if not ticket.has_begun:
                    ticket.queued = time.perf_counter() - ticket.came
                    self._metrics.queued.labels(self.name).observe(ticket.queued)
                call = calls.setdefault(ticket.reading, _Call(ticket.reading))
                for place in ticket.take(min(share, room)):
                    call.places.append((ticket, place))
                    room -= ticket.tokens[place]
            else:
                full = True
            if ticket.is_waiting:
                # What found no room is the first of the next batch; what had its turn, the last.
                (self._tickets.appendleft if full else self._tickets.append)(ticket)
            full = full or room <= 0
        return list(calls.values())

    def _outcomes(self, call: _Call) -> list[Any]:
        """A row or an error for each item of a call; in the lane's thread.

        Where a call fails, each request's part of it is tried alone, so that only the one to blame gets the error.
        """
        try:
            rows = list(self._run(call.reading, call.items()))
            if len(rows) != len(call.places):
                raise RuntimeError(f"{self.name} gave {len(rows)} rows for {len(call.places)} items.")
            return rows
        except BaseException as caught:
            error = as_exception(caught)
            tickets = list(dict.fromkeys(ticket for ticket, _ in call.places))
            if not isinstance(error, SbertError):
                log.error("%s failed", self.name, exc_info=error)
            if len(tickets) == 1:
                return [error] * len(call.places)
        found: dict[tuple[Ticket, int], Any] = {}
        for ticket in tickets:
            own = _Call(call.reading, [(one, place) for one, place in call.places if one is ticket])
            found.update(zip(own.places, self._outcomes(own), strict=True))
        return [found[key] for key in call.places]


async def _deliver(done: list[tuple[_Call, list[Any]]]) -> None:
    """Give requests their rows; a few at a time, so that who asks for the server's health is not behind hundreds."""
    count = 0
    for call, outcomes in done:
        for (ticket, place), outcome in zip(call.places, outcomes, strict=True):
            if not isinstance(outcome, Exception):
                ticket.put(place, outcome)
            elif not ticket.future.done():
                ticket.future.set_exception(outcome)
            count += ticket.future.done()
            if count >= _AT_ONCE:
                count = 0
                await asyncio.sleep(0)
