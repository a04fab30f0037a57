"""What late interaction does with token vectors after the network: settings alone, in a list of modules.

Which vectors are kept, and merged, is seen to text by text by :class:`~sbert.MultiVectorEncoder`, on every engine.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...checkpoints.modules import ModuleSpec, MultiVectorMaskSpec
from .base import Features, Module


class Outside(Module):
    """A module whose work is done outside the engine.

    Args:
        spec: its settings.
    """

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__()
        self._spec = spec

    def to_spec(self) -> ModuleSpec:  # noqa: D102
        return self._spec

    def forward(self, features: Features) -> Features:
        """Leave the features as they are."""
        return features


class MultiVectorMask(Outside):
    """Which tokens of a text are left out of what late interaction compares.

    Args:
        skiplist_words: tokens that are left out.
        skiplist_tasks: of which texts: ``document``, ``query`` or both.
        keep_only_token_ids: of texts that are no queries, only tokens with these numbers are kept; None for all.
    """

    def __init__(
        self,
        skiplist_words: Sequence[str] = (),
        *,
        skiplist_tasks: str | Sequence[str] = ("document",),
        keep_only_token_ids: Sequence[int] | None = None,
    ) -> None:
        tasks = (skiplist_tasks,) if isinstance(skiplist_tasks, str) else tuple(skiplist_tasks)
        kept = None if keep_only_token_ids is None else tuple(keep_only_token_ids)
        super().__init__(MultiVectorMaskSpec(tuple(skiplist_words), tasks, kept))
