"""A small CLIP of random weights, and the drawings of emoji with their names that it is trained on."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from train_jobs import table

SIZE, PATCH, WIDTH, LAYERS, DIMENSION, WORDS = 64, 16, 128, 4, 128, 2000
LONGEST = 24
_SPECIAL = ("<|startoftext|>", "<|endoftext|>")


def make(folder: Path, texts: Sequence[str], seed: int = 0) -> Path:
    """Write the model, with a tokenizer that was trained on texts.

    Args:
        folder: where to.
        texts: what the tokenizer sees.
        seed: of the weights.
    """
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary, merges = _pieces(texts)
    tokenizer = transformers.CLIPTokenizer(
        vocab=vocabulary, merges=merges, model_max_length=LONGEST, pad_token=_SPECIAL[1]
    )
    tower = {
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "intermediate_size": 4 * WIDTH,
        "hidden_size": WIDTH,
    }
    start, end = (tokenizer.convert_tokens_to_ids(token) for token in _SPECIAL)
    text = {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": LONGEST,
        "bos_token_id": start,
        "eos_token_id": end,
        "pad_token_id": end,
    }
    torch.manual_seed(seed)
    config: Any = transformers.CLIPConfig(
        text_config=tower | text,
        vision_config=tower | {"image_size": SIZE, "patch_size": PATCH},
        projection_dim=DIMENSION,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    processor = transformers.CLIPImageProcessor(
        size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}, do_convert_rgb=True
    )
    transformers.CLIPProcessor(processor, tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    processor.save_pretrained(folder)
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.CLIPModel"}]
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    return folder


def _pieces(texts: Sequence[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Pieces of words as CLIP's tokenizer has them, learned from texts."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Lowercase()
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS,
        initial_alphabet=alphabet,
        special_tokens=list(_SPECIAL),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    model = json.loads(learner.to_str())["model"]
    vocabulary: dict[str, int] = model["vocab"]
    for letter in sorted(alphabet):
        for piece in (letter, f"{letter}</w>"):
            vocabulary.setdefault(piece, len(vocabulary))
    return vocabulary, [tuple(merge) for merge in model["merges"]]


def emoji(data: Path, unpacked: Path, held_out: float = 0.1) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Drawings and their English names: those to train on, and others whose kind was never seen.

    Names such as "waving hand: dark skin tone" share what stands before the colon; such drawings are all trained on, or
    all held out. Of those held out the first of each kind is kept.

    Args:
        data: folder of real data.
        unpacked: where the drawings are put.
        held_out: part of the kinds.
    """
    with zipfile.ZipFile(data / "image" / "emoji" / "google-64.zip") as archive:
        archive.extractall(unpacked)
    files = {path.name: path for path in unpacked.rglob("*.png")}
    by_kind: dict[str, list[dict[str, str]]] = {}
    for row in table(data / "image" / "emoji" / "labels.tsv.gz"):
        if row["file"] in files and row["label_en"]:
            kept = {"image": str(files[row["file"]]), "text": row["label_en"]}
            by_kind.setdefault(row["label_en"].partition(":")[0], []).append(kept)
    kinds = sorted(by_kind)
    random.Random(1).shuffle(kinds)
    count = round(held_out * len(kinds))
    test = [by_kind[kind][0] for kind in kinds[:count]]
    return [row for kind in kinds[count:] for row in by_kind[kind]], test
