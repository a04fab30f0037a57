"""The workers of a cluster, held by the process that started the job: who does what, and what when one dies."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from ...errors import InputError, positive
from ...models.shard_work import ShardDone, ShardJob, ShardTask
from .actor import Actor, Answer
from .cluster import join, leave, ray, require_room, translated

if TYPE_CHECKING:
    from typing_extensions import Self

    from ...index.documents import Document
    from ...index.identity import Identity, IndexModel
    from ...index.passages import Passage
    from ...models.base import BaseModel
    from ...models.progress import Progress
    from ...models.streaming import Streaming

#: Shards that each worker has at a time: one to make, one whose texts are on their way.
_EACH = 2
#: Times that a shard may end its worker before the job gives up: it, and not the machine, is then at fault.
_RETRIES = 3
#: Parts that each worker is given of a batch of documents, so that none waits long for another.
_PARTS = 2


class RayWorkers:
    """Workers in a Ray cluster with a model each, for ``encode_to(..., workers=)`` and ``Index.sync(..., workers=)``.

    A worker that dies is started again, on another machine if need be, and its shard is given to it again; what the
    others do is not touched. The files are those that one process makes, byte for byte, and either may go on with what
    the other has begun. The process that holds this reads the texts and keeps the manifest: when it dies, the same call
    goes on, and shards that were not entered yet are made again.

    Folders of models and of shards must be reached by the same paths from every machine. A model that lies in the
    model hub's cache or in an installed package must do so on each.

    Args:
        address: of the cluster: ``local`` starts one of this machine's cores, which is the default; ``auto`` joins the
            one that this machine belongs to; ``host:6379`` another. Where the process is in one already, that is used.
        count: workers; as many as fit by default.
        cpus: cores of each.
        gpus: accelerators of each, for models on the torch engine.

    Raises:
        EngineError: there is no cluster.
        InputError: an argument is wrong; or there is no room for so many.
        MissingDependencyError: Ray is not installed.

    >>> with RayWorkers("auto") as workers:  # doctest: +SKIP
    ...     model.encode_to("/shared/vectors", texts, workers=workers)
    """

    def __init__(
        self, address: str | None = None, count: int | None = None, *, cpus: int = 1, gpus: float = 0.0
    ) -> None:
        if count is not None:
            positive("count", count, ", or None")
        positive("cpus", cpus)
        if gpus < 0:
            raise InputError(f"gpus must be 0 or more; got {gpus!r}.")
        self._mine = join(address)
        self._cpus, self._gpus = cpus, gpus
        try:
            self.count = require_room(count, cpus, gpus)
        except BaseException:
            self.close()
            raise
        self._actors: list[Any] = []
        self._pickled: Any = None
        self._fingerprint = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RayWorkers({self.count} of {self._cpus} cores)"

    def close(self) -> None:
        """End the workers; and the cluster, if it was started for them. A second time does nothing."""
        library = ray()
        if library.is_initialized():
            for actor in getattr(self, "_actors", []):
                library.kill(actor)
            if self._mine:
                leave()
        self._actors, self._pickled, self._mine = [], None, False

    def pids(self, model: BaseModel) -> list[int]:
        """The numbers of the workers' processes, once they are up."""
        with translated("The workers could not start"):
            return list(ray().get([actor.pid.remote() for actor in self._ready(model)]))

    def shards(
        self, model: Streaming, job: ShardJob, tasks: Iterable[ShardTask], progress: Progress | None
    ) -> Iterator[ShardDone]:
        """See to the tasks; see :class:`~sbert.models.shard_work.ShardWorkers`.

        Raises:
            EngineError: a shard ended its worker again and again.
            SbertError: a shard cannot be made; the error is the worker's.
        """
        library = ray()
        idle = dict.fromkeys(self._ready(model), _EACH)  # how many more each may be given
        source, failure = iter(tasks), None
        order: deque[ShardTask] = deque()
        doing: dict[Any, tuple[Any, ShardTask]] = {}
        answers: dict[int, Answer] = {}
        drawn = False
        while True:
            while not drawn and (actor := max(idle, key=lambda each: idle[each])) and idle[actor]:
                try:
                    task = next(source, None)
                except Exception as error:  # the caller's own, of his texts: those before it are made all the same
                    failure, task = error, None
                if task is None:
                    drawn = True
                    break
                doing[actor.shard.remote(job, task)] = actor, task
                idle[actor] -= 1
                order.append(task)
            while order and order[0].number in answers:
                done: ShardDone = answers.pop(order.popleft().number).result("a worker of Ray")
                yield done
            if not doing:
                break
            for ready in library.wait(list(doing), num_returns=1)[0]:
                actor, task = doing.pop(ready)
                idle[actor] += 1
                with translated(f"Shard {task.number} ended its worker {_RETRIES + 1} times"):
                    answer: Answer = library.get(ready)
                answers[task.number] = answer
                drawn = drawn or answer.error is not None  # what comes after it would be made for nothing
                if progress is not None:
                    progress(len(task.items), answer.tokens)
        if failure is not None:
            raise failure

    def passages(
        self, model: IndexModel, identity: Identity, batch_size: int | None, documents: Sequence[Document]
    ) -> list[list[Passage]]:
        """The passages of documents, embedded by all workers; as ``Embedder.passages`` gives them.

        Raises:
            EngineError: some documents ended their worker again and again.
            SbertError: as ``Embedder.passages``.
        """
        actors = self._ready(model)
        size = max(1, -(-len(documents) // (_PARTS * len(actors))))
        parts = [documents[first : first + size] for first in range(0, len(documents), size)]
        asked = [
            actors[number % len(actors)].passages.remote(identity, batch_size, part)
            for number, part in enumerate(parts)
        ]
        with translated(f"A batch of documents ended its worker {_RETRIES + 1} times"):
            answers: list[Answer] = ray().get(asked)
        return list(chain.from_iterable(answer.result("a worker of Ray") for answer in answers))

    def _ready(self, model: Any) -> list[Any]:
        """The workers, started with a model if they have another one or none."""
        library, fingerprint = ray(), model.fingerprint
        if not self._actors or fingerprint != self._fingerprint:
            for actor in self._actors:
                library.kill(actor)
            kind = library.remote(Actor).options(
                num_cpus=self._cpus, num_gpus=self._gpus, max_restarts=-1, max_task_retries=_RETRIES
            )
            # Held here, since Ray drops what nobody holds, and a worker that is started again needs it again.
            self._pickled = library.put(pickle.dumps(model))
            self._actors = [kind.remote(self._pickled, fingerprint, self._cpus) for _ in range(self.count)]
            self._fingerprint = fingerprint
        return self._actors
