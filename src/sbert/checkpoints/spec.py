"""A model as data: its modules in order and the settings that go with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import UnsupportedModelError
from .modules import ModuleSpec, PoolingSpec, TransformerSpec


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
    """

    modules: tuple[ModuleSpec, ...]
    folder: Path | None = None
    name: str = ""
    model_type: str = "SentenceTransformer"
    prompts: dict[str, str] = field(default_factory=dict)
    default_prompt_name: str | None = None
    similarity_fn_name: str | None = None
    truncate_dim: int | None = None

    @property
    def transformer(self) -> TransformerSpec:
        """The first module.

        Raises:
            UnsupportedModelError: the model does not start with a transformer.
        """
        first = self.modules[0] if self.modules else None
        if not isinstance(first, TransformerSpec):
            kind = first.kind if first else "nothing"
            raise UnsupportedModelError(f"{self.name or self.folder} starts with {kind}; a Transformer was expected.")
        return first

    @property
    def dimension(self) -> int:
        """Width of the vectors that come out, before ``truncate_dim``."""
        width = 0
        for module in self.modules:
            width = module.output_dimension(width)
        return width

    @property
    def pools(self) -> bool:
        """Whether one vector a text comes out; without a pooling module it is one a token."""
        return any(isinstance(module, PoolingSpec) for module in self.modules)

    def with_transformer(self, transformer: TransformerSpec) -> ModelSpec:
        """The same model with another first module."""
        return replace(self, modules=(transformer, *self.modules[1:]))
