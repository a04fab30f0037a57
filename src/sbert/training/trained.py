"""What the trainer trains: the losses of all datasets over one network, as one module from features to a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ..losses.base import Value


class Trained(nn.Module):
    """Losses over one network.

    The whole is wrapped where several processes train, so that gradients of losses with weights of their own are
    averaged as those of the network are.

    Args:
        model: whose network is trained.
        losses: of each dataset by name; that of a single one under the empty name.
    """

    def __init__(self, model: Any, losses: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.model = model
        self.network: nn.Module = model.trainable("Training")
        self.names = list(losses)
        self.losses = nn.ModuleList(losses.values())

    def forward(self, sentence_features: list[dict[str, Any]], labels: Any = None, dataset_name: str = "") -> Value:
        """The loss of a batch; arguments are what the collator gives."""
        found: Value = self.losses[self.names.index(dataset_name)](sentence_features, labels)
        return found

    def own_weights(self) -> dict[str, Tensor]:
        """What a checkpoint of the model does not hold, by name: the losses' own weights, and those of an adapter."""
        network = {id(tensor) for tensor in (*self.network.parameters(), *self.network.buffers())}
        found = {
            name: tensor.detach()
            for name, tensor in (*self.losses.named_parameters(), *self.losses.named_buffers())
            if id(tensor) not in network
        }
        if self.model.has_adapter():
            moving = ((name, one) for name, one in self.network.named_parameters() if one.requires_grad)
            found |= {f"network.{name}": parameter.detach() for name, parameter in moving}
        return found

    def activation_checkpointing_enable(self, **options: Any) -> None:
        """Recompute inner values in the backward pass; for the networks of transformers in it."""
        for module in self._networks():
            if hasattr(module, "activation_checkpointing_enable"):
                module.activation_checkpointing_enable(**options)
            else:
                module.gradient_checkpointing_enable(options.get("activation_checkpointing_kwargs"))

    def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs: Any = None) -> None:
        """The older name of :meth:`activation_checkpointing_enable`."""
        for module in self._networks():
            module.gradient_checkpointing_enable(gradient_checkpointing_kwargs)

    def _networks(self) -> list[Any]:
        return [
            module.auto_model
            for module in self.network.modules()
            if hasattr(getattr(module, "auto_model", None), "gradient_checkpointing_enable")
        ]
