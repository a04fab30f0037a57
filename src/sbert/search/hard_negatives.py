"""Hard negatives: for (anchor, positive) pairs, documents that are like the anchor and yet no answer to it."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import SbertWarning, one_of, positive
from .negatives.candidates import Finder, Judge
from .negatives.embedding import embedding
from .negatives.filters import REMOVED, Filters
from .negatives.formats import FORMATS, Negatives, require_free_names
from .negatives.groups import Groups, grouped
from .negatives.report import Counts, report
from .negatives.sampling import Window
from .negatives.tables import read_pairs, require_texts


def mine_hard_negatives(
    dataset: Any,
    model: Any,
    anchor_column_name: str | None = None,
    positive_column_name: str | None = None,
    corpus: Sequence[str] | None = None,
    cross_encoder: Judge | None = None,
    range_min: int = 0,
    range_max: int | None = None,
    max_score: float | None = None,
    min_score: float | None = None,
    absolute_margin: float | None = None,
    relative_margin: float | None = None,
    num_negatives: int = 3,
    sampling_strategy: str = "top",
    query_prompt_name: str | None = None,
    query_prompt: str | None = None,
    corpus_prompt_name: str | None = None,
    corpus_prompt: str | None = None,
    include_positives: bool = False,
    output_format: str = "triplet",
    output_scores: bool = False,
    batch_size: int | None = None,
    faiss_batch_size: int = 16384,
    use_faiss: bool = False,  # noqa: ARG001  (scripts pass it)
    use_multi_process: Sequence[str] | bool = False,
    verbose: bool = True,
    cache_folder: str | os.PathLike[str] | None = None,
    *,
    seed: int = 0,
) -> Any:
    """Add hard negatives to (anchor, positive) pairs: documents near the anchor that are none of its positives.

    Each distinct text is embedded once, and the documents nearest to each anchor are found by exact search. Those that
    pass all bounds are ranked by score, and negatives are taken from a range of the ranks. All pairs with the same
    anchor are positives of it; the least of their scores is what margins are measured from. Beside the vectors and the
    result, memory for ``faiss_batch_size`` anchors' candidates is used, however large the corpus is.

    A document with the anchor's own text is never a negative.

    Args:
        dataset: pairs, as a ``datasets.Dataset``, a list of dicts, a dict of columns, or a list of (anchor, positive).
        model: what embeds the texts, with ``encode_query`` and ``encode_document``.
        anchor_column_name: the column of anchors; None for the first.
        positive_column_name: the column of positives; None for the first other one.
        corpus: documents that may be negatives beside the positives of other anchors.
        cross_encoder: anything whose ``predict`` gives a score for each of a list of pairs: candidates and positives
            are then scored by it. It is asked once for each ``faiss_batch_size`` anchors.
        range_min: ranks that are passed over, since the nearest documents may be true answers.
        range_max: the rank behind the last one. By default there is room for the positives and ``num_negatives``, or
            for ten times as many where candidates may be left out or change places.
        max_score: greatest score of a negative.
        min_score: least score of a negative.
        absolute_margin: a negative scores at least so much less than the positive.
        relative_margin: a negative scores at least this share of the positive's score less. 0.05 does well:
            NV-Retriever, https://arxiv.org/abs/2407.15831.
        num_negatives: negatives for each anchor.
        sampling_strategy: ``top`` takes the first of the range, ``random`` any.
        query_prompt_name: name of the prompt for anchors; by default the model's for queries.
        query_prompt: that prompt itself.
        corpus_prompt_name: name of the prompt for documents; by default the model's for documents.
        corpus_prompt: that prompt itself.
        include_positives: whether positives stay among the candidates, for rankings that rerankers are measured on;
            the form is then ``n-tuple``.
        output_format: ``triplet`` (anchor, positive, negative), ``n-tuple`` (anchor, positive, negative_1 ...),
            ``labeled-pair`` (anchor, document, label), ``labeled-list`` (anchor, documents, labels). Only ``n-tuple``
            leaves out anchors that have some negatives, but too few.
        output_scores: whether scores are added, as ``scores`` in the first two forms and in place of the labels in the
            others.
        batch_size: texts in a batch at the most, also the cross-encoder's; None for each one's own choice.
        faiss_batch_size: anchors that are worked on at a time.
        use_faiss: taken from scripts that pass it; the search is exact either way.
        use_multi_process: True for all devices, or their names: embeds with a pool of processes.
        verbose: whether to print a table of the scores, and what was left out why, to standard error.
        cache_folder: where vectors are kept; they are read where model, prompts and texts are the same.
        seed: of the random sampling.

    Returns:
        The kind of thing that ``dataset`` is, in the order in which anchors first appear; distinct pairs only. Columns
        other than anchors and positives are left out.

    Raises:
        InputError: an argument is wrong, or no such column is there.
        NotTextError: an anchor, a positive or a document is not text; its row is named.
    """
    filters = Filters(absolute_margin, relative_margin, max_score, min_score)
    output_format = _form(output_format, include_positives)
    step, num_negatives = positive("faiss_batch_size", faiss_batch_size), positive("num_negatives", num_negatives)
    pairs = read_pairs(dataset, anchor_column_name, positive_column_name)
    require_free_names(output_format, pairs.anchor_name, pairs.positive_name, num_negatives, output_scores)
    if corpus is not None:
        require_texts(corpus, "corpus")
    groups = grouped(pairs.anchors, pairs.positives, corpus)
    if range_max is None:
        wide = cross_encoder is not None or filters.given().keys() - {"min_score"}
        range_max = range_min + num_negatives * (10 if wide else 1) + groups.most
    window = Window(range_min, range_max, num_negatives, sampling_strategy)
    with embedding(model, use_multi_process, batch_size, cache_folder, verbose) as embed:
        documents = embed("document", groups.documents, corpus_prompt_name, corpus_prompt)
        anchors = embed("query", groups.anchors, query_prompt_name, query_prompt)
    finder = Finder(
        groups,
        anchors,
        documents,
        similarity=getattr(model, "similarity_fn_name", "cosine"),
        depth=range_max + groups.most,
        keep_positives=include_positives,
        judge=cross_encoder,
        options={} if batch_size is None else {"batch_size": batch_size},
    )
    mined, counts = _mined(groups, finder, filters, window, step, np.random.default_rng(seed))
    if verbose:
        print(report(mined, counts), file=sys.stderr)  # noqa: T201  (this is what verbose asks for)
    return pairs.rebuild(FORMATS[output_format](mined, pairs.anchor_name, pairs.positive_name, output_scores))


def _mined(
    groups: Groups, finder: Finder, filters: Filters, window: Window, step: int, generator: np.random.Generator
) -> tuple[Negatives, Counts]:
    """The negatives of all anchors, found for some at a time, and what was left out on the way."""
    ids = np.full((len(groups), window.num_negatives), -1, np.int64)
    scores = np.empty(ids.shape, np.float32)
    positive_scores, counts = [], Counts(filters.given())
    for start in range(0, len(groups), step):
        stop = min(start + step, len(groups))
        found = finder.find(start, stop)
        looked_at = int(np.count_nonzero(found.scores != REMOVED))
        counts.add(looked_at, filters.apply(found.scores, found.least_positive))
        scores[start:stop], ids[start:stop] = window.take(found.scores, found.ids, generator)
        positive_scores.append(found.positive_scores)
    return Negatives(groups, np.concatenate(positive_scores), ids, scores), counts


def _form(output_format: str, include_positives: bool) -> str:
    if output_format not in FORMATS:
        raise one_of("output_format", output_format, FORMATS)
    if include_positives and output_format.startswith("labeled"):
        warnings.warn(
            f"With include_positives=True a ranking is given, whose form is 'n-tuple'; got {output_format!r}.",
            SbertWarning,
            stacklevel=3,
        )
    return "n-tuple" if include_positives else output_format
