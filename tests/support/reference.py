"""Sentence vectors computed by transformers and torch alone: what ours are held to."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer


def torch_mean_vectors(folder: Path, texts: Sequence[str], max_length: int, batch_size: int = 16) -> np.ndarray:
    """Mean-pooled, normalised vectors in float32, by the library's own tokenizer and network, padded batches."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.empty((len(texts), network.config.hidden_size), np.float32)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        options = {"padding": True, "truncation": True, "max_length": max_length, "return_tensors": "pt"}
        features = tokenizer([texts[i] for i in rows], **options)
        with torch.inference_mode():
            tokens = network(**features).last_hidden_state
        mask = features["attention_mask"][..., None].float()
        mean = (tokens * mask).sum(1) / mask.sum(1)
        out[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
    return out


def row_cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of each row with its partner, in float64 so that 0.99999 can be told from 1."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
