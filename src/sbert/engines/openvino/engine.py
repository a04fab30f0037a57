"""The OpenVINO engine: a checkpoint runs on the processor with neither torch nor transformers installed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from ...checkpoints import ModelSpec
from ...checkpoints.fingerprint import tensors_digest
from ...checkpoints.modules import PoolingSpec
from ...errors import EngineError, SbertWarning, UnsupportedModelError, one_of
from ...text import Batch
from ...types import FloatArray, IntArray
from ..base import Engine
from .lowering import IDS, MASK, POOLED, TYPES, lower, why_not
from .runtime import compile_for_cpu, cpu_capabilities


def _pooled(batch: Batch) -> IntArray:
    mask = batch.mask.copy()
    mask[:, : batch.prompt_length] = 0
    return mask


_FEEDS: dict[str, Callable[[Batch], IntArray]] = {
    IDS: lambda batch: batch.ids,
    MASK: lambda batch: batch.mask,
    TYPES: lambda batch: np.zeros_like(batch.ids) if batch.type_ids is None else batch.type_ids,
    POOLED: _pooled,
}
#: Tokens from which on a job repays the compilation of the graph for bulk, by measurement: compiling takes as long as
#: some ten thousand tokens do, whatever the size of the model, and about a quarter of the time is gained.
_BULK_TOKENS = 65_536
#: Numbers in a layer's output for a batch, and so its tokens, fewer for wider models. By measurement, from 256 to 8,192
#: tokens the time for one differs by 2 % at the most in networks 384 and 768 wide; memory grows with them.
_NUMBERS, _LEAST_TOKENS, _MOST_TOKENS = 393_216, 512, 1024
#: Once it is compiled, batches a core from which on it is used: with fewer, cores would stand idle at the end.
_BULK_BATCHES = 4
_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVINOEngine(Engine):
    """Runs a model as one compiled graph on the processor.

    The graph is lowered and compiled here, so that a damaged checkpoint is found at once. Threads may share an engine:
    each forward pass has buffers of its own. The same text gives the same bits in whatever batch, order or thread it
    comes.

    Args:
        spec: the model.
        dtype: ``float32``, or ``bfloat16`` where the processor has it (elsewhere a warning says that float32 is used).

    Raises:
        CheckpointError: the weights are missing or damaged, or do not fit the configuration.
        UnsupportedModelError: the model has a part that this engine does not know; the part is named.
        InputError: the dtype is not known.
    """

    name = "openvino"
    device = "cpu"

    def __init__(self, spec: ModelSpec, dtype: str = "float32") -> None:
        if dtype not in _PRECISIONS:
            raise one_of("dtype", dtype, _PRECISIONS)
        if reason := why_not(spec):
            raise UnsupportedModelError(f"The OpenVINO engine does not run {spec.name or 'this model'}: {reason}.")
        if dtype == "bfloat16" and "BF16" not in cpu_capabilities():
            warnings.warn(
                "This processor has no bfloat16 arithmetic; float32 is used instead.", SbertWarning, stacklevel=2
            )
            dtype = "float32"
        self.spec = spec
        self.dtype = dtype
        self.token_budget = max(_LEAST_TOKENS, min(_MOST_TOKENS, _NUMBERS // spec.transformer.dimension))
        # Opened once: the maps stay good though the process moves or the files are replaced.
        self._weights = spec.transformer.weights()
        self._graphs: dict[tuple[bool, int], _Graph] = {}
        self._digest: str | None = None
        self._lock = threading.Lock()
        # A model that does not pool has token vectors alone.
        graph = self._graph(tokens_out=not any(isinstance(module, PoolingSpec) for module in spec.modules))
        #: Cores that a forward pass runs on, or that run a batch each.
        self.cores = graph.threads

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles read the model again: compiled graphs stay in their process."""
        return OpenVINOEngine, (self.spec, self.dtype)

    def embed(self, batch: Batch) -> FloatArray:  # noqa: D102
        return self._graph(tokens_out=False).run(batch)

    def for_bulk(self, tokens: int) -> tuple[int, Callable[[Batch], FloatArray]]:
        """A big job runs a batch a core, on a second graph that is compiled for the first such job."""
        ready = (False, self.cores) in self._graphs
        enough = _BULK_BATCHES * self.cores * self.token_budget if ready else _BULK_TOKENS
        if self.cores == 1 or tokens < enough:
            return 1, self.embed
        return self.cores, self._graph(tokens_out=False, streams=self.cores).run

    def embed_tokens(self, batch: Batch) -> FloatArray:  # noqa: D102
        return self._graph(tokens_out=True).run(batch)

    def weights_digest(self) -> str:  # noqa: D102
        if self._digest is None:
            self._digest = tensors_digest(self._weights, self.spec)
        return self._digest

    def set_spec(self, spec: ModelSpec) -> None:  # noqa: D102
        with self._lock:
            self.spec = spec
            self._graphs = {}  # compiled anew when next needed

    def _graph(self, *, tokens_out: bool, streams: int = 1) -> _Graph:
        key = tokens_out, streams
        if key not in self._graphs:
            with self._lock:  # the first of several threads compiles, the others wait
                if key not in self._graphs:
                    model = lower(self.spec, self._weights, tokens_out=tokens_out)
                    self._graphs[key] = _Graph(compile_for_cpu(model, _PRECISIONS[self.dtype], streams), model)
        return self._graphs[key]


class _Graph:
    """A compiled graph and the buffers of the forward passes that run through it at one time."""

    def __init__(self, compiled: Any, model: Any) -> None:
        self._compiled = compiled
        self._model = model  # holds the memory maps that constants share
        self._names = [port.get_any_name() for port in compiled.inputs]
        #: Threads that OpenVINO takes for it: a core each.
        self.threads = int(compiled.get_property("INFERENCE_NUM_THREADS"))
        self._idle: SimpleQueue[Any] = SimpleQueue()

    def run(self, batch: Batch) -> FloatArray:
        feeds = [self._feed(name, batch) for name in self._names]
        with self._request() as request:
            try:
                output = request.infer(feeds, share_inputs=True, share_outputs=True)[0]
            except RuntimeError as error:
                raise EngineError(f"The forward pass of a batch of shape {batch.ids.shape} failed: {error}") from error
            # Copied, since the request's memory is written again by the next batch.
            return np.array(output, dtype=np.float32)

    def _feed(self, name: str, batch: Batch) -> IntArray:
        return np.ascontiguousarray(_FEEDS[name](batch))

    @contextmanager
    def _request(self) -> Iterator[Any]:
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._compiled.create_infer_request()
        yield request
        self._idle.put(request)  # not reached after a failure: a broken request is not used again
