"""The map of the server's index: made in the background, once for each state of it, and kept."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import MissingDependencyError
from ..index import Index
from ..index.contents import Contents
from ..index.formats.images import is_image
from ..search.maps import layout, principal_plane
from ..types import FloatArray
from .answers import as_json

log = logging.getLogger("sbert.server")

#: Characters of a passage that are shown.
_SHOWN = 240
#: Digits of a place, finer than a screen.
_DIGITS = 4
#: Passages at the least for clusters to mean something, and clusters at the most, which a list beside a map shows.
_CLUSTERED, _CLUSTERS = 30, 24


@dataclass(frozen=True)
class Map:
    """A map as it is sent.

    Attributes:
        version: of the index.
        body: the answer, as JSON.
    """

    version: int
    body: bytes


class Maps:
    """The maps of an index, of which the newest is kept.

    Args:
        index: whose passages they show.
        most: passages of one; of more, so many at even distances.
    """

    def __init__(self, index: Index, most: int) -> None:
        self._index, self._most = index, most
        self._lock = threading.Lock()
        self._made: Map | None = None
        #: The state of the index that was last begun with; one that failed is not tried again.
        self._begun: int | None = None
        self._failed = False

    def newest(self) -> Map | None:
        """The map; None while the first is being made, which begins when it is first asked for.

        After a change of the index, the one before is given until the new one is there.

        Raises:
            RuntimeError: it could not be made; the log says why.
        """
        version = self._index.version
        with self._lock:
            if self._begun != version:
                self._begun, self._failed = version, False
                # A daemon: nobody waits for a map when the server stops.
                threading.Thread(target=self._make, args=(version,), name="sbert-map", daemon=True).start()
            if self._failed and self._made is None:
                raise RuntimeError("The map of the index could not be made.")
            return self._made

    def _make(self, version: int) -> None:
        try:
            made = Map(version, as_json(drawn(self._index, self._most)))
        except Exception:
            log.exception("The map of the index failed")
            with self._lock:
                self._failed = True
            return
        with self._lock:
            if self._made is None or self._made.version < version:
                self._made = made


def drawn(index: Index, most: int) -> dict[str, Any]:
    """The map of an index: where its passages are in a plane, and in which named clusters.

    Args:
        index: whose passages they are.
        most: of them.
    """
    held = index.contents(limit=most)
    places, method = _places(held.vectors)
    labels, names = _clusters(held)
    return {
        "status": "ready",
        "method": method,
        "passages": len(index),
        "ids": held.ids,
        "documents": held.documents,
        "texts": [passage if len(passage) <= _SHOWN else f"{passage[:_SHOWN]}…" for passage in held.passages],
        "x": [round(value, _DIGITS) for value in places[:, 0].tolist()],
        "y": [round(value, _DIGITS) for value in places[:, 1].tolist()],
        "labels": labels,
        "names": names,
        "images": [place for place, document in enumerate(held.documents) if is_image(document)],
    }


def _places(vectors: FloatArray) -> tuple[FloatArray, str]:
    """Places by UMAP where it is installed, else by the two principal components."""
    if not len(vectors):
        return np.zeros((0, 2)), "pca"
    try:
        return layout(vectors), "umap"
    except MissingDependencyError:
        return principal_plane(vectors), "pca"


def _clusters(held: Contents) -> tuple[list[int], list[str]]:
    """Of each passage the number of its cluster, -1 for none, and the clusters' names."""
    from ..search.clusters import cluster
    from ..search.naming import name_clusters

    if len(held) < _CLUSTERED:
        return [-1] * len(held), []
    try:
        # Not as many as fit the data best, which are often two: names are there to find one's way.
        count = min(_CLUSTERS, max(2, round(len(held) ** 0.5 / 3)))
        found = cluster(held.vectors, n_clusters=count)
        return found.labels.tolist(), name_clusters(held.passages, found.labels)
    except MissingDependencyError:
        return [-1] * len(held), []
