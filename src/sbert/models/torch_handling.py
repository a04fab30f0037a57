"""How scripts handle a model as if it were a torch module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..engines.base import Engine
from ..text import Tokenizer, make_batch
from .inputs import as_texts

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self


class TorchHandling:
    """The methods of ``torch.nn.Module`` that training code and scripts call, passed on to the engine's modules.

    With another engine than torch's, those that make sense do nothing and the others say what to do.
    """

    engine: Engine
    _tokenizer: Tokenizer

    def to(self, device: str | torch.device) -> Self:
        """Move the model to a device; with the OpenVINO engine only ``"cpu"``, where it is.

        Raises:
            InputError: the engine cannot compute there.
        """
        self.engine.to(str(device))
        return self

    def cpu(self) -> Self:
        """Move the model to the processor."""
        return self.to("cpu")

    def cuda(self, device: int | None = None) -> Self:
        """Move the model to a GPU; needs the torch engine."""
        return self.to("cuda" if device is None else f"cuda:{device}")

    def half(self) -> Self:
        """Compute in float16 from now on; needs the torch engine."""
        self.engine.network("half()").half()
        return self

    def bfloat16(self) -> Self:
        """Compute in bfloat16 from now on; needs the torch engine. The OpenVINO engine takes ``dtype="bfloat16"``."""
        self.engine.network("bfloat16()").bfloat16()
        return self

    def float(self) -> Self:
        """Compute in float32 from now on; needs the torch engine."""
        self.engine.network("float()").float()
        return self

    def eval(self) -> Self:
        """Switch dropout off; nothing to do where the engine has none. ``encode`` does it by itself."""
        if self.engine.owns_weights:
            self.engine.network("eval()").eval()
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch dropout on for training; needs the torch engine."""
        self.engine.network("train()").train(mode)
        return self

    def parameters(self, recurse: bool = True) -> Iterator[torch.nn.Parameter]:
        """The weights as torch parameters; needs the torch engine."""
        return self.engine.network("parameters()").parameters(recurse)

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """The weights as torch parameters with their names; needs the torch engine."""
        return self.engine.network("named_parameters()").named_parameters(prefix, recurse)

    def named_modules(self) -> Iterator[tuple[str, torch.nn.Module]]:
        """All torch modules, however deep, with their names; needs the torch engine."""
        found: Iterator[tuple[str, torch.nn.Module]] = self.engine.network("named_modules()").named_modules()
        return found

    def state_dict(self) -> dict[str, Any]:
        """The weights as torch tensors by name; needs the torch engine."""
        return dict(self.engine.network("state_dict()").state_dict())

    def tokenize(self, texts: Any) -> dict[str, torch.Tensor]:
        """The features that :meth:`forward` takes, as torch tensors on the model's device; needs the torch engine.

        Args:
            texts: as for ``encode``.

        Returns:
            ``input_ids`` and ``attention_mask``, (n, tokens) int64, and ``token_type_ids`` for pairs.
        """
        self.engine.network("tokenize()")
        import torch

        self._follow_length()
        tokens = self._tokenizer.batch(as_texts(texts))
        longest = int(tokens.lengths.max(initial=1))
        batch = make_batch(tokens, np.arange(len(tokens)), longest, self._tokenizer.pad_id)
        arrays = {"input_ids": batch.ids, "attention_mask": batch.mask, "token_type_ids": batch.type_ids}
        device = self.engine.device
        return {name: torch.from_numpy(array).to(device) for name, array in arrays.items() if array is not None}

    def preprocess(self, texts: Any) -> dict[str, torch.Tensor]:
        """The newer name of :meth:`tokenize`."""
        return self.tokenize(texts)

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Run features through all modules with gradients; needs the torch engine."""
        return cast("dict[str, Any]", self.engine.network("forward()")(features))

    def __call__(self, features: dict[str, Any]) -> dict[str, Any]:
        """The same as :meth:`forward`."""
        return self.forward(features)

    def _follow_length(self) -> None:
        """Take over a length that was set on the torch module, as ``model[0].max_seq_length = 128`` does."""
        length = self.engine.max_seq_length()
        if length != self._tokenizer.max_length:
            self._tokenizer = self._tokenizer.with_max_length(length)
