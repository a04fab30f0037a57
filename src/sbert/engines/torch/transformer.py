"""Transformer: the network that turns tokens into token vectors, or with a head into scores, run by transformers."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...checkpoints import resolve
from ...checkpoints.modules import ModuleSpec, TransformerSpec
from ...checkpoints.modules.dense import TOKENS
from ...checkpoints.modules.logit_score import LOGITS
from ...checkpoints.modules.transformer import CLASSIFICATION, NEXT_WORD, usable_positions
from ...checkpoints.spec import SCORES
from ...errors import InputError
from .base import Features, Input
from .pretrained import load_network, quiet

#: Keys of a configuration that change no vector.
NO_SETTINGS = frozenset({"_name_or_path", "transformers_version", "architectures", "dtype", "torch_dtype"})
# Features that a network may take; others, such as the prompt's length, are for the modules after it.
_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds")


class Transformer(Input):
    """A network of transformers' ``AutoModel``, without its head, at the attribute ``auto_model``.

    Args:
        model_name_or_path: a folder, or a model's name; found as :func:`sbert.checkpoints.resolve` says.
        max_seq_length: number of tokens that are read of a text, special tokens included; by default what the folder
            says. More than the network has positions for is cut down to that.
        model_kwargs: passed to ``AutoModel.from_pretrained``: ``attn_implementation``, ``dtype`` (float32 by default),
            ``device_map`` ...
        config_kwargs: changes to the network's configuration, such as ``{"output_hidden_states": True}``.
        do_lower_case: whether texts are lower-cased, beside what the tokenizer itself does; they are, too, when the
            folder says so.
        trust_remote_code: whether code that comes with the model may run.
        cache_dir: the hub's cache to look in.
        transformer_task: ``feature-extraction`` for the network without its head, or ``sequence-classification`` for
            one with a head that gives scores; by default what the folder says.

    Raises:
        InputError: an argument is wrong, or transformers refuses one.
        ModelNotFoundError: there is no model of that name.
        UnsupportedModelError: transformers does not know the architecture.
        CheckpointError: the weights are missing, damaged or do not fit.
    """

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str],
        max_seq_length: int | None = None,
        *,
        model_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        do_lower_case: bool = False,
        trust_remote_code: bool = False,
        cache_dir: str | Path | None = None,
        transformer_task: str | None = None,
    ) -> None:
        super().__init__()
        if max_seq_length is not None and max_seq_length < 1:
            raise InputError(f"max_seq_length must be at least 1; got {max_seq_length}.")
        spec = TransformerSpec.read(resolve(model_name_or_path, cache_folder=cache_dir).folder)
        self.folder = spec.folder
        self.settings = spec.settings
        self.max_seq_length = spec.max_seq_length
        if max_seq_length is not None:
            positions = usable_positions(spec.config)
            self.max_seq_length = max_seq_length if positions is None else min(max_seq_length, positions)
        self.do_lower_case = do_lower_case or spec.do_lower_case
        self.task = transformer_task or spec.task
        self.auto_model = load_network(
            spec.folder, torch.float32, model_kwargs or {}, config_kwargs or {}, trust_remote_code, self.task
        )

    @classmethod
    def from_spec(
        cls,
        spec: TransformerSpec,
        *,
        dtype: str | torch.dtype = torch.float32,
        model_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        trust_remote_code: bool = False,
    ) -> Transformer:
        """Make the module of its spec, with the weights of the spec's folder.

        Args:
            spec: the network's folder and settings.
            dtype: what to load it in, where ``model_kwargs`` does not say; ``"auto"`` for that of the checkpoint.
            model_kwargs: as in the constructor.
            config_kwargs: as in the constructor.
            trust_remote_code: as in the constructor.
        """
        named = dict(model_kwargs or {})
        if not {"dtype", "torch_dtype"} & named.keys():
            named["dtype"] = dtype
        module = cls(
            spec.folder,
            model_kwargs=named,
            config_kwargs=config_kwargs,
            trust_remote_code=trust_remote_code,
            transformer_task=spec.task,
        )
        module.take_settings(spec)
        module.settings = spec.settings
        return module

    def to_spec(self) -> TransformerSpec:
        """The module as data; its weights are not in it, but in the folder that it names, as they were loaded."""
        return TransformerSpec(
            self.folder,
            self.config.to_dict(),
            self.do_lower_case,
            self.settings,
            max_seq_length=self.max_seq_length,
            task=self.task,
        )

    def take_settings(self, spec: ModuleSpec) -> None:  # noqa: D102
        if isinstance(spec, TransformerSpec):
            self.max_seq_length, self.do_lower_case = spec.max_seq_length, spec.do_lower_case

    @property
    def config(self) -> Any:
        """The network's configuration, a ``transformers.PretrainedConfig``."""
        return self.auto_model.config

    def forward(self, features: Features) -> Features:
        """Add ``token_embeddings``, or ``scores`` where the network has a head.

        Args:
            features: ``input_ids`` (B, T), ``attention_mask`` (B, T), and ``token_type_ids`` (B, T), which is passed on
                only to networks that take it and know more than one type.

        Returns:
            The features with ``token_embeddings`` (B, T, H), and with ``all_layer_embeddings``, a tuple of such tensors
            from the embeddings to the last layer, when the configuration has ``output_hidden_states``. With a head,
            ``scores`` (B, labels) instead, before any activation; with one for the next word, ``causal_logits``
            (B, 1, words).
        """
        taken = _parameters(self.auto_model.__class__)
        if getattr(self.config, "type_vocab_size", 2) <= 1:
            taken = taken - {"token_type_ids"}
        inputs = {name: features[name] for name in _INPUTS if name in taken and features.get(name) is not None}
        if "use_cache" in taken:
            inputs["use_cache"] = False  # decoders would keep keys and values for tokens that never come
        if self.task == NEXT_WORD:
            features[LOGITS] = self._next_word(inputs, taken)
            return features
        output = self.auto_model(**inputs)
        features[SCORES if self.task == CLASSIFICATION else TOKENS] = output[0]
        hidden = getattr(output, "hidden_states", None)
        if hidden is not None:
            features["all_layer_embeddings"] = hidden
        return features

    def _next_word(self, inputs: Features, taken: frozenset[str]) -> Tensor:
        """A number for each word that may come after a text: (B, 1, words).

        Padding stands behind texts, which those networks do not look at from where a text ends.
        """
        last = inputs["attention_mask"].sum(dim=1) - 1
        places = last.unique()
        rows = torch.arange(len(last), device=last.device)
        if "logits_to_keep" not in taken:
            logits: Tensor = self.auto_model(**inputs).logits
            return logits[rows, last].unsqueeze(1)
        # Only where some text ends: for all places they would take more memory than the network.
        logits = self.auto_model(**inputs, logits_to_keep=places).logits
        return logits[rows, torch.searchsorted(places, last)].unsqueeze(1)

    def facts(self) -> dict[str, Any]:
        """The configuration, which arguments may have changed; without paths and versions, which change no vector."""
        return {key: value for key, value in self.config.to_dict().items() if key not in NO_SETTINGS}

    def save_weights(self, folder: Path) -> None:
        """Write the network's weights as they are now, and its ``config.json``, to a new folder."""
        with quiet():
            self.auto_model.save_pretrained(folder)

    def get_word_embedding_dimension(self) -> int:
        """Width of the token vectors."""
        return self.to_spec().dimension

    def get_embedding_dimension(self) -> int:
        """The same by its newer name."""
        return self.get_word_embedding_dimension()


@functools.cache
def _parameters(network: type) -> frozenset[str]:
    """The names of a network's inputs; those of every network where its signature does not name them."""
    names = frozenset(inspect.signature(network.forward).parameters)  # type: ignore[attr-defined]
    return names if "input_ids" in names else names | {"input_ids", "attention_mask"}
