"""Losses of cross-encoders and their gradients are the peer's, on random scores."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from support.given_scores import value_and_gradients

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))

pytestmark = pytest.mark.skipif(not PEER.exists(), reason="needs the peers' environment: make peers")

ROWS = 6
SCHEMES = ("NoWeightingScheme", "NDCGLoss1Scheme", "NDCGLoss2Scheme", "LambdaRankScheme", "NDCGLoss2PPScheme")


def names(letter, numbers):
    return [f"{letter}{number}" for number in numbers]


def cases():
    generator = np.random.default_rng(0)

    def table(documents, labels=1):
        return (2 * generator.standard_normal((ROWS, documents, labels))).astype(np.float32).tolist()

    queries = names("q", range(ROWS))
    columns = [names("d", range(start, start + ROWS)) for start in (0, ROWS, 2 * ROWS)]
    kinds, degrees = [0, 1, 1, 0, 1, 0], generator.random(ROWS).tolist()
    many = generator.standard_normal((ROWS, 3)).astype(np.float32).tolist()
    two, three, four = [queries, columns[0]], [queries, *columns[:2]], [queries, *columns]
    found = [
        ("BinaryCrossEntropyLoss", {}, two, kinds),
        ("BinaryCrossEntropyLoss", {"pos_weight": 3.0, "activation_fn": "Tanh"}, two, degrees),
        ("MSELoss", {}, two, degrees),
        ("MSELoss", {"activation_fn": "Sigmoid", "reduction": "sum"}, two, degrees),
        ("MarginMSELoss", {}, three, degrees),
        ("MarginMSELoss", {}, three, [row[:2] for row in many]),
        ("MarginMSELoss", {"activation_fn": "Sigmoid"}, four, many),
        ("MultipleNegativesRankingLoss", {"num_negatives": None}, two, None),
        ("MultipleNegativesRankingLoss", {"num_negatives": 5}, two, None),  # all that there are
        ("MultipleNegativesRankingLoss", {"num_negatives": None, "scale": 2.0, "activation_fn": None}, four, None),
        ("CachedMultipleNegativesRankingLoss", {"num_negatives": None, "mini_batch_size": 5}, three, None),
    ]
    found = [(*case, table(3 * ROWS)) for case in found]
    classes = table(ROWS, 3)
    found += [
        ("CrossEntropyLoss", {}, two, [0, 1, 2, 2, 1, 0], classes),
        ("CrossEntropyLoss", {"label_smoothing": 0.2}, two, [0, 1, 2, 2, 1, 0], classes),
        ("CrossEntropyLoss", {}, two, np.abs(many).astype(np.float32).tolist(), classes),
    ]
    counts = [4, 1, 7, 3, 2, 5]
    lists = [names("d", generator.permutation(20)[:count]) for count in counts]
    # Whole and other labels, equal ones, one below 0, and a list of which nothing is relevant.
    labels = [generator.integers(0, 4, count).astype(float).tolist() for count in counts]
    labels[2][0], labels[3] = -1.0, [0.0, 0.0, 0.0]
    apart = [generator.permutation(count).astype(float).tolist() for count in counts]
    listwise = [("LambdaLoss", {"weighting_scheme": scheme}, labels) for scheme in SCHEMES]
    listwise += [("LambdaLoss", {"weighting_scheme": scheme, "k": 2}, labels) for scheme in SCHEMES]
    listwise += [
        ("LambdaLoss", {}, labels),
        ("LambdaLoss", {"sigma": 2.0, "reduction_log": "natural", "activation_fn": "Tanh"}, labels),
        ("LambdaLoss", {"mini_batch_size": 5}, labels),
        ("RankNetLoss", {}, labels),
        ("RankNetLoss", {"k": 3}, labels),
        ("ListNetLoss", {}, labels),
        ("ListNetLoss", {"activation_fn": "Sigmoid"}, labels),
        ("ListMLELoss", {}, apart),
        ("ListMLELoss", {"respect_input_order": False}, apart),
        ("PListMLELoss", {}, apart),
        ("PListMLELoss", {"respect_input_order": False}, apart),
        ("PListMLELoss", {"lambda_weight": None}, apart),
        ("ADRMSELoss", {}, labels),
        ("ADRMSELoss", {"alpha": 3.0}, apart),
    ]
    scores = table(20)
    return found + [(name, arguments, [queries, lists], given, scores) for name, arguments, given in listwise]


CASES = cases()


@pytest.fixture(scope="module")
def theirs():
    command = [PEER, Path(__file__).with_name("peer_cross_encoder_losses.py")]
    asked = json.dumps({"cases": CASES})
    told = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=300, check=False)
    assert told.returncode == 0, told.stderr[-3000:]
    return json.loads(told.stdout.splitlines()[-1])


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: f"{number}-{CASES[number][0]}")
def test_the_loss_and_its_gradients_are_the_peers(theirs, number):
    name, arguments, columns, labels, table = CASES[number]
    if isinstance(columns[1][0], list):
        labels = [torch.tensor(one) for one in labels]
    elif labels is not None:
        labels = torch.tensor(labels)
    value, gradients = value_and_gradients(name, arguments, columns, labels, table)
    assert value == pytest.approx(theirs[number][0], rel=1e-5)
    np.testing.assert_allclose(gradients, theirs[number][1], atol=1e-5, rtol=1e-4)
