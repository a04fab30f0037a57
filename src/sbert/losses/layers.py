"""Networks of which the first layers do by themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax, softmax

import torch

from ..errors import InputError, one_of
from .base import VECTORS, Loss, Value, name_of
from .columns import Features, outputs_of
from .matryoshka import MatryoshkaLoss
from .wrapping import WrappingLoss, check_count, completed, drawn, summed

_TOKENS, _LAYERS = "token_embeddings", "all_layer_embeddings"

_WEIGHTINGS: dict[str, Callable[[int], float]] = {
    "uniform": lambda _: 1.0,
    "log": lambda layer: 1 / (1 + math.log(1 + layer)),
    "linear": lambda layer: 1 / (1 + layer),
}


class AdaptiveLayerLoss(WrappingLoss):
    """A loss of the vectors that a network gives, and of those it would give if it ended after an earlier layer.

    The modules after the network, such as pooling, are run on the token vectors of each layer. Earlier vectors are also
    drawn to the last layer's by the Kullback-Leibler divergence of their softmax, without a gradient to the latter. Li
    et al., https://arxiv.org/abs/2402.14776.

    Args:
        model: to be trained, of a network of transformers.
        loss: of its vectors.
        n_layers_per_step: how many earlier layers are drawn at random each step, the embeddings being one; -1 for all.
            In evaluation it is all of them.
        last_layer_weight: of the loss of the last layer.
        prior_layers_weight: of the mean of those of earlier layers.
        kl_div_weight: of the divergences, which are summed.
        kl_temperature: of the softmax; 0 for no divergence.
        layer_weighting: of the losses of earlier layers: ``uniform``, ``log`` for ``1 / (1 + ln(1 + i))``, ``linear``
            for ``1 / (1 + i)``, or a function of the layer's number ``i``, 0 for the embeddings.

    Raises:
        InputError: the model has no such network, the loss reads more than its vectors, or an argument is not known.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        n_layers_per_step: int = 1,
        last_layer_weight: float = 1.0,
        prior_layers_weight: float = 1.0,
        kl_div_weight: float = 1.0,
        kl_temperature: float = 0.3,
        layer_weighting: str | Callable[[int], float] = "uniform",
    ) -> None:
        super().__init__(model, loss)
        if type(loss).embed is not Loss.embed and not hasattr(loss, "completed"):
            raise InputError(
                f"{type(self).__name__} asks a loss of vectors of one network; {type(loss).__name__} reads others."
            )
        first = self.network[0] if isinstance(self.network, nn.Sequential) else None
        if getattr(first, "auto_model", None) is None:
            raise InputError(f"{type(self).__name__} needs a model whose first module is a Transformer.")
        if isinstance(layer_weighting, str) and layer_weighting not in _WEIGHTINGS:
            raise one_of("layer_weighting", layer_weighting, _WEIGHTINGS)
        check_count("n_layers_per_step", n_layers_per_step)
        self.n_layers_per_step = n_layers_per_step
        self.last_layer_weight, self.prior_layers_weight = last_layer_weight, prior_layers_weight
        self.kl_div_weight, self.kl_temperature = kl_div_weight, kl_temperature
        self.layer_weighting = layer_weighting

    def embed(self, columns: Sequence[Features]) -> list[Any]:
        ...
