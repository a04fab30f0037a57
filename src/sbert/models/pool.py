"""Several devices at work for one model: a process for each, fed with batches by the encode loop.

The loop in this process tokenises and plans batches just as for one device, so vectors are the same. On the one
processor that the OpenVINO engine uses there is nothing to spread: the engine keeps all cores busy from this process.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checkpoints import ModelSpec
from ..engines.base import Engine
from ..errors import EngineError, InputError, SbertError
from ..text import Batch
from ..types import FloatArray
from .worker import Request, Setup, Worker

if TYPE_CHECKING:
    from typing_extensions import Self

#: Batches that each worker has at a time: one to compute, one that is on its way.
_EACH = 2


class Pool:
    """What ``start_multi_process_pool`` gives: devices that compute for a model, until it is stopped.

    Threads may share a pool. It is a context manager that stops it at the end, and ``pool["processes"]`` has the
    processes. This class has none: it computes where the model does.

    Args:
        engine: of the model.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stopped = False

    @property
    def devices(self) -> tuple[str, ...]:
        """Where it computes."""
        return (self._engine.device,)

    def engine_for(self, engine: Engine) -> Engine:
        """What computes for a model's engine.

        Raises:
            InputError: the pool is another model's, or has been stopped.
        """
        if self._stopped:
            raise InputError("The pool has been stopped. Start another with start_multi_process_pool().")
        if engine is not self._engine:
            raise InputError("The pool is another model's. Start one with this model's start_multi_process_pool().")
        return engine

    def stop(self) -> None:
        """Let go of the devices; a second time does nothing."""
        self._stopped = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __getitem__(self, name: str) -> list[Any]:
        if name != "processes":
            raise KeyError(name)
        return self._processes()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.devices)}{', stopped' if self._stopped else ''})"

    def _processes(self) -> list[Any]:
        return []


class ProcessPool(Pool):
    """A process for each device, with a copy of a torch engine each.

    The model's weights and settings are those of the moment in which the pool is made; the model itself stays where it
    is. Vectors are those that the model gives on that device, to the bit.

    Args:
        engine: of the model, a torch engine.
        devices: one process for each; a device may be named several times.

    Raises:
        EngineError: a worker has died.
        SbertError: a worker could not start; the error is the worker's.
    """

    def __init__(self, engine: Engine, devices: Sequence[str]) -> None:
        import torch

        from ..engines.torch.transfer import pack

        super().__init__(engine)
        self._settings = repr(engine.current_modules()[1:])
        self._folder = tempfile.TemporaryDirectory(prefix="sbert-pool-", ignore_cleanup_errors=True)
        self._workers = [Worker(number, device) for number, device in enumerate(devices)]
        try:
            packed = pack(engine, Path(self._folder.name))  # type: ignore[arg-type]  # a TorchEngine
            for worker in self._workers:
                worker.send(Setup(packed, Path(self._folder.name), worker.device, torch.get_num_threads()))
            budgets = [worker.receive().value(str(worker)) for worker in self._workers]
        except BaseException:
            self.stop()
            raise
        self._spread = Spread(engine.spec, self._workers, min(budgets))

    @property
    def devices(self) -> tuple[str, ...]:
        """One for each process."""
        return tuple(worker.device for worker in self._workers)

    def engine_for(self, engine: Engine) -> Engine:  # noqa: D102
        super().engine_for(engine)
        if repr(engine.current_modules()[1:]) != self._settings:
            raise InputError("The model's modules have changed since the pool was started. Start another pool.")
        return self._spread

    def stop(self) -> None:  # noqa: D102
        if not self._stopped:
            super().stop()
            for worker in self._workers:
                worker.stop()
            self._folder.cleanup()

    def _processes(self) -> list[Any]:
        return [worker.process for worker in self._workers]


class Spread(Engine):
    """An engine that passes each batch to one of several workers. Any number of threads may call it.

    Args:
        spec: the model.
        workers: ready to compute.
        token_budget: tokens in a batch.
    """

    name = "torch"

    def __init__(self, spec: ModelSpec, workers: Sequence[Worker], token_budget: int) -> None:
        self.spec = spec
        self.token_budget = token_budget
        self.device = ", ".join(worker.device for worker in workers)
        self._lock = threading.Lock()
        self._requests = 0
        self._failure: EngineError | None = None
        # What each worker has been asked for and has not answered yet, by the number of the request.
        self._waiting: dict[Worker, dict[int, Future[Any]]] = {worker: {} for worker in workers}
        for worker in workers:
            threading.Thread(target=self._listen, args=(worker,), name=f"sbert-{worker}", daemon=True).start()

    def embed(self, batch: Batch) -> FloatArray:  # noqa: D102
        return self._ask("embed", batch)

    def embed_tokens(self, batch: Batch) -> FloatArray:  # noqa: D102
        return self._ask("embed_tokens", batch)

    def for_bulk(  # noqa: D102
        self,
        tokens: int,  # noqa: ARG002
        *,
        tokens_out: bool = False,
    ) -> tuple[int, Callable[[Batch], FloatArray]]:
        # As many batches at once as keep every worker busy.
        return _EACH * len(self._waiting), self.embed_tokens if tokens_out else self.embed

    def weights_digest(self) -> str:  # noqa: D102
        raise InputError("The weights of a pool are the model's: ask the model.")

    def set_spec(self, spec: ModelSpec) -> None:  # noqa: ARG002, D102
        raise InputError("A pool keeps the settings that it was started with.")

    def _ask(self, method: str, batch: Batch) -> FloatArray:
        future: Future[FloatArray] = Future()
        with self._lock:
            if self._failure is not None:
                raise EngineError(str(self._failure))
            number = self._requests = self._requests + 1
            worker = min(self._waiting, key=lambda each: len(self._waiting[each]))
            self._waiting[worker][number] = future
        worker.send(Request(number, method, batch))
        return future.result()

    def _listen(self, worker: Worker) -> None:
        """Hand each reply to who waits for it, until the worker ends."""
        while True:
            try:
                reply = worker.receive()
            except EngineError as error:
                self._fail(worker, error)
                return
            with self._lock:
                future = self._waiting[worker].pop(reply.number)
            try:
                future.set_result(reply.value(str(worker)))
            except SbertError as error:
                future.set_exception(error)

    def _fail(self, worker: Worker, error: EngineError) -> None:
        with self._lock:
            self._failure = error
            lost, self._waiting[worker] = self._waiting[worker], {}
        for future in lost.values():
            future.set_exception(EngineError(str(error)))


def start_pool(engine: Engine, devices: Sequence[str] | str | None = None) -> Pool:
    """Put devices to work for a model.

    Args:
        engine: of the model.
        devices: names of devices; None for all accelerators that there are.

    Returns:
        A pool of processes for a torch engine and other devices than the one where it is; else one without any.

    Raises:
        InputError: a device is not there, or not one of the engine's.
    """
    named = [devices] if isinstance(devices, str) else None if devices is None else [str(each) for each in devices]
    if named == []:
        raise InputError("target_devices is empty: name devices, such as 'cuda:0', or leave it out.")
    if engine.name != "torch":
        for device in named or []:
            engine.to(device)  # refuses what it cannot use
        return Pool(engine)
    from ..engines.torch.devices import all_devices, choose_device

    targets = [str(choose_device(device)) for device in named or all_devices()]
    return Pool(engine) if targets == [engine.device] else ProcessPool(engine, targets)


@contextmanager
def engine_of(engine: Engine, device: Any, pool: Pool | None) -> Iterator[Engine]:
    """What computes for one call.

    Args:
        engine: of the model.
        device: a device to move it to, or several to spread the call over; None to leave it where it is.
        pool: devices that have been started; instead of ``device``.
    """
    if pool is not None:
        if device is not None:
            raise InputError("Give device or pool, not both: a pool has devices of its own.")
        if not isinstance(pool, Pool):
            raise InputError(f"pool must come from start_multi_process_pool(); got {type(pool).__name__}.")
        yield pool.engine_for(engine)
    elif isinstance(device, (list, tuple)):
        with start_pool(engine, device) as started:
            yield started.engine_for(engine)
    else:
        if device is not None and str(device) != engine.device:
            engine.to(str(device))
        yield engine
