"""How each family of models reads a batch: from texts, images or pairs to rows, and how many tokens that is."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from ..errors import InputError, closest
from ..models.base import BaseModel
from ..models.cross_encoder import CrossEncoder
from ..models.inputs import with_prompt
from ..models.long_documents import WHOLE
from ..models.prompts import choose_prompt, document_prompt_name
from ..models.queries import DOCUMENT, QUERY
from ..models.sentence_transformer import SentenceTransformer
from ..models.sparse_encoder import SparseEncoder
from .refusals import WrongField

#: What an image counts for in budgets of tokens: about as many patches as networks make of one.
IMAGE_TOKENS = 200

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Reading:
    """How texts are read; those with equal readings share a call of the model.

    Args:
        input_type: ``query``, ``document`` or None.
        prompt_name: of a prompt to put in front.
        raw: of a reranker, whether scores come as the head gives them.
    """

    input_type: str | None = None
    prompt_name: str | None = None
    raw: bool = False


@dataclass(frozen=True)
class Counted:
    """What is known of items before they are read.

    Args:
        tokens: of each.
        truncated: how many are longer than the model reads.
        first_cut: the number of the first that is; None for none.
    """

    tokens: list[int]
    truncated: int = 0
    first_cut: int | None = None


class Reader(ABC, Generic[Model]):
    """A model as the server uses it.

    Args:
        model: which is never changed here.
    """

    #: What clients are told it is.
    kind: ClassVar[str]

    def __init__(self, model: Model) -> None:
        self.model = model

    @abstractmethod
    def run(self, reading: Reading, items: list[Any]) -> Sequence[Any]:
        """A row for each item."""

    def count(self, reading: Reading, items: Sequence[Any]) -> Counted:
        """The tokens that the model will read of each item.

        Raises:
            InputError: there is no such route.
            WrongField: there is no such prompt.
        """
        texts = [item for item in items if isinstance(item, (str, tuple))]
        tokenizer = self.model._for_task(reading.input_type)._tokenizer
        tokens = tokenizer.batch(with_prompt(texts, self._prompt(reading)))
        lengths = iter(tokens.lengths.tolist())
        counts = [next(lengths) if isinstance(item, (str, tuple)) else IMAGE_TOKENS for item in items]
        if not tokens.dropped.any() or self._reads_all:
            return Counted(counts)
        cut = iter((tokens.dropped > 0).tolist())
        places = [place for place, item in enumerate(items) if isinstance(item, (str, tuple)) and next(cut)]
        return Counted(counts, len(places), places[0])

    def warm(self) -> None:
        """Read something, so that what is made at the first use is not waited for by a client."""
        with suppress(InputError):  # a model that must be told what texts are for
            self.run(Reading(), self._samples)

    #: What a model is warmed with.
    _samples: ClassVar[list[Any]] = ["warm", "warm " * 16, "warm " * 60]

    @property
    def _reads_all(self) -> bool:
        """Whether long texts are read in chunks, so that nothing is cut."""
        return getattr(self.model, "on_long", None) in WHOLE

    def _prompt(self, reading: Reading) -> str:
        """The text that the model will put in front, as ``encode`` and its two sisters choose it."""
        name = reading.prompt_name
        if name is None and reading.input_type is not None:
            name = QUERY if reading.input_type == QUERY else document_prompt_name(self.model.prompts)
        if name is not None and name not in self.model.prompts:
            known = ", ".join(map(repr, self.model.prompts))
            near = closest(name[:100], self.model.prompts)
            raise WrongField(f"prompt_name must be one of {known}; got {name[:100]!r}.{near}", "prompt_name")
        return choose_prompt(self.model.prompts, self.model.default_prompt_name, name, None)


class DenseReader(Reader[SentenceTransformer]):
    """Rows are vectors of the model's full width, (d,) float32: what is asked of their form is done to each answer."""

    kind = "embedding"

    def run(self, reading: Reading, items: list[Any]) -> Sequence[Any]:  # noqa: D102
        full = self.model.spec.dimension
        options = {"truncate_dim": full, "show_progress_bar": False, "on_truncation": "ignore"}
        return list(_encode(self.model, reading, items, options))


class SparseReader(Reader[SparseEncoder]):
    """Rows are the numbers of words and their weights, in the words' order."""

    kind = "sparse"

    def run(self, reading: Reading, items: list[Any]) -> Sequence[Any]:  # noqa: D102
        rows = _encode(self.model, reading, items, {"show_progress_bar": False, "on_truncation": "ignore"})
        ends = rows.indptr.tolist()
        return [(rows.indices[a:b].tolist(), rows.data[a:b]) for a, b in itertools.pairwise(ends)]


class PairReader(Reader[CrossEncoder]):
    """Rows are scores: from 0 to 1, or as the head gives them."""

    kind = "reranker"
    _samples: ClassVar[list[Any]] = [("warm", "warm " * 16), ("warm", "warm " * 60)]

    def run(self, reading: Reading, items: list[Any]) -> Sequence[Any]:  # noqa: D102
        activation = "identity" if reading.raw else "sigmoid"
        scores = self.model.predict(items, activation_fn=activation, show_progress_bar=False, on_truncation="ignore")
        return list(np.asarray(scores, np.float32))


def _encode(model: Any, reading: Reading, items: list[Any], options: dict[str, Any]) -> Any:
    encode = {QUERY: "encode_query", DOCUMENT: "encode_document"}.get(reading.input_type or "", "encode")
    return getattr(model, encode)(items, prompt_name=reading.prompt_name, **options)
