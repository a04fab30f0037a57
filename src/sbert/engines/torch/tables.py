"""StaticEmbedding: a vector for each token, and their mean for a text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...checkpoints import resolve
from ...checkpoints.modules import StaticEmbeddingSpec
from ...checkpoints.modules.dense import SENTENCE, TOKENS
from ...checkpoints.modules.static_embedding import MODEL2VEC_TABLE, TABLE
from ...errors import InputError
from ...types import AnyArray
from .base import Features, Input, as_array, feature


class StaticEmbedding(Input):
    """A vector for each token; a text's is the mean of its tokens'. There is no network, so it is very fast.

    Args:
        tokenizer: of the ``tokenizers`` library, or a fast one of transformers. Its special tokens are not added.
        embedding_weights: (tokens, width); random by default.
        embedding_dim: width of random ones.

    Raises:
        InputError: the tokenizer is of another kind, or neither a table nor a width is given.
    """

    def __init__(
        self,
        tokenizer: Any,
        embedding_weights: AnyArray | Tensor | Sequence[Sequence[float]] | None = None,
        embedding_dim: int | None = None,
    ) -> None:
        super().__init__()
        written = serialized_tokenizer(tokenizer)
        self.tokenizer = tokenizer
        if embedding_weights is not None:
            table = table_of(embedding_weights)
        elif embedding_dim is not None:
            table = nn.EmbeddingBag(_backend(tokenizer).get_vocab_size(), embedding_dim).weight.detach()
        else:
            raise InputError("Give embedding_weights, a vector for each token, or embedding_dim for random ones.")
        self._spec = StaticEmbeddingSpec(Path(), table.shape[1], tokenizer_json=written)
        self.embedding = nn.EmbeddingBag.from_pretrained(table, freeze=False)

    @classmethod
    def from_model2vec(cls, model_id_or_path: str | os.PathLike[str]) -> StaticEmbedding:
        """Read a static model, by its name or folder, in model2vec's form or that of sentence-transformers.

        Raises:
            ModelNotFoundError: there is no model of that name.
            CheckpointError: it is no static model.
        """
        return cls.from_spec(StaticEmbeddingSpec.read(resolve(model_id_or_path).folder))

    @classmethod
    def from_spec(cls, spec: StaticEmbeddingSpec) -> StaticEmbedding:
        """Make the module of its spec, with the table in float32."""
        module = cls.__new__(cls)
        Input.__init__(module)
        module._spec, module.max_seq_length = spec, spec.max_seq_length
        table = torch.tensor(np.asarray(spec.table(), np.float32))
        module.embedding = nn.EmbeddingBag.from_pretrained(table, freeze=False)
        return module

    def to_spec(self) -> StaticEmbeddingSpec:  # noqa: D102
        name = MODEL2VEC_TABLE if self._spec.skip_unknown else TABLE
        return replace(self._spec, max_seq_length=self.max_seq_length, tensors={name: as_array(self.embedding.weight)})

    def forward(self, features: Features) -> Features:
        """Add ``sentence_embedding`` (B, width), the mean of the tokens' vectors; zeros for a text without tokens."""
        ids, real = feature(features, "input_ids"), feature(features, "attention_mask").bool()
        lengths = real.sum(dim=1)
        features[SENTENCE] = self.embedding(ids[real], lengths.cumsum(0) - lengths)
        features[TOKENS] = nn.functional.embedding(ids.masked_fill(~real, 0), self.embedding.weight)
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the table."""
        return self.embedding.embedding_dim

    get_sentence_embedding_dimension = get_embedding_dimension


def serialized_tokenizer(tokenizer: Any) -> str:
    """A tokenizer of the ``tokenizers`` library, or a fast one of transformers or of ours, as text.

    Raises:
        InputError: it is of another kind.
    """
    backend = _backend(tokenizer)
    if not hasattr(backend, "to_str"):
        raise InputError(
            f"tokenizer must be one of the tokenizers library or a fast one of transformers; "
            f"got {type(tokenizer).__name__}."
        )
    text: str = backend.to_str()
    return text


def _backend(tokenizer: Any) -> Any:
    """What of a tokenizer is the ``tokenizers`` library's; the tokenizer itself where nothing is."""
    return getattr(tokenizer, "backend_tokenizer", getattr(tokenizer, "backend", tokenizer))


def table_of(weights: AnyArray | Tensor | Sequence[Sequence[float]]) -> Tensor:
    """A table of vectors as a float32 tensor of its own.

    Raises:
        InputError: it has not two dimensions.
    """
    table = torch.tensor(np.asarray(weights.detach().cpu() if isinstance(weights, Tensor) else weights, np.float32))
    if table.ndim != 2 or not table.numel():
        raise InputError(f"embedding_weights must be (tokens, width); got the shape {tuple(table.shape)}.")
    return table
