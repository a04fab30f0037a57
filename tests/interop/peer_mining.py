"""Run in the peer's environment: mines hard negatives, once for each set of options, and prints the columns as JSON.

Standard input holds an object with ``folder``, ``pairs``, ``corpus`` (or null), ``options`` (a list of arguments by
name, where ``"cross_encoder": true`` stands for :class:`SharedWords`) and ``cache``. Knows nothing of this project.
"""

import contextlib
import json
import sys
import zlib


class SharedWords:
    """Scores a pair of texts by the words that they share; a little of its checksum keeps any two from being equal."""

    def __init__(self, as_scores):
        self.as_scores = as_scores

    def predict(self, pairs, **_):
        scores = []
        for left, right in pairs:
            words, others = set(left.lower().split()), set(right.lower().split())
            scores.append(len(words & others) / len(words | others) + zlib.crc32(f"{left}{right}".encode()) / 2**36)
        return self.as_scores(scores)


def main():
    import torch
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import mine_hard_negatives

    request = json.load(sys.stdin)
    model = SentenceTransformer(request["folder"], device="cpu")
    anchors, positives = zip(*request["pairs"], strict=True)
    dataset = Dataset.from_dict({"anchor": anchors, "positive": positives})
    mined = []
    with contextlib.redirect_stdout(sys.stderr):
        for options in request["options"]:
            if options.get("cross_encoder"):
                options["cross_encoder"] = SharedWords(torch.tensor)
            found = mine_hard_negatives(
                dataset, model, corpus=request["corpus"], cache_folder=request["cache"], verbose=False, **options
            )
            mined.append(found.to_dict())
    print(json.dumps(mined))


if __name__ == "__main__":
    main()
