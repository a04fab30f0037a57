"""The models that a server has, by name."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..checkpoints.modules import NormalizeSpec
from ..errors import InputError, closest
from ..models.base import BaseModel
from ..models.cross_encoder import CrossEncoder
from ..models.sentence_transformer import SentenceTransformer
from ..models.sparse_encoder import SparseEncoder
from .lane import Lane
from .limits import Limits
from .metrics import Metrics
from .readers import DenseReader, PairReader, Reader, SparseReader
from .refusals import NoSuchModel

#: Families that can be served, and what reads for each; the first that fits.
_READERS: tuple[tuple[type[BaseModel], type[Reader[Any]]], ...] = (
    (CrossEncoder, PairReader),
    (SparseEncoder, SparseReader),
    (SentenceTransformer, DenseReader),
)
_KINDS = {"embedding": "gives embeddings", "sparse": "gives sparse vectors", "reranker": "reranks"}


@dataclass(frozen=True)
class Served:
    """A model that is served.

    Attributes:
        name: that clients call it by.
        reader: how it reads a batch.
        lane: what waits for it.
        created: when it was taken in, in seconds of Unix time.
    """

    name: str
    reader: Reader[Any]
    lane: Lane
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def model(self) -> Any:
        """The model."""
        return self.reader.model

    @property
    def kind(self) -> str:
        """``embedding``, ``sparse`` or ``reranker``."""
        return self.reader.kind

    @cached_property
    def vocabulary_size(self) -> int:
        """One more than the greatest number of a token."""
        return max(self.model._tokenizer.vocabulary().values(), default=-1) + 1

    @cached_property
    def has_unit_vectors(self) -> bool:
        """Whether its vectors have length one, so that those that are cut short should have too."""
        return any(isinstance(module, NormalizeSpec) for module in self.model.spec.modules)


class Registry:
    """All models of a server.

    Args:
        models: a model, several, or several by name; they go by their own names otherwise.
        reranker: a cross-encoder beside them.
        limits: of each one's queue.
        metrics: where its work is counted.

    Raises:
        InputError: there are none, two have one name, or one is of a family that cannot be served.
    """

    def __init__(self, models: Any, reranker: BaseModel | None, limits: Limits, metrics: Metrics) -> None:
        self._served: dict[str, Served] = {}
        for name, model in [*_named(models), *([] if reranker is None else _named(reranker))]:
            kind = next((reader for family, reader in _READERS if isinstance(model, family)), None)
            if kind is None:
                raise InputError(f"{name} is a {type(model).__name__}, which cannot be served yet.")
            if name in self._served:
                raise InputError(f"Two models are called {name!r}. Give them names: {{'a': model, 'b': other}}.")
            reader = kind(model)
            if isinstance(model, CrossEncoder) and model.num_labels != 1:
                raise InputError(f"{name} gives {model.num_labels} scores for a pair; a reranker gives one.")
            self._served[name] = Served(name, reader, Lane(name, reader.run, limits, metrics))
        if not self._served:
            raise InputError("models must be at least one model.")

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def of_kind(self, kind: str) -> list[Served]:
        """Those that do one thing."""
        return [served for served in self if served.kind == kind]

    def find(self, name: str | None, kind: str) -> Served:
        """The model that a request is for.

        Args:
            name: as a client has it, with or without the organisation; None for the first of the kind.
            kind: what it must do.

        Raises:
            NoSuchModel: there is none; the closest is named.
        """
        fitting = self.of_kind(kind)
        if name is None:
            if not fitting:
                raise NoSuchModel(f"No model of this server {_KINDS[kind]}.")
            return fitting[0]
        found = self._served.get(name) or next((each for each in self if _short(each.name) == _short(name)), None)
        if found is None or found.kind != kind:
            names = [served.name for served in fitting]
            listed = f" Those that do: {', '.join(map(repr, names))}." if names else " None does."
            shown = name if len(name) <= 100 else name[:100] + "..."
            if found is not None:
                raise NoSuchModel(f"The model {shown!r} is none that {_KINDS[kind]}.{listed}", "model")
            near = closest(name[:100], [*names, *map(_short, names)], count=1)
            raise NoSuchModel(f"There is no model {shown!r} here that {_KINDS[kind]}.{near or listed}", "model")
        return found

    async def close(self) -> None:
        """End the lanes."""
        for served in self:
            await served.lane.close()


def _named(models: Any) -> Iterable[tuple[str, BaseModel]]:
    if isinstance(models, Mapping):
        return [(str(name), model) for name, model in models.items()]
    every: list[BaseModel] = [models] if isinstance(models, BaseModel) else list(models)
    return [(own_name(model), model) for model in every]


def own_name(model: BaseModel) -> str:
    """What a model is called where nobody says: its name, or that of its folder, without the path to it."""
    name = str(getattr(getattr(model, "spec", None), "name", "")) or type(model).__name__
    return Path(name).name if Path(name).is_absolute() or Path(name).is_dir() else name


def _short(name: str) -> str:
    return name.rpartition("/")[2]
