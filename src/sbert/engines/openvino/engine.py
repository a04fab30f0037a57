"""The OpenVINO engine: a checkpoint runs on the processor with neither torch nor transformers installed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from ...checkpoints import ModelSpec
from ...checkpoints.fingerprint import tensors_digest
from ...checkpoints.modules import ImageTextSpec, TransformerSpec
from ...errors import EngineError, InputError, SbertWarning, UnsupportedModelError, one_of
from ...process import WORK, forks
from ...text import Batch
from ...types import AnyArray, FloatArray
from ..base import Engine
from . import runtime
from .blobs import kept_or_compiled
from .feeds import feeds_of
from .int8 import Int8Linears, Quantized, int8_weights, own_texts, store
from .lowering import lower, lower_both, why_not
from .runtime import (
    compile_for_cpu,
    computes_int8,
    cpu_capabilities,
    leave_at_fork,
    native_precision,
    options_for,
)

DTYPES = ("float32", "bfloat16", "int8")
#: What a graph gives: the vectors of texts or their scores, those of their tokens, or those of images.
TEXTS, TOKENS, IMAGES = "texts", "tokens", "images"
#: Tokens of big jobs, all told, from which on they repay the compilation of the graph for bulk: it takes as long as
#: some ten thousand tokens do, whatever the size of the model, and about a quarter of the time is gained.
_BULK_TOKENS = 65_536
#: Numbers in a layer's output for a batch, and so its tokens, fewer for the widest models. Measured in networks 384
#: wide (every dtype) and 768 wide (float32, bfloat16), the time for a token differs by less than 5 % from 512 to 4,096
#: tokens to a batch, while memory grows with them.
_NUMBERS, _LEAST_TOKENS, _MOST_TOKENS = 393_216, 256, 512
#: Batches a core from which on a job is big: with fewer, cores would stand idle at the end.
_BULK_BATCHES = 4


class OpenVINOEngine(Engine):
    """Runs a model as one compiled graph on the processor.

    The graph is lowered and compiled here, so that a damaged checkpoint is found at once. Threads may share an engine:
    each forward pass has buffers of its own. The same text gives the same bits in whatever batch, order or thread it
    comes. In a forked process graphs are compiled again when they are first used.

    Args:
        spec: the model.
        dtype: ``float32``, ``bfloat16`` or ``int8``. What the processor cannot do is replaced by the next best, int8 by
            bfloat16 and that by float32, and a warning says so.
        calibrate: texts of the user's own for int8, beside those of the package.

    Raises:
        CheckpointError: the weights are missing or damaged, or do not fit the configuration.
        UnsupportedModelError: the model has a part that this engine does not know; the part is named.
        InputError: the dtype is not known, or is not the one that the weights are stored in.
        EngineError: int8 loses too much of this model.
    """

    name = "openvino"
    device = "cpu"

    def __init__(self, spec: ModelSpec, dtype: str = "float32", calibrate: Iterable[str] | None = None) -> None:
        if dtype not in DTYPES:
            raise one_of("dtype", dtype, DTYPES)
        if reason := why_not(spec):
            raise UnsupportedModelError(f"The OpenVINO engine does not run {spec.name or 'this model'}: {reason}.")
        network = spec.input
        if dtype == "int8" and network.reads_images:
            raise InputError(
                f"dtype='int8' is for networks that read texts alone; {spec.name or 'this model'} reads images too. "
                "Use dtype='bfloat16'."
            )
        if network.stored_int8 is not None and dtype != "int8":
            raise InputError(
                f"{spec.name or 'This model'} is stored in int8; got dtype={dtype!r}. Leave dtype out, or load the "
                "model that it was made from."
            )
        self.spec = spec
        self.dtype = _possible(dtype)
        own = None if calibrate is None else own_texts(calibrate)
        self._asked = dtype, own
        assert isinstance(network, (TransformerSpec, ImageTextSpec))  # noqa: S101  (why_not has looked)
        self.token_budget = max(_LEAST_TOKENS, min(_MOST_TOKENS, _NUMBERS // network.dimension))
        if isinstance(network, ImageTextSpec):
            self.image_budget = max(1, 2 * self.token_budget // network.image_tokens)
        # Opened once: the maps stay good though the process moves or the files are replaced.
        self._weights = network.weights()
        #: The network in int8 with its measured fidelity; None for weights in float.
        self.quantized: Quantized | None = None
        if self.dtype == "int8" or network.stored_int8 is not None:
            self.quantized = int8_weights(spec, self._weights, own)
            self._weights = self.quantized.weights
        self._graphs: dict[tuple[int, str, int], _Graph] = {}
        self._digest: str | None = None
        self._lock = threading.Lock()
        # A model that does not pool has token vectors alone.
        graph = self._graph(TOKENS if not spec.pools else TEXTS)
        self._bulk_tokens = 0
        #: Cores that a forward pass runs on, or that run a batch each.
        self.cores = graph.threads

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles read the model again: compiled graphs stay in their process."""
        return OpenVINOEngine, (self.spec, *self._asked)

    def embed(self, batch: Batch) -> FloatArray:  # noqa: D102
        return self._graph(TEXTS).run(batch)

    def for_bulk(self, tokens: int, *, tokens_out: bool = False) -> tuple[int, Callable[[Batch], FloatArray]]:
        """A big job runs a batch a core, on a second graph, compiled once such jobs have come to enough tokens."""
        one = self.embed_tokens if tokens_out else self.embed
        if self.cores == 1 or tokens < _BULK_BATCHES * self.cores * self.token_budget:
            return 1, one
        self._bulk_tokens += tokens
        what = TOKENS if tokens_out else TEXTS
        ready = (forks(), what, self.cores) in self._graphs
        if not ready and self._bulk_tokens < _BULK_TOKENS:
            return 1, one
        return self.cores, self._graph(what, streams=self.cores).run

    def embed_tokens(self, batch: Batch) -> FloatArray:  # noqa: D102
        if self.spec.input.reads_images:
            raise InputError(f"{self.spec.name or 'This model'} gives no vectors of tokens.")
        return self._graph(TOKENS).run(batch)

    def embed_images(self, pixels: FloatArray) -> FloatArray:  # noqa: D102
        if not self.spec.input.reads_images:
            return super().embed_images(pixels)
        return self._graph(IMAGES).run_on([np.ascontiguousarray(pixels, np.float32)])

    def weights_digest(self) -> str:  # noqa: D102
        if self._digest is None:
            self._digest = tensors_digest(self._weights, self.spec)
        return self._digest

    def save_int8(self, folder: Path) -> None:  # noqa: D102
        if self.quantized is None:
            super().save_int8(folder)
        else:
            store(self.quantized, folder)

    def set_spec(self, spec: ModelSpec) -> None:  # noqa: D102
        with WORK.shared(), self._lock:
            self.spec = spec
            self._graphs = {}  # compiled anew when next needed

    def _graph(self, what: str, *, streams: int = 1) -> _Graph:
        key = forks(), what, streams  # a graph's threads do not come along into a forked child
        graph = self._graphs.get(key)
        if graph is None:
            with WORK.shared(), self._lock:  # the first of several threads compiles, the others wait
                graph = self._graphs.get(key)
                if graph is None:
                    graph = self._graphs[key] = self._compiled(what, streams)
        return graph

    def _compiled(self, what: str, streams: int) -> _Graph:
        options = options_for("f32" if self.dtype == "float32" else native_precision(), streams)
        linears = Int8Linears(self._weights, in_bytes=self.dtype == "int8") if self.quantized else None

        def lowered() -> Any:
            if self.spec.input.reads_images:
                return lower_both(self.spec, self._weights, images=what == IMAGES)
            return lower(self.spec, self._weights, tokens_out=what == TOKENS, linears=linears)

        if self.dtype != "int8":
            model = lowered()
            return _Graph(compile_for_cpu(model, options), model)
        facts = {
            "weights": self.weights_digest(),
            "config": self.spec.transformer.config,
            "task": self.spec.transformer.task,
            "modules": [repr(module) for module in self.spec.modules[1:]],
            "tokens_out": what == TOKENS,
        }
        # A graph that is kept has its constants in it, and needs no lowering.
        return _Graph(kept_or_compiled(facts, options, lambda: compile_for_cpu(lowered(), options)), self._weights)


def _possible(dtype: str) -> str:
    """The dtype that is asked for, or the next best where this processor does not have it, which a warning tells."""
    best = dtype
    if best == "int8" and not computes_int8():
        best = "bfloat16"
    if best == "bfloat16" and "BF16" not in cpu_capabilities():
        best = "float32"
    if best != dtype:
        lacking = "int8 arithmetic that cannot overflow (VNNI)" if dtype == "int8" else "bfloat16 arithmetic"
        warnings.warn(f"This processor has no {lacking}; {best} is used instead.", SbertWarning, stacklevel=3)
    return best


class _Graph:
    """A compiled graph and the buffers of the forward passes that run through it at one time."""

    def __init__(self, compiled: Any, holder: Any) -> None:
        self._compiled = compiled
        self._holder = holder  # of the memory maps that constants share
        self._names = [port.get_any_name() for port in compiled.inputs]
        #: Threads that OpenVINO takes for it: a core each.
        self.threads = int(compiled.get_property("INFERENCE_NUM_THREADS"))
        self._idle: SimpleQueue[Any] = SimpleQueue()
        # Shapes of batches that it has kernels for.
        self._known: set[tuple[int, ...]] = set()
        leave_at_fork(self)

    def run(self, batch: Batch) -> FloatArray:
        return self.run_on(feeds_of(self._names, batch))

    def run_on(self, feeds: Sequence[AnyArray]) -> FloatArray:
        """The output for inputs in the order of the graph's, the first of which has a batch's shape."""
        shape = feeds[0].shape
        with WORK.shared(), nullcontext() if shape in self._known else runtime.first_runs, self._request() as request:
            try:
                output = request.infer(list(feeds), share_inputs=True, share_outputs=True)[0]
            except RuntimeError as error:
                raise EngineError(f"The forward pass of a batch of shape {shape} failed: {error}") from error
            self._known.add(shape)
            # Copied, since the request's memory is written again by the next batch.
            return np.array(output, dtype=np.float32)

    @contextmanager
    def _request(self) -> Iterator[Any]:
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._compiled.create_infer_request()
        yield request
        self._idle.put(request)  # not reached after a failure: a broken request is not used again
