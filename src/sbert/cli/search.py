"""``sbert search``: the texts of a corpus that answer a query."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import is_interactive, note, print_json, print_table
from .options import DEFAULT_MODEL, Backend, Column, Device, Dtype, Form, Json, Model, load_model

if TYPE_CHECKING:
    from ..models.sentence_transformer import SentenceTransformer
    from ..search.corpus import Corpus

PROMPT = "search > "


def search(
    corpus: Annotated[
        str,
        typer.Argument(
            metavar="CORPUS", help="File of texts: .txt, .jsonl, .csv, .tsv or .parquet, also .gz; - for stdin."
        ),
    ],
    query: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="What to look for; asked for, or read from stdin, if none.")
    ] = None,
    model: Model = DEFAULT_MODEL,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, help="Hits for each query.")] = 10,
    column: Column = None,
    form: Form = None,
    dtype: Dtype = None,
    backend: Backend = "auto",
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Search the texts of a file by meaning.

    Vectors are kept beside the file, in a folder with .sbert-cache behind the file's name.
    """
    from ..data import read_texts
    from ..errors import InputError
    from ..search.corpus import Corpus
    from ..search.corpus_cache import embed_corpus

    if corpus == "-" and query is None:
        raise typer.BadParameter("with the corpus on standard input, the query must be given.", param_hint="QUERY")
    texts = read_texts(corpus, column=column, form=form)
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    vectors = embed_corpus(embedder, texts.texts, texts.path)
    note(vectors.note)
    if not vectors.from_cache and embedder.truncation.truncated:
        note(str(embedder.truncation))
    prepared = Corpus(vectors.embeddings, score_function=embedder.similarity_fn_name)
    for asked in [query] if query is not None else _asked():
        try:
            answer = _answer(embedder, asked, prepared, texts.texts, top_k)
        except InputError as error:
            if query is not None:
                raise
            note(f"{asked!r}: {error}")  # one bad query of many does not end the others
            continue
        if as_json:
            print_json(answer)
        else:
            _print(answer)


def _asked() -> Iterator[str]:
    """Queries as people type them or as lines of standard input; empty ones are passed over."""
    if is_interactive():
        import contextlib

        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  (gives input() editing and history)
        note("Type what you look for; an empty line or Ctrl-D ends.")
        with contextlib.suppress(EOFError):
            while line := input(PROMPT).strip():
                yield line
        return
    for line in sys.stdin:
        if line.strip():
            yield line.strip()


def _answer(embedder: SentenceTransformer, query: str, corpus: Corpus, texts: list[str], top_k: int) -> dict[str, Any]:
    started = time.perf_counter()
    hits = corpus.search(embedder.encode_query([query]), top_k)
    milliseconds = (time.perf_counter() - started) * 1000
    found = zip(hits.ids[0].tolist(), hits.scores[0].tolist(), strict=True)
    return {
        "query": query,
        "hits": [
            {"rank": rank, "score": round(score, 6), "corpus_id": row, "text": texts[row]}
            for rank, (row, score) in enumerate(found, start=1)
        ],
        "milliseconds": round(milliseconds, 2),
    }


def _print(answer: dict[str, Any]) -> None:
    rows = [(str(hit["rank"]), f"{hit['score']:.4f}", hit["text"]) for hit in answer["hits"]]
    print_table(("rank", "score", "text"), rows)
    note(f"{answer['milliseconds']:.0f} ms")
