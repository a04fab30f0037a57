"""Run in the peer's environment: losses of given scores of pairs, and their gradients.

Standard input holds an object with ``cases``: a list of ``[class, arguments, columns, labels, table]``. Columns hold
names, ``q0`` or ``d0``, whose numbers are places in the table of scores, (queries, documents, labels). Prints for each
the loss and the gradients of the table. Knows nothing of this project.
"""

import json
import sys

import torch
from sentence_transformers import CrossEncoder
from sentence_transformers.cross_encoder import losses


class Given(CrossEncoder):
    """Gives the scores of a table for pairs of names."""

    def __init__(self, table):
        torch.nn.Module.__init__(self)
        self.table = table

    @property
    def num_labels(self):
        return self.table.shape[-1]

    @property
    def device(self):
        return torch.device("cpu")

    def preprocess(self, pairs, **_):
        return {"places": torch.tensor([[int(name[1:]) for name in pair] for pair in pairs])}

    def forward(self, features):
        queries, documents = features["places"].T
        return {"scores": self.table[queries, documents]}


def arguments_of(arguments):
    made = dict(arguments)
    if "weighting_scheme" in made:
        made["weighting_scheme"] = getattr(losses, made["weighting_scheme"])()
    if made.get("activation_fn"):
        made["activation_fn"] = getattr(torch.nn, made["activation_fn"])()
    if "pos_weight" in made:
        made["pos_weight"] = torch.tensor(made["pos_weight"])
    return made


def main():
    found = []
    for name, arguments, columns, labels, table in json.load(sys.stdin)["cases"]:
        scores = torch.tensor(table, requires_grad=True)
        loss = getattr(losses, name)(Given(scores), **arguments_of(arguments))
        if any(isinstance(one, list) for one in columns[1]):
            labels = [torch.tensor(one) for one in labels]
        elif labels is not None:
            labels = torch.tensor(labels)
        value = loss(columns, labels)
        value.backward()
        found.append([value.item(), scores.grad.tolist()])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
