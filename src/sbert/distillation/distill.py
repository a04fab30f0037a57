"""Distilling: the steps in order, with what they reached."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..checkpoints.files import write_json
from ..checkpoints.modules.static_embedding import MODEL2VEC_TABLE
from ..checkpoints.modules.table import TOKENIZER
from ..checkpoints.weights import SAFETENSORS, save_tensors
from ..engines.static.pooling import mean_rows
from ..errors import InputError, UnsupportedModelError
from ..models.progress import progress_bar
from ..models.sentence_transformer import SentenceTransformer
from ..similarity import unit
from ..text import FastTokenizer, PlainTokenizer, Tokens
from ..types import FloatArray
from .closed_form import (
    RANK_SMOOTHING,
    SMOOTHING,
    counted_probabilities,
    frequency_weights,
    mean_cosine,
    principal_axes,
    rank_probabilities,
    token_vectors,
)
from .regression import ITERATIONS, Bags, fit, scale_to

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

#: Texts kept out of the fit, to measure it: a tenth, but no more than this.
_HELD_BACK = 2000
_FEWEST_TEXTS = 100


@dataclass(frozen=True)
class Distilled:
    """What came of distilling.

    Attributes:
        folder: where the model is.
        tokens: rows of its table.
        dimension: width of its vectors.
        texts: different texts that it was fitted to; 0 where none were given.
        held_back: texts that were kept out to measure it.
        cosine_before: mean cosine to the teacher's vectors, projected to the same dimensions, on the texts held back,
            before the fit; None without texts.
        cosine_after: the same after the fit.
    """

    folder: Path
    tokens: int
    dimension: int
    texts: int = 0
    held_back: int = 0
    cosine_before: float | None = None
    cosine_after: float | None = None


def distill(
    teacher: SentenceTransformer,
    folder: str | os.PathLike[str],
    texts: Sequence[str] | None = None,
    *,
    dimension: int = 256,
    show_progress_bar: bool | None = None,
) -> Distilled:
    """Make a static model of a sentence transformer, and write it to a folder.

    Without texts, a token's vector is the teacher's, projected to fewer dimensions and weighted by the token's rank.
    With texts, it is weighted by its frequency in them, and the table is then fitted to the teacher's vectors of
    the texts, which makes most of the quality. Any texts of the kind that the model is for will do; more are better.

    The folder is loaded by this project, by sentence-transformers and by model2vec.

    Args:
        teacher: the model to learn from.
        folder: where to write the model.
        texts: what to fit to, at least 100 different ones; repeated and empty ones count once and not at all.
        dimension: width of the vectors; no more than the teacher's.
        show_progress_bar: True or False; by default bars show after two seconds, in a terminal.

    Returns:
        What was made, with the quality on texts that were held back.

    Raises:
        InputError: an argument is wrong.
        UnsupportedModelError: the teacher's tokenizer is not one of the ``tokenizers`` library.
    """
    folder = Path(folder)
    if folder.is_file():
        raise InputError(f"folder must be a folder; {folder} is a file.")
    width = teacher.get_embedding_dimension()
    if not 1 <= dimension <= width:
        raise InputError(f"dimension must be from 1 to {width}, the teacher's; got {dimension}.")
    if not isinstance(teacher._tokenizer, FastTokenizer):
        raise UnsupportedModelError(
            f"{teacher.spec.name} has a tokenizer that only transformers runs; a static model needs one of the "
            "tokenizers library (tokenizer.json)."
        )
    tokenizer = PlainTokenizer(_plain_backend(teacher._tokenizer), teacher.max_seq_length, skip_unknown=True)
    chosen = _different(texts) if texts is not None else []
    vectors = token_vectors(teacher, show_progress_bar)
    if not chosen:
        weights = frequency_weights(rank_probabilities(len(vectors)), RANK_SMOOTHING)
        table = (vectors @ principal_axes(vectors, dimension)) * weights[:, None]
        _save(folder, tokenizer, table, teacher)
        return Distilled(folder, len(table), dimension)
    wanted = unit(teacher.encode(chosen, show_progress_bar=show_progress_bar, on_truncation="ignore"))
    held = min(_HELD_BACK, len(chosen) // 10)
    axes = principal_axes(wanted[held:], dimension)
    wanted = wanted @ axes
    tokens = tokenizer.batch(chosen[held:])
    probabilities = counted_probabilities(tokens.ids, len(vectors))
    before = (vectors @ axes) * frequency_weights(probabilities, SMOOTHING)[:, None]
    after = _fitted(tokens, wanted[held:], before, show_progress_bar)
    _save(folder, tokenizer, after, teacher)
    judges = tokenizer.batch(chosen[:held])
    cosines = [mean_cosine(mean_rows(each, judges.ids, judges.starts), wanted[:held]) for each in (before, after)]
    return Distilled(folder, len(after), dimension, len(chosen) - held, held, *cosines)


def _different(texts: Sequence[str]) -> list[str]:
    """The texts without repeats and blanks, mixed, so that those held back are like the others."""
    chosen = [text for text in dict.fromkeys(texts) if text.strip()]
    if len(chosen) < _FEWEST_TEXTS:
        raise InputError(
            f"texts must hold at least {_FEWEST_TEXTS} different texts to be fitted to; got {len(chosen)}. Give more, "
            "or none: then the model is made without a fit."
        )
    order = np.random.default_rng(0).permutation(len(chosen))
    return [chosen[number] for number in order]


def _fitted(tokens: Tokens, targets: FloatArray, start: FloatArray, show_progress_bar: bool | None) -> FloatArray:
    bags = Bags(tokens, len(start))
    with progress_bar(ITERATIONS * len(tokens), show_progress_bar, "Fitting") as told:
        done = None if told is None else lambda: told(len(tokens), len(tokens.ids))
        return fit(bags, targets, scale_to(bags, targets, start), progress=done)


def _plain_backend(tokenizer: FastTokenizer) -> Backend:
    from tokenizers import Tokenizer as Backend

    settings = json.loads(tokenizer.serialized())
    # What puts special tokens around a text is left out, for readers that would let it.
    return Backend.from_str(json.dumps(settings | {"truncation": None, "padding": None, "post_processor": None}))


def _save(folder: Path, tokenizer: PlainTokenizer, table: FloatArray, teacher: SentenceTransformer) -> None:
    """Write the model in model2vec's form, which says that unknown tokens are left out."""
    settings = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "tokenizer_name": teacher.spec.name,
        "hidden_dim": table.shape[1],
        "normalize": True,
        "max_length": None,  # where nothing is said, model2vec cuts
    }
    with tempfile.TemporaryDirectory() as scratch:
        write_json(Path(scratch) / "config.json", settings)
        (Path(scratch) / TOKENIZER).write_text(tokenizer.with_max_length(None).serialized(), encoding="utf-8")
        save_tensors({MODEL2VEC_TABLE: table}, Path(scratch) / SAFETENSORS)
        SentenceTransformer(scratch).save_pretrained(folder)
