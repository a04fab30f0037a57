"""``sbert search``: the texts of a corpus that answer a query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import note
from .options import (
    DEFAULT_MODEL,
    Backend,
    Column,
    Device,
    Dtype,
    Form,
    ImageQuery,
    Json,
    Model,
    Rerank,
    load_model,
    tell_truncation,
)
from .retrieval import answer_by_image, answer_from

if TYPE_CHECKING:
    from ..index import Hit
    from ..models.sentence_transformer import SentenceTransformer
    from ..search.text_corpus import FoundText, TextCorpus

#: What is shown of a passage of an index.
PASSAGE_COLUMNS = ("document", "heading", "passage")


def search(
    corpus: Annotated[
        str,
        typer.Argument(
            metavar="CORPUS",
            help="File of texts: .txt, .jsonl, .csv, .tsv or .parquet, also .gz; - for stdin. Or a folder of "
            "documents, or an index that `sbert index build` made.",
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
    rerank: Rerank = None,
    image: ImageQuery = None,
    as_json: Json = False,
) -> None:
    """Search the texts of a file, or the documents and images of a folder, by meaning.

    Vectors are kept beside the file or folder, in a folder with .sbert-cache behind its name. An index is searched with
    its own model; of a folder, the files that changed are embedded anew.
    """
    if corpus == "-" and query is None:
        raise typer.BadParameter("with the corpus on standard input, the query must be given.", param_hint="QUERY")
    if corpus != "-" and Path(corpus).expanduser().is_dir():
        if is_index(corpus):
            from ..index import Index

            index = Index.open(corpus)
            _ = index.model  # loaded now, so that the time told of the first query is its own
        else:
            from ..index.beside import folder_index

            index, changes = folder_index(
                load_model(model, dtype=dtype, backend=backend, device=device), Path(corpus).expanduser(), column
            )
            note(f"{changes}; the index is {index.path}.")
            tell_skipped(dict(changes.skipped))
        if image is not None:
            answer_by_image(index, image, query, described, PASSAGE_COLUMNS, top_k=top_k, where=None, as_json=as_json)
            return
        answer_from(index, query, described, PASSAGE_COLUMNS, top_k=top_k, rerank=rerank, as_json=as_json)
        return
    if image is not None:
        raise typer.BadParameter("images are looked for in folders and indexes.", param_hint="--image")
    embedder = load_model(model, dtype=dtype, backend=backend, device=device)
    texts = _text_corpus(embedder, corpus, column, form)
    answer_from(texts, query, _described_text, ("text",), top_k=top_k, rerank=rerank, as_json=as_json)


def is_index(path: str) -> bool:
    """Whether a folder is an index, or is named like one."""
    return path.rstrip("/\\").endswith(".lance")


def described(hit: Hit) -> dict[str, Any]:
    """A hit of an index as plain values."""
    return hit.to_dict()


def _described_text(hit: FoundText) -> dict[str, Any]:
    return {"score": hit.score, "corpus_id": hit.id, "text": hit.passage}


def tell_skipped(skipped: dict[str, str]) -> None:
    """Tell which files could not be read."""
    for problem in skipped.values():
        note(f"Left out: {problem}")


def _text_corpus(embedder: SentenceTransformer, corpus: str, column: str | None, form: str | None) -> TextCorpus:
    """The texts of one file with their vectors."""
    from ..data import read_texts
    from ..search.corpus_cache import embed_corpus
    from ..search.text_corpus import TextCorpus

    texts = read_texts(corpus, column=column, form=form)
    vectors = embed_corpus(embedder, texts.texts, texts.path)
    note(vectors.note)
    if not vectors.from_cache:
        tell_truncation(embedder)
    return TextCorpus(embedder, texts.texts, vectors.embeddings)
