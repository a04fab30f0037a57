"""Run in the peer's environment: losses of given vectors, or of the texts of a model, and their gradients.

Standard input holds an object with ``cases``: a list of ``[class, arguments, columns, labels]``. Columns are lists of
vectors; for a case with a fifth item, the folder of a model, they are lists of texts. An argument ``loss`` is
``[class, arguments]``; ``guide`` is the folder of a model, or for vectors the columns of those it gives. Prints for
each the loss and the gradients of all columns, or of a model the lengths of the gradients of its weights in order.
Knows nothing of this project.
"""

import json
import sys

import torch


class Given(torch.nn.Module):
    """Gives the vectors that it is given in place of features.

    Args:
        name: what they are called there.
    """

    def __init__(self, name="sentence_embedding"):
        super().__init__()
        self.name = name
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.tokenizer, self.max_seq_length = plain_tokenizer(), 8

    def forward(self, features):
        features["sentence_embedding"] = features[self.name]
        return features

    def get_embedding_dimension(self):
        return 8


def plain_tokenizer():
    """One that the peer takes for a tokenizer; nothing is tokenised here."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, unk_token="a")))


def settle(decoder):
    """Weights that start at random, the same everywhere."""
    with torch.no_grad():
        for name, weight in decoder.named_parameters():
            if "crossattention" in name or name.startswith("cls."):
                weight.copy_((torch.arange(weight.numel()).reshape(weight.shape) * 0.37).sin() * 0.2)


def made(losses, name, arguments, model):
    from sentence_transformers import SentenceTransformer

    arguments = dict(arguments)
    if "loss" in arguments:
        arguments["loss"] = made(losses, *arguments["loss"], model)
    if "guide" in arguments:
        folder = arguments["guide"]
        arguments["guide"] = SentenceTransformer(folder, device="cpu") if isinstance(folder, str) else Given("guide")
    loss = getattr(losses, name)(model, **arguments)
    if hasattr(loss, "decoder"):
        settle(loss.decoder)
    return loss


def total(value):
    return sum(value.values()) if isinstance(value, dict) else value


def of_vectors(losses, name, arguments, columns, labels):
    vectors = [torch.tensor(column, requires_grad=True) for column in columns]
    features = [{"sentence_embedding": column} for column in vectors]
    guide = arguments.get("guide") or arguments.get("loss", ["", {}])[1].get("guide")
    for place, seen in enumerate(guide or []):
        features[place]["guide"] = torch.tensor(seen)
    value = total(made(losses, name, arguments, Given())(features, labels))
    value.backward()
    return value.item(), [column.grad.tolist() for column in vectors]


def of_texts(losses, name, arguments, columns, labels, folder):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder, device="cpu").eval()
    loss = made(losses, name, arguments, model).eval()
    value = total(loss([dict(model.preprocess(column)) for column in columns], labels))
    value.backward()
    return value.item(), sorted(one.grad.norm().item() for one in model.parameters() if one.grad is not None)


def main():
    from sentence_transformers import losses

    found = []
    for name, arguments, columns, labels, *folder in json.load(sys.stdin)["cases"]:
        labels = None if labels is None else torch.tensor(labels)
        run = of_texts if folder else of_vectors
        found.append(run(losses, name, arguments, columns, labels, *folder))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
