"""WordWeights: a weight for each word that its vector is multiplied by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from ...checkpoints.modules import WordWeightsSpec
from ...checkpoints.modules.dense import TOKENS
from .base import Features, Module, arrays, feature, load_arrays

#: The weight of each token, whose sum a mean after it is divided by.
WEIGHTS = "token_weights"


class WordWeights(Module):
    """Multiplies each token's vector by the weight of its word, such as its inverse document frequency.

    A mean after it is the weighted mean.

    Args:
        vocab: the words, in the order of the tokenizer's numbers.
        word_weights: weights by word; a word that has none has that of its lower-case form.
        unknown_word_weight: the weight of words that have none.
    """

    def __init__(self, vocab: Sequence[str], word_weights: Mapping[str, float], unknown_word_weight: float = 1) -> None:
        super().__init__()
        spec = WordWeightsSpec(tuple(vocab), dict(word_weights), float(unknown_word_weight))
        self.vocab, self.word_weights = spec.vocabulary, spec.word_weights
        self.unknown_word_weight = spec.unknown_weight
        self.emb_layer = nn.Embedding(len(spec.vocabulary), 1)
        load_arrays(self, spec.tensors)

    @classmethod
    def from_spec(cls, spec: WordWeightsSpec) -> WordWeights:
        """Make the module of its spec, with the weights as they were trained."""
        module = cls(spec.vocabulary, spec.word_weights, spec.unknown_weight)
        load_arrays(module, spec.tensors)
        return module

    def to_spec(self) -> WordWeightsSpec:  # noqa: D102
        return WordWeightsSpec(self.vocab, self.word_weights, self.unknown_word_weight, arrays(self))

    def forward(self, features: Features) -> Features:
        """Multiply ``token_embeddings`` (B, T, H), and add ``token_weights`` (B, T)."""
        tokens = feature(features, TOKENS)
        weights = self.emb_layer(feature(features, "input_ids")).squeeze(2)
        weights = weights * feature(features, "attention_mask").to(weights.dtype)
        features[TOKENS] = tokens * weights.unsqueeze(2)
        features[WEIGHTS] = weights
        return features
