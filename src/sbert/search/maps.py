"""Maps: vectors laid out in a plane, as one page that any browser opens without a network."""

from __future__ import annotations

import html
import json
import os
import warnings
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np

from ..data.files import atomic_write
from ..errors import InputError, MissingDependencyError
from ..types import FloatArray, Vectors
from ..vectors import as_array, as_rows
from .scoring import unit_rows

#: Places on the map are whole numbers below it: finer than a screen, and short in the file.
_SIDE = 20_000
#: Characters of a text that are shown.
_SHOWN = 400
_NEIGHBOURS = 15


def draw_map(
    embeddings: Vectors,
    texts: Sequence[str],
    names: Sequence[str | None],
    path: str | os.PathLike[str],
    *,
    title: str = "map",
    seed: int = 0,
    pictures: Sequence[str | None] | None = None,
) -> Path:
    """Write a map of texts: a page that pans, zooms, searches, and shows the text under the pointer.

    Everything is in the one file, and the page forbids itself all connections.

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        texts: the n texts; the first 400 characters of each are in the page.
        names: for each text the name of its cluster, drawn in its midst; None or "" for none.
        path: the file, such as ``map.html``.
        title: of the page.
        seed: of the layout; the same rows and seed give the same map.
        pictures: for each text a small picture that stands in its place, as :func:`sbert.images.thumbnail` gives it;
            None for a dot.

    Returns:
        The file.

    Raises:
        InputError: texts, names and embeddings are not as many as each other, or NaN or infinity.
        DataError: the file cannot be written.
        MissingDependencyError: umap-learn, an extra, is not installed.
    """
    rows = as_rows(embeddings, "embeddings")
    counts = [len(rows), len(texts), len(names), *([] if pictures is None else [len(pictures)])]
    if len(set(counts)) > 1:
        raise InputError(
            f"embeddings, texts, names and pictures must be as many as each other; got {', '.join(map(str, counts))}."
        )
    places = np.rint(layout(rows, seed=seed) * (_SIDE - 1)).astype(int)
    listed = [name for name, _ in _by_size(names)]
    number = {name: place for place, name in enumerate(listed)}
    labels = np.array([number.get(name or "", -1) for name in names], int)
    data = {
        "side": _SIDE,
        "x": places[:, 0].tolist(),
        "y": places[:, 1].tolist(),
        "labels": labels.tolist(),
        "names": listed,
        "centres": [np.median(places[labels == place], axis=0).tolist() for place in range(len(listed))],
        "texts": [text[:_SHOWN] for text in texts],
    }
    if pictures is not None and any(pictures):
        data["pictures"] = list(pictures)
    # "</script>" in a text would end the data, so no "<" is left in it.
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    page = resources.files(__package__).joinpath("map_page.html").read_text(encoding="utf-8")
    path = Path(path).expanduser()
    before, _, after = page.partition("$data")
    before = Template(before).safe_substitute(title=html.escape(title))
    with atomic_write(path) as file:
        file.write(f"{before}{written}{after}".encode("utf-8", "replace"))
    return path


def layout(embeddings: Vectors, *, seed: int = 0) -> FloatArray:
    """Places in a plane where rows of like directions are near each other, by UMAP (McInnes and others 2018).

    Args:
        embeddings: (n, d). NumPy, torch or lists.
        seed: the same rows and seed give the same places.

    Returns:
        (n, 2) in [0, 1].

    Raises:
        InputError: NaN or infinity.
        MissingDependencyError: umap-learn, an extra, is not installed.
    """
    rows = as_array(unit_rows(as_rows(embeddings, "embeddings"), "embeddings"))
    if len(rows) < 4:  # too few to have neighbours: on a line
        return np.stack([np.linspace(0, 1, len(rows)), np.full(len(rows), 0.5)], axis=1)
    try:
        import umap
    except ImportError as error:
        raise MissingDependencyError("umap-learn", "draw maps", "map") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed keeps it to one core
        places = umap.UMAP(
            n_neighbors=min(_NEIGHBOURS, len(rows) - 1),
            metric="cosine",
            init="spectral" if len(rows) > _NEIGHBOURS else "random",
            random_state=seed,
        ).fit_transform(rows)
    return _in_square(places)


def principal_plane(embeddings: Vectors) -> FloatArray:
    """Places in the plane in which rows' directions differ most (PCA): a rough map, which needs no further library.

    Args:
        embeddings: (n, d). NumPy, torch or lists.

    Returns:
        (n, 2) in [0, 1].

    Raises:
        InputError: NaN or infinity.
    """
    rows = np.asarray(as_array(unit_rows(as_rows(embeddings, "embeddings"), "embeddings")), np.float64)
    centred = rows - rows.mean(axis=0) if len(rows) else rows
    axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]  # of the two greatest variances
    # An axis may point either way; each points to where its greatest number is above zero.
    axes *= np.where(axes.max(axis=0) < -axes.min(axis=0), -1, 1)
    places = centred @ axes
    return _in_square(places if places.shape[1] == 2 else np.pad(places, ((0, 0), (0, 2 - places.shape[1]))))


def _in_square(places: FloatArray) -> FloatArray:
    """Places moved and scaled, both axes alike, to fill [0, 1] on the longer one."""
    if not len(places):
        return places
    low, high = places.min(axis=0), places.max(axis=0)
    shared: FloatArray = (places - (low + high) / 2) / max(float((high - low).max()), 1e-9) + 0.5
    return shared.clip(0, 1)


def _by_size(names: Sequence[str | None]) -> list[tuple[str, int]]:
    return Counter(name for name in names if name).most_common()
