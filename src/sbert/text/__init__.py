"""From texts to token numbers: tokenizers, truncation counts, batches of a token budget."""

from .batching import make_batch, padded_length, plan_batches
from .chat import ChatTokenizer
from .load import load_tokenizer
from .plain import PlainTokenizer
from .tokenizer import FastTokenizer, Tokenizer
from .tokens import Batch, Tokens, WholeText
from .word_tokenizer import PhraseTokenizer, WhitespaceTokenizer, WordTokenizer

__all__ = [
    "Batch", "ChatTokenizer", "FastTokenizer", "PhraseTokenizer", "PlainTokenizer", "Tokenizer", "Tokens",
    "WhitespaceTokenizer", "WholeText", "WordTokenizer", "load_tokenizer", "make_batch", "padded_length",
    "plan_batches",
]  # fmt: skip
