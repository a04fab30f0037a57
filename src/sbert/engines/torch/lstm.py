"""LSTM: a recurrent network over token vectors."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from ...checkpoints.modules import LSTMSpec
from ...checkpoints.modules.dense import TOKENS
from .base import Features, Module, arrays, feature, load_arrays


class LSTM(Module):
    """A long short-term memory over token vectors (Hochreiter and Schmidhuber 1997).

    Args:
        embedding_dimension: width of the token vectors.
        hidden_dim: width of what one direction makes of them.
        num_layers: layers.
        dropout: between layers, in training.
        bidirectional: whether it reads a text from its end, too.
    """

    def __init__(
        self,
        embedding_dimension: int,
        hidden_dim: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = True,
    ) -> None:
        super().__init__()
        self._spec = LSTMSpec(embedding_dimension, hidden_dim, num_layers, dropout, bidirectional)
        self.encoder = nn.LSTM(
            embedding_dimension, hidden_dim, num_layers, dropout=dropout, bidirectional=bidirectional, batch_first=True
        )

    @classmethod
    def from_spec(cls, spec: LSTMSpec) -> LSTM:
        """Make the module of its spec and weights, in float32.

        Raises:
            CorruptCheckpointError: a tensor is missing or has another shape.
        """
        module = cls(spec.embedding_dimension, spec.hidden_dim, spec.num_layers, spec.dropout, spec.bidirectional)
        load_arrays(module, spec.tensors)
        return module

    def to_spec(self) -> LSTMSpec:  # noqa: D102
        return replace(self._spec, tensors=arrays(self))

    def forward(self, features: Features) -> Features:
        """Replace ``token_embeddings`` by (B, T, width); a text's do not depend on its padding."""
        tokens = feature(features, TOKENS).to(next(self.parameters()).dtype)
        # A text without tokens has one, which counts for nothing: the network takes no sequence of length 0.
        lengths = feature(features, "attention_mask").sum(dim=1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(tokens, lengths, batch_first=True, enforce_sorted=False)
        out, _ = nn.utils.rnn.pad_packed_sequence(
            self.encoder(packed)[0], batch_first=True, total_length=tokens.shape[1]
        )
        features[TOKENS] = out
        return features

    def get_embedding_dimension(self) -> int:
        """Width of what comes out."""
        return self.encoder.hidden_size * (2 if self.encoder.bidirectional else 1)
