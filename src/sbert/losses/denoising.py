"""A text's vector should be all that is needed to write the text again: TSDAE."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..checkpoints import resolve
from ..checkpoints.modules import TransformerSpec
from ..engines.torch.pretrained import quiet
from ..errors import CheckpointError, InputError
from ..text import Tokenizer, load_tokenizer, make_batch
from .base import Loss, Value
from .columns import Features
from .tokens import same_tokens, texts_of


class DenoisingAutoEncoderLoss(Loss):
    """The cross-entropy of a decoder that writes a text from the vector of a noised form of it: TSDAE.

    Nothing is needed but texts; :func:`~sbert.losses.noised` makes the first column of the second. The decoder sees the
    vector and the tokens so far. It is part of the loss and thrown away after training. Wang, Reimers and Gurevych,
    https://arxiv.org/abs/2104.06979.

    Args:
        model: to be trained, of a network of transformers. Its columns are noised texts and the texts as they were.
        decoder_name_or_path: what the decoder starts from; by default the folder of the model's own network. What that
            lacks, such as attention to the vector, starts at random.
        tie_encoder_decoder: whether the decoder shares all weights that it has in common with the model's network.

    Raises:
        InputError: the model has no such network; transformers has no decoder of the architecture; widths differ; or
            weights are to be shared with a decoder of another architecture.
        CheckpointError: the decoder cannot be read.
    """

    columns = (2, 2)

    def __init__(self, model: Any, decoder_name_or_path: str | None = None, tie_encoder_decoder: bool = True) -> None:
        super().__init__(model)
        first: Any = self.network[0] if isinstance(self.network, nn.Sequential) else None
        encoder = getattr(first, "auto_model", None)
        if encoder is None:
            raise InputError("DenoisingAutoEncoderLoss needs a model whose first module is a Transformer.")
        folder: Path = first.folder if decoder_name_or_path is None else resolve(decoder_name_or_path).folder
        self.decoder = load_decoder(folder)
        width = self.decoder.config.hidden_size
        if model.get_embedding_dimension() != width:
            raise InputError(
                f"The decoder reads vectors of width {width}; the model's have {model.get_embedding_dimension()}."
            )
        self.decoder.to(encoder.device, encoder.dtype)
        self.decoder_tokenizer: Tokenizer | None = None
        if tie_encoder_decoder:
            tie(encoder, self.decoder)
        elif folder != first.folder:
            other = load_tokenizer(TransformerSpec.read(folder))
            self.decoder_tokenizer = None if same_tokens(model._tokenizer, other) else other
        self.tie_encoder_decoder = tie_encoder_decoder
        self.folder = folder

    def forward(self, sentence_features: Iterable[Features], labels: Tensor | None = None) -> Value:
        """The loss of a batch.

        Args:
            sentence_features: what ``model.tokenize`` gives for the noised texts and for the texts.
            labels: not used.
        """
        columns = list(sentence_features)
        self.check_columns(len(columns), labels is not None)
        return self.loss(self.embed(columns[:1]), self._targets(columns[1]))

    def loss(self, embeddings: list[Tensor], labels: Any) -> Tensor:
        """The formula.

        Args:
            embeddings: of the noised texts, (B, d).
            labels: ``input_ids`` and ``attention_mask`` of the texts, (B, tokens).
        """
        ids, mask = labels["input_ids"], labels["attention_mask"].bool()
        # Padding stands at the end, where no token that counts looks.
        kept = mask[:, 1:]
        return cross_entropy(_logits(self.decoder, ids[:, :-1], embeddings[0], kept), ids[:, 1:][kept])

    def get_config_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"decoder_name_or_path": str(self.folder), "tie_encoder_decoder": self.tie_encoder_decoder}

    def _targets(self, features: Features) -> Mapping[str, Tensor]:
        """The tokens that the decoder should write."""
        tokenizer = self.decoder_tokenizer
        if tokenizer is None:
            return features
        tokens = tokenizer.batch(texts_of(features, self.model._tokenizer))
        batch = make_batch(tokens, np.arange(len(tokens)), int(tokens.lengths.max(initial=1)), tokenizer.pad_id)
        device = features["input_ids"].device
        arrays = {"input_ids": batch.ids, "attention_mask": batch.mask}
        return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


def _logits(decoder: Any, ids: Tensor, vectors: Tensor, kept: Tensor) -> Tensor:
    """What a decoder tells of the tokens that count, (n, vocabulary).

    A head reads each token by itself, and a vocabulary is wide: without padding it takes half the time and memory.

    Args:
        decoder: of transformers.
        ids: (B, tokens).
        vectors: that it looks at, (B, d).
        kept: (B, tokens) bool.
    """
    heads = [module for name, module in decoder.named_children() if name != decoder.base_model_prefix]
    read = {"input_ids": ids, "encoder_hidden_states": vectors[:, None], "use_cache": False}
    if len(heads) != 1:  # what is between network and logits is not known
        logits: Tensor = decoder(**read).logits
        return logits[kept]
    hidden: Tensor = getattr(decoder, decoder.base_model_prefix)(**read)[0]
    found: Tensor = heads[0](hidden[kept])
    return found


def load_decoder(folder: Path) -> Any:
    """Load a network that writes texts and looks at vectors beside them.

    Args:
        folder: holds ``config.json`` and weights; nothing is fetched from elsewhere.

    Raises:
        InputError: transformers has no such network of the architecture.
        CheckpointError: the weights cannot be read.
    """
    with quiet():
        config = transformers.AutoConfig.from_pretrained(str(folder), local_files_only=True)
        config.is_decoder = config.add_cross_attention = True
        known = transformers.MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
        if known is None or "encoder_hidden_states" not in inspect.signature(known.forward).parameters:
            raise InputError(
                f"transformers has no decoder of the architecture {config.model_type!r} that reads a vector. Pass "
                "decoder_name_or_path, such as a BERT of the same width, and tie_encoder_decoder=False."
            )
        try:
            return known.from_pretrained(str(folder), config=config, local_files_only=True)
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"The weights of the decoder {folder} cannot be read: {error}") from error


def tie(encoder: nn.Module, decoder: Any) -> None:
    """Put the weights of an encoder into a decoder of the same architecture, as the same tensors.

    Args:
        encoder: of transformers, without a head.
        decoder: of transformers, with one; what it has beside the encoder stays its own.

    Raises:
        InputError: they do not fit.
    """
    rows = encoder.get_input_embeddings().num_embeddings  # type: ignore[operator]
    if decoder.get_input_embeddings().num_embeddings != rows:  # tokens were added to the model
        decoder.resize_token_embeddings(rows)
    inner = getattr(decoder, decoder.base_model_prefix)
    held = dict(inner.named_parameters())
    shared = {name: parameter for name, parameter in encoder.named_parameters() if name in held}
    odd = [name for name, parameter in shared.items() if parameter.shape != held[name].shape]
    if odd or not shared:
        raise InputError(
            "tie_encoder_decoder needs a decoder of the model's own architecture; "
            + (f"the shapes of {odd[0]} differ." if odd else "this one has no weight of the same name.")
            + " Pass tie_encoder_decoder=False."
        )
    for name, parameter in shared.items():
        place, _, last = name.rpartition(".")
        setattr(inner.get_submodule(place), last, parameter)
    decoder.tie_weights()  # the head to the embeddings, which are others now
