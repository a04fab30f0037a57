"""Paraphrases among many texts: which of the most similar pairs are known duplicates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from ..errors import InputError, positive
from ..search.mining import paraphrases
from .binary import Cuts
from .evaluator import Evaluator, Metrics, encode_options


class ParaphraseMiningEvaluator(Evaluator):
    """Mines the most similar pairs of some texts and compares them with the pairs that are known to belong together.

    Measures ``average_precision``, which counts most, and ``f1`` at its best ``threshold`` of the cosine, with
    ``precision`` and ``recall`` there. Duplicates that are not mined count as not found.

    Args:
        sentences_map: texts by their names.
        duplicates_list: pairs of names.
        duplicates_dict: for a name the names of its duplicates; besides the list, or in place of it.
        add_transitive_closure: whether duplicates of duplicates are duplicates.
        query_chunk_size: texts compared at a time.
        corpus_chunk_size: texts that those are compared with at a time.
        max_pairs: pairs mined at the most.
        top_k: for each text, only pairs with so many nearest ones are looked at.
        show_progress_bar: as for ``encode``.
        batch_size: texts in a batch at the most; by default the engine chooses.
        name: of the data.
        write_csv: whether a row is added to a table where a call names a folder.
        truncate_dim: keep so many leading dimensions.

    Raises:
        InputError: there are no duplicates, or one is none of the texts.
    """

    table = "paraphrase_mining_evaluation"

    def __init__(
        self,
        sentences_map: Mapping[str, str],
        duplicates_list: Iterable[tuple[str, str]] | None = None,
        duplicates_dict: Mapping[str, Collection[str] | Mapping[str, bool]] | None = None,
        add_transitive_closure: bool = False,
        query_chunk_size: int = 5000,
        corpus_chunk_size: int = 100_000,
        max_pairs: int = 500_000,
        top_k: int = 100,
        show_progress_bar: bool = False,
        batch_size: int | None = None,
        name: str = "",
        write_csv: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__(name, write_csv)
        number = {text: place for place, text in enumerate(sentences_map)}
        pairs = [tuple(pair) for pair in duplicates_list or ()]
        for one, others in (duplicates_dict or {}).items():
            # In the form that scripts know, {name: {other: True}}, a False says no duplicate.
            pairs += [(one, other) for other in others if not isinstance(others, Mapping) or others[other]]
        unknown = next((text for pair in pairs for text in pair if text not in number), None)
        if unknown is not None:
            raise InputError(f"A duplicate is named {unknown!r}, which is none of sentences_map.")
        known = {
            (min(pair), max(pair)) for one, other in pairs if (pair := (number[one], number[other])) and one != other
        }
        if not known:
            raise InputError("duplicates_list or duplicates_dict must hold a pair of different texts; got none.")
        self.sentences = list(sentences_map.values())
        self._duplicates = _closed(known, len(number)) if add_transitive_closure else known
        self._mining: dict[str, Any] = {
            "max_pairs": positive("max_pairs", max_pairs),
            "top_k": positive("top_k", top_k),
            "query_chunk_size": positive("query_chunk_size", query_chunk_size),
            "corpus_chunk_size": positive("corpus_chunk_size", corpus_chunk_size),
        }
        self._options = encode_options(batch_size, show_progress_bar, truncate_dim)

    def measure(self, model: Any) -> tuple[Metrics, str]:  # noqa: D102
        mined = paraphrases(model.encode(self.sentences, **self._options), **self._mining)
        places = zip(mined.left.tolist(), mined.right.tolist(), strict=True)
        labels = [(min(pair), max(pair)) in self._duplicates for pair in places]
        cuts = Cuts.of(mined.scores, np.array(labels, bool), positive=len(self._duplicates))
        f1, precision, recall, threshold = cuts.f1()
        found = {
            "average_precision": cuts.average_precision(),
            "f1": f1,
            "precision": precision,
            "recall": recall,
            "threshold": threshold,
        }
        return found, "average_precision"


def _closed(pairs: Iterable[tuple[int, int]], count: int) -> set[tuple[int, int]]:
    """All pairs within the groups that pairs join."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for one, other in pairs:
        parent[root(one)] = root(other)
    groups: dict[int, list[int]] = {}
    for place in range(count):
        groups.setdefault(root(place), []).append(place)
    return {pair for group in groups.values() for pair in combinations(group, 2)}
