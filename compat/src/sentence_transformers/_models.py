"""The four families, giving tensors where sentence-transformers gives tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import sbert
from sbert.checkpoints import ModelSpec

from . import _model_card
from ._tensors import as_tensor
from ._torch_access import TorchAccess


class _Carded:
    """Keeps the facts that scripts set at ``model.model_card_data``."""

    _card_data: type[_model_card.ModelCardData]
    spec: ModelSpec

    def __init__(self, *args: Any, model_card_data: Any = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.model_card_data = model_card_data if model_card_data is not None else self._card_data()
        if self.model_card_data.base_model is None:
            self.model_card_data.base_model = self.spec.name or None


class SentenceTransformer(_Carded, TorchAccess, sbert.SentenceTransformer):
    """:class:`sbert.SentenceTransformer` whose comparisons and token vectors are tensors."""

    _card_data = _model_card.SentenceTransformerModelCardData

    def encode(self, inputs: Any = None, *args: Any, **options: Any) -> Any:
        """As in sbert; token vectors, or everything there is of a text, are tensors."""
        # By position it is the fifth after the inputs.
        output_value = args[4] if len(args) > 4 else options.get("output_value", "sentence_embedding")
        if output_value != "sentence_embedding":
            options["convert_to_tensor"] = True
        return super().encode(inputs, *args, **options)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> torch.Tensor:
        """Every vector of one set compared with every one of another: (n, m)."""
        found: torch.Tensor = super().similarity(as_tensor(embeddings1), as_tensor(embeddings2))
        return found

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> torch.Tensor:
        """Two sets of vectors compared row by row: (n,)."""
        found: torch.Tensor = super().similarity_pairwise(as_tensor(embeddings1), as_tensor(embeddings2))
        return found


class CrossEncoder(_Carded, TorchAccess, sbert.CrossEncoder):
    """:class:`sbert.CrossEncoder`; its scores come as they do there."""

    _card_data = _model_card.CrossEncoderModelCardData

    @property
    def model(self) -> Any:
        """The network of transformers with its head."""
        return self[0].auto_model


class SparseEncoder(_Carded, TorchAccess, sbert.SparseEncoder):
    """:class:`sbert.SparseEncoder` that gives sparse tensors unless told otherwise."""

    _card_data = _model_card.SparseEncoderModelCardData

    def encode(
        self,
        inputs: Any = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        convert_to_tensor: bool = True,
        *args: Any,
        **options: Any,
    ) -> Any:
        """As in sbert, as a sparse COO tensor; without ``convert_to_tensor`` as a list of them, one a text."""
        found = super().encode(
            inputs, prompt_name, prompt, batch_size, show_progress_bar, True, *args, **options
        )  # fmt: skip
        return found if convert_to_tensor or found.ndim == 1 else list(found)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Every vector of one set compared with every one of another: (n, m)."""
        return torch.from_numpy(np.asarray(super().similarity(embeddings1, embeddings2)))

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Two sets of vectors compared row by row: (n,)."""
        return torch.from_numpy(np.asarray(super().similarity_pairwise(embeddings1, embeddings2)))

    def intersection(self, embeddings_1: Any, embeddings_2: Any) -> Any:
        """What two vectors share: their product word by word, as a sparse tensor."""
        from sbert.models.sparse_encoder import as_sparse_tensor

        shared = as_sparse_tensor(super().intersection(embeddings_1, embeddings_2))
        return shared[0] if getattr(embeddings_2, "ndim", 2) == 1 else shared


class MultiVectorEncoder(_Carded, TorchAccess, sbert.MultiVectorEncoder):
    """:class:`sbert.MultiVectorEncoder` that gives a list of tensors unless told otherwise."""

    _card_data = _model_card.MultiVectorEncoderModelCardData

    def encode(
        self,
        inputs: Any = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        output_value: str | None = "token_embeddings",
        convert_to_numpy: bool = False,
        *args: Any,
        **options: Any,
    ) -> Any:
        """As in sbert, with a tensor a text."""
        return super().encode(
            inputs, prompt_name, prompt, batch_size, show_progress_bar, output_value, convert_to_numpy, *args, **options
        )  # fmt: skip

    def similarity(self, embeddings1: Any, embeddings2: Any, **options: Any) -> Any:
        """Every text of one set compared with every one of another: (n, m)."""
        return torch.from_numpy(np.asarray(super().similarity(embeddings1, embeddings2, **options)))

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any, **options: Any) -> Any:
        """Two sets of texts compared one by one: (n,)."""
        return torch.from_numpy(np.asarray(super().similarity_pairwise(embeddings1, embeddings2, **options)))
