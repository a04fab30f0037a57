"""WeightedLayerPooling: a token's vector is a weighted mean of what several layers make of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...checkpoints.modules import WeightedLayerPoolingSpec
from ...checkpoints.modules.dense import TOKENS
from ...errors import InputError, UnsupportedModelError
from .base import Features, Module, arrays, load_arrays


class WeightedLayerPooling(Module):
    """The mean of a network's layers, from one on to the last, weighted by numbers that are trained.

    The network must give its layers: ``Transformer(..., config_kwargs={"output_hidden_states": True})``.

    Args:
        embedding_dimension: width of the token vectors.
        num_hidden_layers: layers of the network.
        layer_start: the first layer that takes part; 0 is the embeddings.
        layer_weights: to start from, (num_hidden_layers + 1 - layer_start,); ones by default.

    Raises:
        InputError: no layer is left to take part.
    """

    def __init__(
        self,
        embedding_dimension: int,
        num_hidden_layers: int = 12,
        layer_start: int = 4,
        layer_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= layer_start <= num_hidden_layers:
            raise InputError(f"layer_start must be from 0 to the {num_hidden_layers} layers; got {layer_start}.")
        self.embedding_dimension = embedding_dimension
        self.num_hidden_layers, self.layer_start = num_hidden_layers, layer_start
        count = num_hidden_layers + 1 - layer_start
        self.layer_weights = nn.Parameter(
            torch.ones(count) if layer_weights is None else layer_weights.detach().float()
        )

    @classmethod
    def from_spec(cls, spec: WeightedLayerPoolingSpec) -> WeightedLayerPooling:
        """Make the module of its spec and weights.

        Raises:
            CorruptCheckpointError: the weights are missing or of another number.
        """
        module = cls(spec.embedding_dimension, spec.num_hidden_layers, spec.layer_start)
        load_arrays(module, spec.tensors)
        return module

    def to_spec(self) -> WeightedLayerPoolingSpec:  # noqa: D102
        return WeightedLayerPoolingSpec(
            self.embedding_dimension, self.num_hidden_layers, self.layer_start, arrays(self)
        )

    def forward(self, features: Features) -> Features:
        """Replace ``token_embeddings`` (B, T, H) by the mean of the layers.

        Raises:
            UnsupportedModelError: the network does not give its layers, or has another number of them.
        """
        layers = features.get("all_layer_embeddings")
        if layers is None:
            raise UnsupportedModelError(
                "WeightedLayerPooling reads all layers, which this network does not give: load it with "
                "config_kwargs={'output_hidden_states': True}."
            )
        chosen = torch.stack(list(layers)[self.layer_start :])
        if len(chosen) != len(self.layer_weights):
            raise UnsupportedModelError(
                f"WeightedLayerPooling has {len(self.layer_weights)} weights; the network gives {len(chosen)} layers "
                f"from layer {self.layer_start} on."
            )
        weights = self.layer_weights.to(chosen.dtype)
        features[TOKENS] = torch.einsum("l,lbth->bth", weights, chosen) / weights.sum()
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the token vectors."""
        return self.embedding_dimension
