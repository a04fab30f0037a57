"""Models of sentence-transformers are torch modules, always; sbert's are, once something asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from sbert.models.base import BaseModel

    Base = BaseModel
else:
    Base = object


def _of_network(name: str) -> Callable[..., Any]:
    """A method of ``torch.nn.Module``, called on the network of a model."""

    def method(self: TorchAccess, *args: Any, **kwargs: Any) -> Any:
        found = getattr(self.trainable(f"{name}()"), name)(*args, **kwargs)
        return self if isinstance(found, torch.nn.Module) and name != "get_submodule" else found

    method.__name__ = name
    method.__doc__ = f"``torch.nn.Module.{name}`` of the network, on the torch engine."
    return method


class TorchAccess(Base):
    """Lets scripts reach into a model that computes on another engine: it then goes over to torch's, and stays there.

    ``encode`` alone never does that, so models that only embed keep their speed.
    """

    children = _of_network("children")
    modules = _of_network("modules")
    named_children = _of_network("named_children")
    buffers = _of_network("buffers")
    load_state_dict = _of_network("load_state_dict")
    requires_grad_ = _of_network("requires_grad_")
    zero_grad = _of_network("zero_grad")

    if not TYPE_CHECKING:
        # These sbert has too, and refuses on other engines.
        parameters = _of_network("parameters")
        named_parameters = _of_network("named_parameters")
        named_modules = _of_network("named_modules")
        state_dict = _of_network("state_dict")
        train = _of_network("train")
        half = _of_network("half")
        bfloat16 = _of_network("bfloat16")
        float = _of_network("float")

        @property
        def device(self) -> torch.device:
            """Where it computes."""
            return torch.device(str(super().device))

        @property
        def tokenizer(self) -> Any:
            """The tokenizer as transformers has it; a network's texts are cut to ``max_seq_length``. Settable."""
            if not self.spec.input.is_network or self._own_tokenizer:
                return self.__dict__.get("_of_transformers", self._tokenizer)
            if "_of_transformers" not in self.__dict__:
                from transformers import AutoTokenizer

                self._of_transformers = AutoTokenizer.from_pretrained(self.spec.input.folder)
            self._of_transformers.model_max_length = self.max_seq_length
            return self._of_transformers

        @tokenizer.setter
        def tokenizer(self, value: Any) -> None:
            super(TorchAccess, type(self)).tokenizer.fset(self, value)
            self._of_transformers = value

    def tokenize(self, texts: Any) -> dict[str, torch.Tensor]:
        """Padded tensors of texts, as :meth:`forward` takes them."""
        self.trainable("tokenize()")
        return super().tokenize(texts)

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Run features through all modules, with gradients."""
        self.trainable("forward()")
        return super().forward(features)

    def __call__(self, features: dict[str, Any], **options: Any) -> dict[str, Any]:
        return self.forward(features, **options)

    def __getitem__(self, index: int) -> Any:
        self.trainable("model[0]")
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Any]:
        self.trainable("iter(model)")
        return super().__iter__()

    def _first_module(self) -> Any:
        """The module that reads texts; older scripts call this."""
        return self[0]
