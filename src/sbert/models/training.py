"""What training asks of a model: weights with gradients, and texts as the network reads them."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engines.base import Engine
from ..engines.select import make_engine
from ..errors import InputError, NotTextError, SbertWarning
from ..text import Tokenizer, make_batch
from .images import image_places
from .inputs import as_texts, with_prompt

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self

    from ..checkpoints import ModelSpec

#: The feature that says which route of a model with a Router a column takes.
ROUTE = "route"


class Training:
    """How losses and the trainer reach into a model of any family."""

    engine: Engine
    _tokenizer: Tokenizer
    _sides: dict[str, tuple[Engine, Tokenizer]]

    if TYPE_CHECKING:

        @property
        def spec(self) -> ModelSpec: ...  # noqa: D102

        def _for_task(self, task: str | None) -> Self: ...
        def _on(self, route: str) -> Self: ...
        def _follow_length(self) -> None: ...
        def current_spec(self) -> ModelSpec: ...  # noqa: D102

    def trainable(self, purpose: str) -> torch.nn.Module:
        """The network with weights that can be trained: features in, features with vectors out.

        A model on an engine without gradients goes over to the torch engine here, and stays there. One with a Router
        gives all of its routes; the feature ``route`` chooses.

        Args:
            purpose: what wants it, for messages.

        Raises:
            InputError: torch is not installed.
        """
        if not self.engine.owns_weights:
            if self.engine.dtype not in ("float32", "auto"):
                warnings.warn(
                    f"{purpose} trains the float32 weights of {self.spec.name}, not the {self.engine.dtype} ones.",
                    SbertWarning,
                    stacklevel=3,
                )
            self.engine = make_engine(self.current_spec(), backend="torch")
        if self.spec.router is None:
            return self.engine.network(purpose)
        from ..engines.torch.routes import Routes

        for name, (engine, tokenizer) in list(self._sides.items()):
            if not engine.owns_weights:
                self._sides[name] = make_engine(engine.spec, backend="torch"), tokenizer
        return Routes({name: self._on(name).engine.network(purpose) for name in self.spec.router.routes})

    def training_features(self, texts: Sequence[Any], *, task: str | None = None, prompt: str = "") -> dict[str, Any]:
        """A column of texts, pairs of texts or images as the network reads it, in main memory.

        Args:
            texts: the column; images where the model reads them.
            task: ``query``, ``document`` or another route of a model with a Router.
            prompt: put in front of each text.

        Returns:
            ``input_ids`` and ``attention_mask``, (n, tokens) int64, ``token_type_ids`` for pairs, ``prompt_length``
            where pooling leaves the prompt out; ``pixel_values`` of images; ``route`` for a model with a Router.

        Raises:
            NotTextError: an item is not text; its index is named.
            ImageError: an image cannot be read.
        """
        import torch

        side = self._for_task(task)
        features: dict[str, Any] = {}
        if self.spec.router is not None:
            features[ROUTE] = self.spec.router.route_for(task)
        if side.spec.input.reads_images and (places := image_places(list(texts))):
            if len(places) < len(texts):
                raise NotTextError("A column must hold texts or images; this one holds both.")
            return features | {"pixel_values": torch.from_numpy(side._pixels(texts))}
        side._follow_length()
        tokenizer = side._tokenizer
        tokens = tokenizer.batch(with_prompt(as_texts(list(texts)), prompt))
        longest = int(tokens.lengths.max(initial=1))
        batch = make_batch(tokens, np.arange(len(tokens)), longest, tokenizer.pad_id)
        arrays = {"input_ids": batch.ids, "attention_mask": batch.mask, "token_type_ids": batch.type_ids}
        features |= {name: torch.from_numpy(array) for name, array in arrays.items() if array is not None}
        if prompt and any(getattr(module, "include_prompt", True) is False for module in side.spec.modules):
            features["prompt_length"] = tokenizer.prompt_length(prompt)
        return features

    def fit(self, *args: Any, **options: Any) -> None:
        """Train as older scripts do; the arguments are those of :func:`sbert.training.fit.fit`.

        A cross-encoder's are those of :func:`sbert.training.fit.fit_cross_encoder`. New scripts use a trainer, such as
        :class:`~sbert.training.SentenceTransformerTrainer`.
        """
        # The one arrow that points up: scripts call this on the model.
        importlib.import_module("sbert.training.fit").fit_model(self, *args, **options)

    def add_adapter(self, config: Any, adapter_name: str = "default") -> None:
        """Freeze the network and put small trainable matrices beside its weights (LoRA and its kin, by PEFT).

        A saved model holds these alone and the name of its base, which must be there to load it;
        :meth:`merge_adapter` makes it whole. Hu et al., https://arxiv.org/abs/2106.09685.

        Args:
            config: a ``peft.LoraConfig`` or another of PEFT's.
            adapter_name: what to call it.

        Raises:
            InputError: the model has no network of transformers, the adapter does not fit it, or transformers does not
                work with the PEFT that is installed.
        """
        network: Any = self.trainable("add_adapter()")
        auto_model: Any = getattr(network[0], "auto_model", None)
        if not hasattr(auto_model, "add_adapter"):
            raise InputError("add_adapter() needs a model whose first module is a Transformer.")
        try:
            auto_model.add_adapter(config, adapter_name)
        except ValueError as error:
            raise InputError(f"The adapter cannot be added: {error}") from error

    def has_adapter(self) -> bool:
        """Whether :meth:`add_adapter` was called, and the adapter not merged since."""
        if not self.engine.owns_weights:
            return False
        return bool(getattr(getattr(self.engine.modules()[0], "auto_model", None), "_hf_peft_config_loaded", False))

    def merge_adapter(self) -> None:
        """Add the adapter to the network's weights, so that the model is one like any other.

        Raises:
            InputError: there is none.
        """
        if not self.has_adapter():
            raise InputError("merge_adapter() needs an adapter; add_adapter() makes one.")
        from peft.tuners.tuners_utils import BaseTunerLayer

        auto_model = self.engine.modules()[0].auto_model
        layers = [(name, layer) for name, layer in auto_model.named_modules() if isinstance(layer, BaseTunerLayer)]
        for name, layer in layers:
            layer.merge()
            parent, _, child = name.rpartition(".")
            setattr(auto_model.get_submodule(parent), child, layer.get_base_layer())
        auto_model._hf_peft_config_loaded = False
        del auto_model.peft_config
        auto_model.requires_grad_(True)

    def _pixels(self, images: Sequence[Any]) -> Any:
        """Images in the network's form, (n, 3, height, width) float32."""
        from ..images import open_image, preprocessed

        settings: Any = self.spec.input
        opened = [open_image(image, f"images[{place}]") for place, image in enumerate(images)]
        return np.stack([preprocessed(image, settings.preprocessing) for image in opened])
