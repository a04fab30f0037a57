"""A first look at a corpus in bytes, that lets the few vectors through that may be among the best.

Let ``u`` be a vector, ``v`` the same rounded to bytes with a scale, ``e = |u - v|``, and ``q`` a query. By Cauchy and
Schwarz the product ``q . v``, which reads a quarter of the memory, is off by no more than ``|q| e``:

    q . v - |q| e <= q . u <= q . v + |q| e

So ``k`` vectors have products of at least the k-th greatest of the left sides, and one whose right side is below that
is not among the best ``k``. The others, some tens in most cases, are multiplied in float32. What rounding in float32
adds to either product of ``d`` numbers is at most ``d 2**-24 |q| |u|`` in the first order (Higham, Accuracy and
Stability of Numerical Algorithms, 3.1), and is added to ``e`` twofold for both.

The product in bytes is OpenVINO's, whose matrices of bytes meet inputs in float32. Of NumPy, faiss, usearch, numkong
and it, it was the quickest for one query to 500,000 vectors, several times as quick as NumPy in float32.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engines.openvino.graph import constant, op
from ..engines.openvino.runtime import compile_for_cpu, import_openvino, leave_at_fork, options_for
from ..process import forks
from ..types import FloatArray
from .selection import Ids, Scores, best, best_columns

_STEPS = np.float32(127)
_SMALLEST = np.float32(1e-30)
#: Scores that are held at a time, and the part of the corpus from which on candidates are no fewer than all.
_SCORES_AT_A_TIME, _TOO_MANY = 16_000_000, 1 / 8
#: Keeps the runtime from rounding queries to bytes too, of which nothing could be proved.
_EXACT = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}


class FirstPass:
    """Finds the best of a corpus by bytes first; gives what comparing all in float32 gives, but for the last bit.

    Args:
        chunks: the vectors, (n, d) float32 each, already of length 1 where cosines are asked.
        rows: how many vectors there are.
        width: numbers of a vector.
    """

    def __init__(self, chunks: Iterator[FloatArray], rows: int, width: int) -> None:
        codes, scales = np.empty((rows, width), np.int8), np.empty((rows, 1), np.float32)
        self._errors = np.empty(rows, np.float32)  # e of each vector
        start = 0
        for chunk in chunks:
            part = slice(start, start + len(chunk))
            scales[part] = np.maximum(np.abs(chunk).max(axis=1, keepdims=True) / _STEPS, _SMALLEST)
            rounded = np.rint(chunk / scales[part])
            codes[part] = rounded
            lengths = np.sqrt(np.square(chunk).sum(axis=1))
            lost = np.sqrt(np.square(chunk - rounded * scales[part]).sum(axis=1))
            self._errors[part] = lost * np.float32(1.001) + lengths * np.float32(width * 2.0**-22)
            start += len(chunk)
        x = op.parameter([-1, width], np.float32, "queries")
        vectors = op.multiply(op.convert(constant(codes), "f32"), constant(scales))
        model = import_openvino().Model([op.matmul(x, vectors, False, True)], [x], "corpus")
        self._compiled = compile_for_cpu(model, options_for("f32") | _EXACT)
        self._request = self._compiled.create_infer_request()
        self._lock = threading.Lock()
        self._forks = forks()
        leave_at_fork(self)

    @property
    def usable(self) -> bool:
        """Whether this is the process that it was made in: its threads do not come along in a fork."""
        return self._forks == forks()

    def search(self, queries: FloatArray, top_k: int, exact: Callable[[FloatArray, Ids | None], Scores]) -> Any:
        """Scores and numbers of the best vectors for each query, (q, k) each, as :func:`.selection.best` gives them.

        Args:
            queries: (q, d) float32.
            top_k: how many, at most as many as there are vectors.
            exact: the scores in float32, (1, n), of one query, (1, d), with vectors of some numbers, or with all.
        """
        step = max(1, _SCORES_AT_A_TIME // len(self._errors))
        found = []
        for start in range(0, len(queries), step):
            block = queries[start : start + step]
            with self._lock:
                scores = np.array(self._request.infer([block], share_inputs=True, share_outputs=True)[0])
            for query, row in zip(block, scores, strict=True):
                numbers = self._candidates(row, float(np.linalg.norm(query)), top_k)
                if numbers is None:
                    found.append(best(exact(query[None], None), top_k))
                else:
                    values, columns = best(exact(query[None], numbers), top_k)
                    found.append((values, numbers[columns]))
        return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))

    def _candidates(self, scores: Scores, length: float, top_k: int) -> Ids | None:
        """Numbers of the vectors that may be among the best, ascending; None where they are too many to pick out."""
        off = self._errors * np.float32(length * 1.001)
        lower = scores - off
        least = lower[best_columns(lower[None], top_k)[0]].min()
        numbers = np.flatnonzero(scores + off >= least)
        return None if len(numbers) > max(top_k, _TOO_MANY * len(scores)) else numbers
