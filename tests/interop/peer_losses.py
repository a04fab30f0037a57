"""Run in the peer's environment: losses of given vectors, and their gradients.

Standard input holds an object with ``cases``: a list of ``[class, arguments, columns, labels]``; columns are lists of
vectors. Prints for each the loss and the gradients of all columns. Knows nothing of this project.
"""

import json
import sys

import torch


class Given(torch.nn.Module):
    """Gives the vectors that it is given in place of features."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, features):
        return features

    def get_embedding_dimension(self):
        return 8


def main():
    from sentence_transformers import losses

    found = []
    for name, arguments, columns, labels in json.load(sys.stdin)["cases"]:
        vectors = [torch.tensor(column, requires_grad=True) for column in columns]
        loss = getattr(losses, name)(Given(), **arguments)
        features = [{"sentence_embedding": column} for column in vectors]
        value = loss(features, None if labels is None else torch.tensor(labels))
        value.backward()
        found.append([value.item(), [column.grad.tolist() for column in vectors]])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
