"""A model as data: its modules in order and the settings that go with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import UnsupportedModelError
from .modules import InputSpec, ModuleSpec, RouterSpec, TransformerSpec
from .modules.base import output_width
from .modules.dense import SENTENCE

#: How vectors of families are compared where nobody says, if not by the cosine.
USUAL_SIMILARITY = {"SparseEncoder": "dot", "MultiVectorEncoder": "maxsim"}

#: What modules call the scores of a network's own head.
SCORES = "scores"


@dataclass(frozen=True)
class ModelSpec:
    """Everything about a model but the way it is run.

    Args:
        modules: the steps, in order; the first reads the input.
        folder: where it was read from; None for one that was put together in memory.
        name: the name it was asked for by.
        model_type: the class of model that it was saved as, such as ``SentenceTransformer``.
        prompts: text to put in front of inputs, by name.
        default_prompt_name: the prompt used when none is named.
        similarity_fn_name: how two of its vectors are compared; None where the folder does not say.
        truncate_dim: number of leading dimensions to keep; None for all.
        max_active_dims: number of words that a sparse vector keeps; None for all.
        activation_fn: dotted name of the function that a cross-encoder's scores go through; None where the folder does
            not say.
        markers: tokens that stand in prompts and must be read as one, though the tokenizer would take them apart.
        router: where texts go through other modules by what they are encoded for: all routes. ``modules`` are those of
            the usual route, with what follows on all of them.
    """

    modules: tuple[ModuleSpec, ...]
    folder: Path | None = None
    name: str = ""
    model_type: str = "SentenceTransformer"
    prompts: dict[str, str] = field(default_factory=dict)
    default_prompt_name: str | None = None
    similarity_fn_name: str | None = None
    truncate_dim: int | None = None
    activation_fn: str | None = None
    max_active_dims: int | None = None
    markers: tuple[str, ...] = ()
    router: RouterSpec | None = None

    @property
    def own_route(self) -> str:
        """The name of the route that ``modules`` are on; empty where there is no router."""
        return "" if self.router is None else self.router.usual

    @property
    def rest(self) -> tuple[ModuleSpec, ...]:
        """The modules that follow a router; all of them where there is none."""
        return self.modules if self.router is None else self.modules[len(self.router.routes[self.own_route]) :]

    @property
    def listed(self) -> tuple[ModuleSpec, ...]:
        """The modules as a folder lists them: a router as one."""
        return self.modules if self.router is None else (self.router, *self.rest)

    def on_route(self, name: str) -> ModelSpec:
        """The model that a text of one route goes through, without a router."""
        if self.router is None:
            return self
        return replace(self, modules=(*self.router.routes[name], *self.rest), router=None)

    @property
    def input(self) -> InputSpec:
        """The first module, which reads the texts.

        Raises:
            UnsupportedModelError: the model does not start with one that can.
        """
        first = self.modules[0] if self.modules else None
        if not isinstance(first, InputSpec):
            raise self._starts_wrongly("a module that reads texts")
        return first

    @property
    def transformer(self) -> TransformerSpec:
        """The first module of a model that starts with a transformer.

        Raises:
            UnsupportedModelError: it does not.
        """
        first = self.input
        if not isinstance(first, TransformerSpec):
            raise self._starts_wrongly("a Transformer")
        return first

    @property
    def dimension(self) -> int:
        """Width of the vectors that come out, before ``truncate_dim``; of a cross-encoder, the number of scores."""
        return output_width(self.modules)

    @property
    def scores(self) -> bool:
        """Whether scores come out, by the network's own head or from what it would say."""
        return any(module.scores for module in self.modules)

    @property
    def output(self) -> str:
        """What comes out, by the name that modules call it: ``scores`` or ``sentence_embedding``."""
        return SCORES if self.scores else SENTENCE

    @property
    def pools(self) -> bool:
        """Whether one row a text comes out; without a pooling module or a head it is one a token."""
        return self.scores or any(module.pools for module in self.modules)

    def with_input(self, first: InputSpec) -> ModelSpec:
        """The same model with another first module."""
        return replace(self, modules=(first, *self.modules[1:]))

    def _starts_wrongly(self, expected: str) -> UnsupportedModelError:
        kind = self.modules[0].kind if self.modules else "nothing"
        return UnsupportedModelError(f"{self.name or self.folder} starts with {kind}; {expected} was expected.")
