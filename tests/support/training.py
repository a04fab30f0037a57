"""What tests of training share: little data, little models, weights side by side."""

import numpy as np

from sbert import SentenceTransformer
from support.tiny import WORDS, make_tiny_model


def sentences(count, seed=0, least=3, most=9):
    """Random sentences of the tiny models' words."""
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS, generator.integers(least, most))) for _ in range(count)]


def pairs(count, seed=0):
    """Pairs with a score: the more words they share, the higher."""
    generator = np.random.default_rng(seed)
    rows = []
    for text in sentences(count, seed):
        words = text.split()
        shared = int(generator.integers(0, len(words) + 1))
        others = list(generator.choice(WORDS, len(words) - shared))
        rows.append({"one": text, "two": " ".join(words[:shared] + others), "score": shared / len(words)})
    return rows


def tiny(folder, architecture="bert", **options):
    """A tiny model on the torch engine."""
    path = folder / "model"
    if not path.exists():
        make_tiny_model(path, architecture)
    return SentenceTransformer(str(path), backend="torch", **options)


def weights(model):
    """All weights by name."""
    return {name: tensor.detach().clone().numpy() for name, tensor in model.state_dict().items()}


def greatest_difference(one, other):
    assert set(one) == set(other)
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)
