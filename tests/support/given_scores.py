"""A cross-encoder for losses whose scores are given: that of query i and document j stands in a table."""

import torch

from sbert.losses import cross_encoder
from support.given import Given


class GivenScores:
    """A model that reads queries named ``q0``, ``q1``... and documents named ``d0``, ``d1``...

    Its table has the shape (queries, documents, labels).
    """

    def __init__(self, table):
        self.table, self.module = table, Given()
        self.num_labels = table.shape[-1]

    def trainable(self, _asked_by):
        return self.module

    def training_features(self, pairs, **_):
        return self.tokenize(pairs)

    def tokenize(self, pairs):
        queries, documents = ([int(text[1:]) for text in texts] for texts in zip(*pairs, strict=True))
        return {"scores": self.table[queries, documents]}


def value_and_gradients(name, arguments, columns, labels, table):
    """The loss of columns of names, and its gradients for the table; arguments as tests write them down."""
    scores = torch.tensor(table, requires_grad=True)
    loss = getattr(cross_encoder, name)(GivenScores(scores), **arguments_of(arguments))
    value = loss([loss.features(columns, labels)], labels)
    value.backward()
    return value.item(), scores.grad.numpy()


def arguments_of(arguments):
    """Arguments with classes instead of their names."""
    made = dict(arguments)
    if "weighting_scheme" in made:
        made["weighting_scheme"] = getattr(cross_encoder, made["weighting_scheme"])()
    if made.get("activation_fn"):
        made["activation_fn"] = getattr(torch.nn, made["activation_fn"])()
    return made
