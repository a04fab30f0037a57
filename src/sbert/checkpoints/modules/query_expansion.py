"""Query expansion: short queries filled up with mask tokens, whose vectors count (https://arxiv.org/abs/2004.12832)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import InputError, closest, one_of

STRATEGIES = ("fixed", "min")
_KEYS = ("strategy", "attend", "token", "length")


@dataclass(frozen=True)
class QueryExpansion:
    """How a late-interaction model fills up its queries.

    Args:
        strategy: ``fixed``: every query has exactly ``length`` tokens, longer ones are cut; or ``min``: at least that
            many.
        length: tokens of a query, special tokens included.
        attend: whether the network looks at the tokens that are added. Classic ColBERT does not, but compares their
            vectors all the same.
        token: what is added; None for the tokenizer's mask token, or its end token where it has none.
    """

    strategy: str
    length: int
    attend: bool = False
    token: str | None = None

    @classmethod
    def checked(cls, settings: Mapping[str, Any] | QueryExpansion | None) -> QueryExpansion | None:
        """Settings as a folder or a user gives them; None stays None.

        Raises:
            InputError: a setting is not known, missing or of another kind.
        """
        if settings is None or isinstance(settings, QueryExpansion):
            return settings
        if not isinstance(settings, Mapping):
            raise InputError(f"query_expansion must be a dict with {', '.join(_KEYS)}; got {settings!r}.")
        if unknown := sorted(set(settings) - set(_KEYS)):
            raise InputError(f"query_expansion has no {unknown[0]!r}.{closest(unknown[0], _KEYS)}")
        if settings.get("strategy") not in STRATEGIES:
            raise one_of("query_expansion['strategy']", str(settings.get("strategy")), STRATEGIES)
        length, attend, token = settings.get("length"), settings.get("attend", False), settings.get("token")
        if not isinstance(length, int) or isinstance(length, bool) or length < 1:
            raise InputError(
                f"query_expansion['length'] must be a whole number of at least 1, such as 32; got {length!r}."
            )
        if not isinstance(attend, bool):
            raise InputError(f"query_expansion['attend'] must be True or False; got {attend!r}.")
        if token is not None and not isinstance(token, str):
            raise InputError(f"query_expansion['token'] must be a token; got {token!r}.")
        return cls(settings["strategy"], length, attend, token)

    def to_dict(self) -> dict[str, Any]:
        """As folders have it."""
        return {"strategy": self.strategy, "attend": self.attend, "token": self.token, "length": self.length}
