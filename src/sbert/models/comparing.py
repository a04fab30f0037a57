"""How a model's vectors are compared: a setting of the families that give vectors."""

from __future__ import annotations

from typing import ClassVar

from ..checkpoints.spec import USUAL_SIMILARITY
from ..similarity import SimilarityFunction


class Comparing:
    """The setting, and the names that scripts know it by."""

    family: ClassVar[str]
    _similarity: SimilarityFunction

    @property
    def similarity_fn_name(self) -> str:
        """How two vectors of this model are compared: ``cosine``, ``dot``, ``euclidean`` or ``manhattan``. Settable."""
        return self._similarity.value

    @similarity_fn_name.setter
    def similarity_fn_name(self, value: str | SimilarityFunction | None) -> None:
        self._similarity = SimilarityFunction(value or USUAL_SIMILARITY.get(self.family, "cosine"))
