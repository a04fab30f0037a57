"""Networks of which the first layers do by themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax, softmax

from ..engines.torch.weighted_layer_pooling import WeightedLayerPooling
from ..errors import InputError, one_of
from .base import VECTORS, Loss, name_of
from .columns import Features, outputs_of
from .matryoshka import MatryoshkaLoss
from .tokens import pad_id_of
from .wrapping import WrappingLoss, check_count, drawn, summed, vectors_of, with_vectors

_TOKENS, _LAYERS = "token_embeddings", "all_layer_embeddings"

_WEIGHTINGS: dict[str, Callable[[int], float]] = {
    "uniform": lambda _: 1.0,
    "log": lambda layer: 1 / (1 + math.log(1 + layer)),
    "linear": lambda layer: 1 / (1 + layer),
}


@dataclass(frozen=True)
class Layers:
    """The vectors of a column of texts by several layers of a network.

    Args:
        last: those of the last layer, as the loss takes them.
        earlier: those of earlier layers by their numbers, (B, d) each; 0 is the embeddings.
    """

    last: Any
    earlier: dict[int, Tensor]

    def __len__(self) -> int:
        return len(self.last)


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

    outermost = True

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
        within = loss
        while isinstance(within, WrappingLoss):
            within = within.of_each
        if type(within).embed is not Loss.embed:
            raise InputError(
                f"{type(self).__name__} asks a loss of vectors of one network; {type(within).__name__} reads others."
            )
        first = self.network[0] if isinstance(self.network, nn.Sequential) else None
        if getattr(first, "auto_model", None) is None:
            raise InputError(f"{type(self).__name__} needs a model whose first module is a Transformer.")
        if any(isinstance(module, WeightedLayerPooling) for module in self.network.modules()):
            raise InputError(f"{type(self).__name__} trains layers by themselves; WeightedLayerPooling reads them all.")
        if isinstance(layer_weighting, str) and layer_weighting not in _WEIGHTINGS:
            raise one_of("layer_weighting", layer_weighting, _WEIGHTINGS)
        check_count("n_layers_per_step", n_layers_per_step)
        self.n_layers_per_step = n_layers_per_step
        self.last_layer_weight, self.prior_layers_weight = last_layer_weight, prior_layers_weight
        self.kl_div_weight, self.kl_temperature = kl_div_weight, kl_temperature
        self.layer_weighting = layer_weighting

    def embed(self, columns: Sequence[Features]) -> list[Layers]:
        """The vectors of each column by the last layer and by those that are drawn."""
        transformer: Any = self.network[0]  # type: ignore[index]
        wanted = self.n_layers_per_step if self.training else -1
        chosen = drawn(wanted, transformer.config.num_hidden_layers, transformer.auto_model.device)
        names = {layer: f"{VECTORS}_{layer}" for layer in chosen}
        network, outputs = _OfLayers(self.network, names), (VECTORS, *names.values())
        found = outputs_of(network, columns, outputs, self.chunks, pad_id_of(self.model))
        last = self.completed(columns, [vectors[VECTORS] for vectors in found])
        return [
            Layers(column, {layer: vectors[name] for layer, name in names.items()})
            for column, vectors in zip(last, found, strict=True)
        ]

    def loss(self, embeddings: list[Layers], labels: Any) -> Tensor:  # noqa: D102
        last = [column.last for column in embeddings]
        total = self.last_layer_weight * summed(self.of_each.compute_loss_from_embeddings(last, labels))
        layers = list(embeddings[0].earlier)
        for layer in layers:
            earlier = [with_vectors(column.last, column.earlier[layer]) for column in embeddings]
            value = summed(self.of_each.compute_loss_from_embeddings(earlier, labels))
            total = total + self.prior_layers_weight * self._weight(layer) / len(layers) * value
            if self.kl_temperature > 0:
                total = total + self.kl_div_weight * self.kl_temperature * self._divergence(earlier, last)
        return total

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        names = ("n_layers_per_step", "last_layer_weight", "prior_layers_weight", "kl_div_weight", "kl_temperature")
        settings = {"loss": type(self.of_each).__name__} | {name: getattr(self, name) for name in names}
        return settings | {"layer_weighting": name_of(self.layer_weighting)}

    def _weight(self, layer: int) -> float:
        weighting = self.layer_weighting
        return (_WEIGHTINGS[weighting] if isinstance(weighting, str) else weighting)(layer)

    def _divergence(self, earlier: list[Any], last: list[Any]) -> Tensor:
        told, wanted = (torch.cat([vectors_of(column) for column in columns]) for columns in (earlier, last))
        wanted = softmax(wanted.detach() / self.kl_temperature, dim=-1)
        return kl_div(log_softmax(told / self.kl_temperature, dim=-1), wanted, reduction="batchmean")


class Matryoshka2dLoss(AdaptiveLayerLoss):
    """:class:`AdaptiveLayerLoss` of a :class:`~sbert.losses.MatryoshkaLoss`: fewer layers, and fewer numbers.

    Li et al., https://arxiv.org/abs/2402.14776.

    Args:
        model: to be trained, of a network of transformers.
        loss: of its vectors.
        matryoshka_dims: as for :class:`~sbert.losses.MatryoshkaLoss`.
        matryoshka_weights: as for :class:`~sbert.losses.MatryoshkaLoss`.
        n_layers_per_step: as for :class:`AdaptiveLayerLoss`.
        n_dims_per_step: as for :class:`~sbert.losses.MatryoshkaLoss`; one by default.
        last_layer_weight: as for :class:`AdaptiveLayerLoss`.
        prior_layers_weight: as for :class:`AdaptiveLayerLoss`.
        kl_div_weight: as for :class:`AdaptiveLayerLoss`.
        kl_temperature: as for :class:`AdaptiveLayerLoss`.
        layer_weighting: as for :class:`AdaptiveLayerLoss`.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        matryoshka_dims: Sequence[int],
        matryoshka_weights: Sequence[float] | None = None,
        n_layers_per_step: int = 1,
        n_dims_per_step: int = 1,
        last_layer_weight: float = 1.0,
        prior_layers_weight: float = 1.0,
        kl_div_weight: float = 1.0,
        kl_temperature: float = 0.3,
        layer_weighting: str | Callable[[int], float] = "uniform",
    ) -> None:
        super().__init__(
            model,
            MatryoshkaLoss(model, loss, matryoshka_dims, matryoshka_weights, n_dims_per_step),
            n_layers_per_step,
            last_layer_weight,
            prior_layers_weight,
            kl_div_weight,
            kl_temperature,
            layer_weighting,
        )

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config_dict() | self.of_each.get_config_dict()


class _OfLayers(nn.Module):
    """A network that also gives the vectors of earlier layers.

    Args:
        network: the modules of a model, of which the first is a Transformer.
        names: what to call the vectors of a layer.
    """

    def __init__(self, network: nn.Module, names: dict[int, str]) -> None:
        super().__init__()
        self.modules_in_order: Any = network
        self.names = names

    def forward(self, features: dict[str, Any]) -> dict[str, Tensor]:
        transformer, *rest = self.modules_in_order
        with _all_layers(transformer.config):
            read = transformer(features)
        hidden = read[_LAYERS]

        def after(tokens: Tensor) -> Tensor:
            through = {**read, _TOKENS: tokens}
            for module in rest:
                through = module(through)
            found: Tensor = through[VECTORS]
            return found

        return {VECTORS: after(read[_TOKENS])} | {name: after(hidden[layer]) for layer, name in self.names.items()}


@contextmanager
def _all_layers(config: Any) -> Iterator[None]:
    """Have a network give what each of its layers makes."""
    usual = config.output_hidden_states
    config.output_hidden_states = True
    try:
        yield
    finally:
        config.output_hidden_states = usual
