"""Told classes beside true ones, in NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Labels = npt.NDArray[np.int64]


def f1_of_classes(told: _Labels, labels: _Labels) -> dict[str, float]:
    """F1 of the classes that are told or true: their mean, that of all together, and the mean by how many are true.

    Args:
        told: (n,) numbers of classes.
        labels: (n,) the true ones.

    Returns:
        ``f1_macro``, ``f1_micro``, which is the accuracy, and ``f1_weighted``.
    """
    of_each, sizes = _f1_of_each(told, labels)
    return {
        "f1_macro": float(of_each.mean()),
        "f1_micro": float((told == labels).mean()),
        "f1_weighted": float((of_each * sizes).sum() / sizes.sum()),
    }


def f1_macro(told: _Labels, labels: _Labels) -> float:
    """The first of :func:`f1_of_classes`."""
    return float(_f1_of_each(told, labels)[0].mean())


def _f1_of_each(told: _Labels, labels: _Labels) -> tuple[npt.NDArray[np.float64], _Labels]:
    classes, places = np.unique(np.concatenate([told, labels]), return_inverse=True)
    guesses, truths = places.ravel()[: len(told)], places.ravel()[len(told) :]
    of = [np.bincount(some, minlength=len(classes)) for some in (truths[guesses == truths], guesses, truths)]
    return 2 * of[0] / (of[1] + of[2]), of[2]
