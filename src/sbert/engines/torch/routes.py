"""Several networks in one, of which the features say which they take."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from .base import Features

_ROUTE = "route"


class Routes(nn.Module):
    """The networks of a model with a Router, to be trained together.

    Args:
        networks: the network of each route.
    """

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(networks)

    def forward(self, features: Features) -> Features:
        """Run features through the network of their ``route``, which is taken out of them."""
        found: Features = self.networks[features.pop(_ROUTE)](features)
        return found
