"""The similarities that an evaluator compares by: the model's own, or some by name, of vectors of any family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import one_of
from ..late_interaction import MAXSIM, maxsim, maxsim_pairwise
from ..models.multi_vector_encoder import MEANMAXSIM
from ..similarity import SimilarityFunction, unit
from ..vectors import as_array
from .outcomes import Numbers

#: Those that are distances, whose thresholds people read as such.
DISTANCES = ("euclidean", "manhattan")
#: Those of sets of vectors.
OF_SETS = (MAXSIM, MEANMAXSIM)
#: Sparse rows that are made full at a time.
_ROWS = 1024


def chosen_names(model: Any, names: Sequence[str | SimilarityFunction] | None) -> list[str]:
    """The names of similarities, the model's own where none are asked for.

    Raises:
        InputError: one is not known, or is not one of the model's family.
    """
    own = str(model.similarity_fn_name)
    if not names:
        return [own]
    known = OF_SETS if own in OF_SETS else SimilarityFunction.possible_values()
    wanted = [name.value if isinstance(name, SimilarityFunction) else name for name in names]
    for name in wanted:
        if name not in known:
            raise one_of("the name of a similarity", name, known)
    return wanted


def scores_of_rows(model: Any, name: str, a: Any, b: Any) -> Numbers:
    """The similarity of each text of one set with the same of another, (n,); distances are negated.

    Args:
        model: that made both; compares them in its own way where that is asked for, which families have of their own.
        name: of the similarity.
        a: embeddings of a set.
        b: of the other.
    """
    if name == str(model.similarity_fn_name):
        found = model.similarity_pairwise(a, b)
    elif name in OF_SETS:
        found = maxsim_pairwise(a, b, length_normalize=name == MEANMAXSIM)
    else:
        compare = SimilarityFunction.to_similarity_pairwise_fn(name)
        found = np.concatenate([as_array(compare(*both)) for both in _full_pairs(a, b)]) if is_sparse(a) else compare(a, b)
    return as_array(found).astype(np.float64)


def scores_of_all(model: Any, name: str, a: Any, b: Any) -> npt.NDArray[np.float32]:
    """The similarity of each text of one set with each of another, (n, m); arguments as for :func:`scores_of_rows`."""
    compare: Callable[[Any, Any], Any]
    if name == str(model.similarity_fn_name):
        compare = model.similarity
    elif name in OF_SETS:
        compare = partial(maxsim, length_normalize=name == MEANMAXSIM)
    else:
        formula = SimilarityFunction.to_similarity_fn(name)

        def compare(one: Any, other: Any) -> Any:
            return formula(full(one), full(other))

    return as_array(compare(a, b))


def squared_errors(a: Any, b: Any) -> Numbers:
    """The mean squared difference of the numbers of each row of one set from those of another, (n,)."""
    if is_sparse(a):
        return np.asarray((a.astype(np.float64) - b).power(2).sum(axis=1), np.float64).ravel() / a.shape[1]
    return np.square(as_array(a).astype(np.float64) - as_array(b)).mean(axis=1)


def nearest_by_cosine(a: Any, b: Any) -> npt.NDArray[np.int64]:
    """Of each sparse row of one set the row of another that is nearest by the cosine, (n,); of equal ones the first."""
    return np.concatenate(
        [(unit(a[at : at + _ROWS].toarray()) @ (unit_sparse(b)).T).argmax(axis=1) for at in range(0, a.shape[0], _ROWS)]
    )


def is_sparse(embeddings: Any) -> bool:
    """Whether vectors are sparse ones of SciPy."""
    return hasattr(embeddings, "tocsr")


def full(embeddings: Any) -> Any:
    """Vectors without those that are left out for being zero."""
    return embeddings.toarray() if is_sparse(embeddings) else embeddings
