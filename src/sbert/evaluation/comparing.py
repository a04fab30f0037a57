"""The similarities that an evaluator compares by: the model's own, or some by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..similarity import SimilarityFunction
from ..vectors import as_array

#: Those that are distances, whose thresholds people read as such.
DISTANCES = ("euclidean", "manhattan")


def chosen_names(model: Any, names: Sequence[str | SimilarityFunction] | None) -> list[str]:
    """The names of similarities, the model's own where none are asked for.

    Raises:
        InputError: one is not known.
    """
    if not names:
        return [str(model.similarity_fn_name)]
    return [SimilarityFunction(name).value for name in names]


def scores_of_rows(model: Any, name: str, a: Any, b: Any) -> npt.NDArray[np.float64]:
    """The similarity of each text of one set with the same of another, (n,); distances are negated.

    Args:
        model: that made both; compares them in its own way where that is asked for, which families have of their own.
        name: of the similarity.
        a: embeddings of a set.
        b: of the other.
    """
    own = name == str(model.similarity_fn_name)
    compare = model.similarity_pairwise if own else SimilarityFunction.to_similarity_pairwise_fn(name)
    return as_array(compare(a, b)).astype(np.float64)
