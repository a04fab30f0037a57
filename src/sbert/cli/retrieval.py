"""Answering queries from what retrieves, and from a reranker after it where one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .answers import answer
from .options import load_reranker

if TYPE_CHECKING:
    from ..index import Index
    from ..search.pipeline import Retriever


def answer_by_image(
    index: Index,
    image: str,
    query: str | None,
    describe: Callable[[Any], dict[str, Any]],
    columns: tuple[str, ...],
    *,
    top_k: int,
    where: str | None,
    as_json: bool,
) -> None:
    """Answer with what is most like an image; arguments as for :func:`answer_from`."""
    if query is not None:
        raise typer.BadParameter("give QUERY or --image, not both.", param_hint="--image")
    path = Path(image).expanduser()
    answer(
        image,
        lambda _: [describe(hit) for hit in index.search_image(path, top_k, where=where)],
        columns,
        as_json=as_json,
    )


def answer_from(
    retriever: Retriever,
    query: str | None,
    describe: Callable[[Any], dict[str, Any]],
    columns: tuple[str, ...],
    *,
    top_k: int,
    rerank: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Answer a query, or all that are asked for where there is none.

    Args:
        retriever: an index, or texts with their vectors.
        query: as for :func:`~.answers.answer`.
        describe: a hit of the retriever as plain values.
        columns: as for :func:`~.answers.answer`.
        top_k: hits for each query.
        rerank: name or folder of a cross-encoder; None for none.
        as_json: as for :func:`~.answers.answer`.
        **options: passed to the retriever's search.
    """
    from ..search.pipeline import Pipeline

    if rerank is None:
        answer(
            query,
            lambda asked: [describe(hit) for hit in retriever.search([asked], top_k, **options)[0]],
            columns,
            as_json=as_json,
        )
        return
    pipeline = Pipeline(retriever, load_reranker(rerank))

    def find(asked: str) -> list[dict[str, Any]]:
        return [
            {
                **describe(found.found),
                "score": found.score,
                "retrieved": {"rank": found.rank, "score": found.found.score},
            }
            for found in pipeline.search(asked, top_k, **options)
        ]

    answer(query, find, columns, as_json=as_json, steps=lambda: pipeline.timings)
