"""More languages for a model of one: a teacher's vectors of sentences are what their translations should have too.

Reimers and Gurevych, https://arxiv.org/abs/2004.09813.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...errors import InputError, NotTextError, positive
from ..tables import Table

#: What WordPiece puts in front of a piece that goes on with a word.
_INSIDE = "##"


def translation_rows(teacher: Any, sources: Sequence[str], translations: Sequence[str], **options: Any) -> Table:
    """Rows for :class:`~sbert.losses.MSELoss`: both texts of each row should have the teacher's vector of the source.

    The vectors are computed once, by whatever engine the teacher is on, and held as float32.

    Args:
        teacher: a model that knows the language of the sources.
        sources: texts.
        translations: the same in another language, or in several one after another.
        **options: of ``teacher.encode``.

    Returns:
        The columns ``source``, ``translation`` and ``label``, (n, d) float32.

    Raises:
        InputError: there are not as many of both, or none.
        NotTextError: an item is not text; its place is named.
    """
    if len(sources) != len(translations) or not len(sources):
        raise InputError(
            f"sources and translations must be as many, and some; got {len(sources)} and {len(translations)}."
        )
    for place, text in enumerate(translations):
        if not isinstance(text, str):
            raise NotTextError(f"translations[{place}] must be a string; got {type(text).__name__}.")
    vectors: Any = np.asarray(teacher.encode(list(sources), **options), np.float32)
    return Table({"source": list(sources), "translation": list(translations), "label": vectors}, "the translations")


def extend_vocabulary(model: Any, texts: Iterable[str], size: int = 20_000) -> int:
    """Teach a model's tokenizer pieces of words of other languages, and give each a vector to start from.

    A new piece starts from the mean of the vectors of the pieces that it was read as before, so that nothing that the
    model knows is lost; the old ones keep their numbers and vectors. The model is changed; the torch engine runs it
    from then on.

    Args:
        model: whose tokenizer is WordPiece, as BERT's and its kin's are.
        texts: in the languages that it should read.
        size: pieces that are learned from them; those that the model has are not added again.

    Returns:
        How many were added.

    Raises:
        InputError: the tokenizer is of another kind, or there are no texts.
    """
    import torch
    from tokenizers import Tokenizer, models, trainers

    positive("size", size)
    backend: Any = getattr(model._tokenizer, "backend", None)
    settings = json.loads(backend.to_str()) if backend is not None else {}
    if settings.get("model", {}).get("type") != "WordPiece":
        found = settings.get("model", {}).get("type") or type(model._tokenizer).__name__
        raise InputError(f"extend_vocabulary() knows tokenizers of WordPiece; this model's is {found}.")
    network: Any = model.trainable("extend_vocabulary()")
    learner = Tokenizer(models.WordPiece(unk_token=settings["model"]["unk_token"]))
    learner.normalizer, learner.pre_tokenizer = backend.normalizer, backend.pre_tokenizer
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=[settings["model"]["unk_token"]], show_progress=False
    )
    learner.train_from_iterator(texts, trainer)
    learned = learner.get_vocab()
    vocabulary: dict[str, int] = settings["model"]["vocab"]
    added = [piece for piece in sorted(learned, key=learned.__getitem__) if piece not in vocabulary]
    if not added:
        return 0
    before = [backend.encode(piece.removeprefix(_INSIDE), add_special_tokens=False).ids for piece in added]
    for piece in added:
        vocabulary[piece] = len(vocabulary)
    settings["truncation"] = settings["padding"] = None
    auto_model = network[0].auto_model
    old = auto_model.get_input_embeddings().weight.detach().clone()
    auto_model.resize_token_embeddings(len(vocabulary), mean_resizing=False)
    weights = auto_model.get_input_embeddings().weight
    with torch.no_grad():
        for piece, pieces in zip(added, before, strict=True):
            weights[vocabulary[piece]] = old[pieces].mean(dim=0) if pieces else old.mean(dim=0)
    model.tokenizer = Tokenizer.from_str(json.dumps(settings))
    return len(added)
