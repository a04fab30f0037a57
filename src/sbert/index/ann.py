"""The approximate index: when there is one, of which kind, and how it is asked, all by what was measured.

Up to :data:`EXACT_ROWS` rows every vector is compared. Above, kinds are built one after another, and each is asked with
more and more effort until it finds enough of what exact search finds. The first kind that does, and is faster, is kept
with the effort it took. What it finds is scored once more with the full vectors, so its scores are exact ones.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..errors import InputError, one_of
from ..similarity import unit
from ..types import FloatArray
from .identity import DISTANCES
from .lance import committed
from .late import asked_of, is_late
from .lookups import index_name
from .nearest import nearest
from .schema import ID, VECTOR

#: Rows up to which all are compared: 384 numbers each take less than a tenth of a second on two cores.
EXACT_ROWS = 50_000
#: The same of passages that have a vector for each token.
EXACT_SETS = 2_000
#: Part of the exact ten nearest that must be found.
TARGET = 0.97
#: Neighbours that recall is measured on, and the queries that it is measured with.
NEIGHBOURS, QUERIES = 10, 48
#: Kinds in the order in which they are tried. Of 999,800 vectors of 384 numbers, in 256 partitions of which 40 were
#: looked into, IVF_RQ, which keeps a bit a number, found 95.9 % in 6.7 ms, and IVF_SQ, a byte, 96.5 % in 11.6 ms; both
#: were built in 16 s. On 117,659, IVF_PQ took 95 s to build, and a graph longer than that.
KINDS = ("IVF_RQ", "IVF_SQ", "IVF_HNSW_SQ", "IVF_PQ")
_CLASSES = {"IVF_SQ": "IvfSq", "IVF_RQ": "IvfRq", "IVF_HNSW_SQ": "HnswSq", "IVF_PQ": "IvfPq"}
#: Efforts in the order in which they are tried: partitions looked into, and how many times the hits that are wanted
#: are scored with full vectors. Of 40 million vectors, 30 and 12 found 93.5 % in 84 ms, and 40 and 8 90.3 % in 99 ms:
#: what a bit a number leaves open is told sooner by full vectors than by more partitions.
_EFFORTS = (
    (10, 5), (20, 8), (30, 12), (40, 12), (60, 15), (80, 15), (120, 20), (160, 24), (320, 30), (640, 40),
)  # fmt: skip
#: How many times the partitions are looked into where there is a condition: the rows that it leaves may lie anywhere.
_FILTERED = 4
#: More partitions than there are, and rows that are compared by their full vectors where a condition leaves few.
_ALL, _RESCORED = 1 << 16, 2000
#: Rows of a partition, and partitions at the most. With 1,000 rows in each, more of the nearest were missed in as much
#: time: looking through a partition costs less than missing it.
_PARTITION, _MOST_PARTITIONS = 4096, 1024
#: Rows times partitions at the most: each row is compared with each partition, in half precision at 13 million a
#: second on two busy cores, so that building takes minutes and not hours.
_ASSIGNED = 1e10
#: Rows that partitions are trained on, for each of them, and rounds of it.
_TRAINED_ON, _ROUNDS = 64, 20
#: Bytes of all vectors, a byte a number, above which only the kind with a bit a number is built: the others would no
#: longer be in memory, and take hours.
_LARGE = 4e9
#: Queries that the time of comparing all is measured with.
_TIMED = 2
#: Where the columns keep it.
_KEY = "sbert.approximation"
#: The index is built anew when there are this many times the rows that it was built for.
_GROWTH = 2.0


@dataclass(frozen=True)
class Approximation:
    """An approximate index, how it is asked, and what was measured.

    Attributes:
        kind: one of :data:`KINDS`.
        probes: partitions that are looked into.
        refine: how many times the hits that are wanted are scored with full vectors.
        recall: part of the exact ten nearest that it found.
        milliseconds: a query took, median.
        exact_milliseconds: exact search took.
        queries: that it was measured with.
        rows: that there were then.
    """

    kind: str
    probes: int
    refine: int
    recall: float
    milliseconds: float
    exact_milliseconds: float
    queries: int
    rows: int

    def applied(self, search: Any) -> Any:
        """A search of LanceDB's that asks the index in this way."""
        # The width of a graph's search follows from the hits wanted; the other kinds have none.
        return search.nprobes(self.probes).refine_factor(self.refine)

    def filtered(self, rows: int, hits: int) -> Approximation:
        """With more effort, for a search with a condition: that was not measured, and its rows may lie anywhere.

        Where few rows are left, all partitions are looked into, and up to :data:`_RESCORED` rows are compared by their
        full vectors, so that as many are searched exactly. LanceDB's own exact search of rows that a condition leaves
        took 3 s among a million, and this 70 ms.

        Args:
            rows: that the condition leaves.
            hits: that are wanted.
        """
        if not is_exact(rows):
            return replace(self, probes=_FILTERED * self.probes)
        return replace(self, probes=_ALL, refine=max(self.refine, math.ceil(min(rows, _RESCORED) / hits)))


def is_exact(rows: int, similarity: str = "cosine") -> bool:
    """Whether so many rows are compared one by one."""
    return rows <= (EXACT_SETS if is_late(similarity) else EXACT_ROWS)


def stored_approximation(table: Any) -> Approximation | None:
    """The approximation that a table says it has; None for none."""
    written = (table.schema.field(VECTOR).metadata or {}).get(_KEY.encode())
    return Approximation(**json.loads(written)) if written else None


def is_due(table: Any, rows: int, similarity: str) -> bool:
    """Whether an index should be built, or built anew because there are many more rows now."""
    have = stored_approximation(table)
    return not is_exact(rows, similarity) and (have is None or rows > _GROWTH * have.rows)


def tune(
    table: Any,
    similarity: str,
    queries: Sequence[FloatArray] | None = None,
    *,
    target: float = TARGET,
    kinds: Sequence[str] = KINDS,
) -> Approximation | None:
    """Build an approximate index and find out how to ask it.

    Args:
        table: with at least 256 vectors.
        similarity: ``cosine``, ``dot``, ``euclidean`` or ``maxsim``.
        queries: to measure with, (d,) each, or of late interaction (tokens, d); by default vectors of the table, and
            means of two of them, which lie between passages as queries do.
        target: part of the exact nearest that must be found.
        kinds: that are tried, in this order.

    Returns:
        What was kept; None where none finds enough or is faster, so that search stays exact.

    Raises:
        InputError: an argument is wrong.
    """
    if not 0 < target <= 1:
        raise InputError(f"target must be a recall above 0 and at most 1; got {target}.")
    for kind in kinds:
        if kind not in _CLASSES:
            raise one_of("kinds", kind, KINDS)
    late = is_late(similarity)
    stored = sampled(table) if late or queries is None else []
    asked: Sequence[FloatArray]
    asked = queries if queries is not None else asked_of(stored) if late else list(_between(np.array(stored)))
    if not len(asked):
        return None
    distance = DISTANCES[similarity]
    rows = int(table.count_rows())
    vectors = rows * statistics.mean(len(each) for each in stored) if late else rows
    if late:
        exact, exact_time = _ask(table, asked, distance, lambda search: search.bypass_vector_index())
    else:
        exact = nearest(table, np.asarray(asked, np.float32), similarity, NEIGHBOURS)
        exact_time = _ask(table, asked[:_TIMED], distance, lambda search: search.bypass_vector_index())[1]
    if vectors * asked[0].shape[-1] > _LARGE:
        kinds = [kind for kind in kinds if kind == KINDS[0]] or kinds
    for kind in kinds:
        _build(table, kind, distance, int(vectors))
        for probes, refine in _EFFORTS:
            trial = Approximation(kind, probes, refine, 0.0, 0.0, exact_time, len(asked), rows)
            found, took = _ask(table, asked, distance, trial.applied)
            recall = statistics.mean(
                len(some & all_) / max(len(all_), 1) for some, all_ in zip(found, exact, strict=True)
            )
            if recall >= target and took < exact_time:
                kept = Approximation(
                    kind, probes, refine, round(recall, 4), round(took, 3), round(exact_time, 3), len(asked), rows
                )
                _note(table, json.dumps(asdict(kept)))
                return kept
    forget(table)
    return None


def forget(table: Any) -> None:
    """Remove the approximate index, so that every search is exact."""
    _note(table, None)
    name = index_name(table, VECTOR)
    if name is not None:
        committed(table, partial(table.drop_index, name), "remove its approximate index")


def sampled(table: Any) -> list[FloatArray]:
    """Stored vectors, twice as many as :data:`QUERIES` at the most: (d,) each, or of late interaction (tokens, d)."""
    rows = int(table.count_rows())
    count = min(2 * QUERIES, rows)
    offsets = np.unique(np.linspace(0, max(rows - 1, 0), count).astype(int)).tolist() if rows else []
    taken = table.take_offsets(offsets).select([VECTOR]).to_arrow().to_pylist() if offsets else []
    return [np.array(row[VECTOR], np.float32) for row in taken if row[VECTOR] is not None]


def _between(vectors: FloatArray) -> FloatArray:
    """Vectors to measure with: (at most :data:`QUERIES`, d), half of them stored ones, half means of two."""
    if len(vectors) < 4:
        return vectors
    half = len(vectors) // 4
    between = (unit(vectors[:half]) + unit(vectors[-half:])) / 2
    return np.concatenate([vectors[half:-half][: QUERIES - half], between]).astype(np.float32)


def _ask(
    table: Any, queries: Sequence[FloatArray], distance: str, applied: Callable[[Any], Any]
) -> tuple[list[set[str]], float]:
    """What each query finds, and the milliseconds that one takes, median."""
    found, times = [], []
    for query in queries:
        search = table.search(query, vector_column_name=VECTOR, query_type="vector").distance_type(distance)
        started = time.perf_counter()
        rows = applied(search.limit(NEIGHBOURS)).select([ID, "_distance"]).to_arrow()
        times.append((time.perf_counter() - started) * 1000)
        found.append(set(rows[ID].to_pylist()))
    return found, statistics.median(times)


def _build(table: Any, kind: str, distance: str, vectors: int) -> None:
    import lancedb.index

    settings = {"sample_rate": _TRAINED_ON, "max_iterations": _ROUNDS}
    if "HNSW" not in kind:
        most = min(_MOST_PARTITIONS, int(_ASSIGNED / vectors))
        settings["num_partitions"] = max(1, min(vectors // _PARTITION, most))
    config = getattr(lancedb.index, _CLASSES[kind])(distance_type=distance, **settings)
    committed(table, lambda: table.create_index(VECTOR, config=config, replace=True), "build an approximate index")


def _note(table: Any, written: str | None) -> None:
    change = {"path": VECTOR, "metadata": {_KEY: written}}
    committed(table, lambda: table.update_field_metadata(change), "keep what was measured")
