"""Texts in, vectors out: reading the files that people keep texts in, and writing what becomes of them."""

from __future__ import annotations

from .corpus import Corpus
from .examples import InputExample
from .readers import Rows, Texts, TextStream, iter_texts, read_rows, read_texts
from .shards import Shards, open_embeddings
from .writers import write_embeddings, write_jsonl

__all__ = [
    "Corpus", "InputExample", "Rows", "Shards", "TextStream", "Texts", "iter_texts", "open_embeddings", "read_rows",
    "read_texts", "write_embeddings", "write_jsonl",
]  # fmt: skip
