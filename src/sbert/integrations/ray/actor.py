"""What runs in a worker: one model, which is asked for shards of a job, or for the passages of documents."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...engines.openvino.runtime import limit_threads
from ...errors import EngineError
from ...models.shard_work import ShardJob, ShardTask
from ...models.worker import error_elsewhere

if TYPE_CHECKING:
    from ...index.documents import Document
    from ...index.identity import Identity


@dataclass(frozen=True)
class Answer:
    """What came of a request: a value, or an error of sbert; and what was warned of meanwhile.

    Args:
        value: the result.
        tokens: that were read for it.
        error: kind and message, where there is no result.
        warned: messages with their classes.
    """

    value: Any = None
    tokens: int = 0
    error: tuple[str, str] | None = None
    warned: tuple[tuple[type[Warning], str], ...] = ()

    def result(self, who: str) -> Any:
        """The value, after the warnings have been given here.

        Raises:
            SbertError: there is none; the error is of the kind that the worker met.
        """
        for category, message in self.warned:
            warnings.warn(message, category, stacklevel=2)
        if self.error is not None:
            raise error_elsewhere(*self.error, who)
        return self.value


class Actor:
    """A worker. It loads the model when it is first asked for something, and after each restart.

    Args:
        model: pickled; it is read from its folder again, which must be reached from here.
        fingerprint: that it must have here too.
        threads: that it may use.
    """

    def __init__(self, model: bytes, fingerprint: str, threads: int) -> None:
        self._pickled, self._fingerprint, self._threads = model, fingerprint, threads
        self._model: Any = None

    def pid(self) -> int:
        """The number of its process."""
        return os.getpid()

    def shard(self, job: ShardJob, task: ShardTask) -> Answer:
        """Make a shard, or find it: a :class:`~sbert.models.shard_work.ShardDone`."""
        tokens = 0

        def count(_: int, more: int) -> None:
            nonlocal tokens
            tokens += more

        answer = self._answer(lambda model: model.make_shard(job, task, count))
        return Answer(answer.value, tokens, answer.error, answer.warned)

    def passages(self, identity: Identity, batch_size: int | None, documents: Sequence[Document]) -> Answer:
        """The passages of documents, as :meth:`sbert.index.passages.Embedder.passages` gives them."""
        from ...index.passages import Embedder

        return self._answer(lambda model: Embedder(model, identity, batch_size).passages(documents))

    def _answer(self, compute: Callable[[Any], Any]) -> Answer:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                value, error = compute(self._loaded()), None
            except Exception as failure:  # whatever it is, the process that asked must hear of it
                value, error = None, (type(failure).__name__, str(failure))
        mine = tuple(
            (each.category, str(each.message)) for each in caught if each.category.__module__ == "sbert.errors"
        )
        return Answer(value, error=error, warned=mine)

    def _loaded(self) -> Any:
        if self._model is None:
            limit_threads(self._threads)
            model = pickle.loads(self._pickled)  # noqa: S301  (from the process that started this one)
            if model.fingerprint != self._fingerprint:
                raise EngineError(
                    f"This worker's {model.spec.name} is another model than that of the job (fingerprint "
                    f"{model.fingerprint[:12]} instead of {self._fingerprint[:12]}): its files, or the versions of "
                    "libraries, differ between machines."
                )
            self._model = model
        return self._model
