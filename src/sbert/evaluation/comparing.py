"""The similarities that an evaluator compares by: the model's own, or some by name, of vectors of any family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, one_of
from ..late_interaction import MAXSIM, maxsim, maxsim_pairwise
from ..models.multi_vector_encoder import MEANMAXSIM
from ..search.exact import search
from ..similarity import SMALLEST_NORM, SimilarityFunction
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
        return as_array(model.similarity_pairwise(a, b)).astype(np.float64)
    if name in OF_SETS:
        of_sets: Numbers = maxsim_pairwise(a, b, length_normalize=name == MEANMAXSIM).astype(np.float64)
        return of_sets
    compare = SimilarityFunction.to_similarity_pairwise_fn(name)
    if not is_sparse(a):
        return as_array(compare(a, b)).astype(np.float64)
    parts = [compare(a[rows].toarray(), b[rows].toarray()) for rows in _blocks(a)]
    return np.concatenate(parts).astype(np.float64)


def scores_of_all(model: Any, name: str, a: Any, b: Any) -> Any:
    """The similarity of each text of one set with each of another, (n, m); arguments as for :func:`scores_of_rows`."""
    if name == str(model.similarity_fn_name):
        return as_array(model.similarity(a, b))
    if name in OF_SETS:
        return maxsim(a, b, length_normalize=name == MEANMAXSIM)
    compare = SimilarityFunction.to_similarity_fn(name)
    if not is_sparse(a):
        return as_array(compare(a, b))
    return np.concatenate([compare(a.toarray(), b[rows].toarray()) for rows in _blocks(b)], axis=1)


def squared_errors(a: Any, b: Any) -> Numbers:
    """The mean squared difference of the numbers of each row of one set from those of another, (n,)."""
    if is_sparse(a):
        return np.asarray((a.astype(np.float64) - b).power(2).sum(axis=1), np.float64).ravel() / float(a.shape[1])
    found: Numbers = np.square(as_array(a).astype(np.float64) - as_array(b)).mean(axis=1)
    return found


def nearest_by_cosine(a: Any, b: Any) -> npt.NDArray[np.int64]:
    """Of each row of one set the row of another that is nearest by the cosine, (n,); of equal ones the first."""
    if not is_sparse(a):
        found: npt.NDArray[np.int64] = search(a, b, top_k=1).ids[:, 0]
        return found
    # The length of the row itself does not change which one is nearest.
    lengths = np.sqrt(np.asarray(b.power(2).sum(axis=1)).ravel()).clip(SMALLEST_NORM)
    return np.concatenate([((a[rows] @ b.T).toarray() / lengths).argmax(axis=1) for rows in _blocks(a)])


def one_vector_each(model: Any, texts: Sequence[str], options: dict[str, Any]) -> Any:
    """The vectors of texts, (n, d), of a model that makes one a text, as scikit-learn takes them.

    Raises:
        InputError: the model makes a vector a token.
    """
    found = model.encode(list(texts), **options)
    if isinstance(found, list):
        raise InputError("This evaluator needs one vector a text; the model makes one a token.")
    if is_sparse(found):  # scikit-learn takes indices of 32 bits alone
        found.indices, found.indptr = found.indices.astype(np.int32), found.indptr.astype(np.int32)
    return found


def is_sparse(embeddings: Any) -> bool:
    """Whether vectors are sparse ones of SciPy."""
    return hasattr(embeddings, "tocsr")


def _blocks(rows: Any) -> Iterator[slice]:
    """Rows of which few enough are taken at a time to be made full."""
    return (slice(start, start + _ROWS) for start in range(0, rows.shape[0], _ROWS))
