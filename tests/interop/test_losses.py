"""Losses and their gradients are the peer's, on random vectors."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sbert import losses
from support.given import GivenModel, loss_and_gradients

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))

pytestmark = pytest.mark.skipif(not PEER.exists(), reason="needs the peers' environment: make peers")


def cases():
    generator = np.random.default_rng(0)
    a, b, c, d = generator.standard_normal((4, 12, 8)).astype(np.float32).tolist()
    degrees, kinds = generator.random(12).tolist(), generator.integers(0, 2, 12).tolist()
    margins = generator.standard_normal((12, 3)).astype(np.float32).tolist()
    classes = [0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 2, 1]
    return [
        ("MultipleNegativesRankingLoss", {}, [a, b], None),
        ("MultipleNegativesRankingLoss", {"scale": 5.0}, [a, b, c, d], None),
        ("MultipleNegativesSymmetricRankingLoss", {}, [a, b], None),
        ("CoSENTLoss", {}, [a, b], degrees),
        ("CoSENTLoss", {"scale": 3.0}, [a, b], [round(2 * degree) / 2 for degree in degrees]),
        ("AnglELoss", {}, [a, b], degrees),
        ("CosineSimilarityLoss", {}, [a, b], degrees),
        ("ContrastiveLoss", {}, [a, b], kinds),
        ("ContrastiveLoss", {"margin": 0.9, "size_average": False}, [a, b], kinds),
        ("OnlineContrastiveLoss", {}, [a, b], kinds),
        ("OnlineContrastiveLoss", {"margin": 1.5}, [a, b], kinds),
        ("TripletLoss", {}, [a, b, c], None),
        ("TripletLoss", {"triplet_margin": 0.5}, [a, b, c], None),
        ("BatchAllTripletLoss", {"margin": 1.0}, [a], classes),
        ("BatchHardTripletLoss", {}, [a], classes),
        ("BatchHardSoftMarginTripletLoss", {}, [a], classes),
        ("MSELoss", {}, [a], b),
        ("MSELoss", {}, [a, b], c),
        ("MarginMSELoss", {}, [a, b, c], degrees),
        ("MarginMSELoss", {}, [a, b, c, d], [row[:2] for row in margins]),
        ("DistillKLDivLoss", {}, [a, b, c, d], margins),
        ("DistillKLDivLoss", {"temperature": 2.0}, [a, b, c, d], margins),
    ]


@pytest.fixture(scope="module")
def theirs():
    command = [PEER, Path(__file__).with_name("peer_losses.py")]
    asked = json.dumps({"cases": cases()})
    told = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=300, check=False)
    assert told.returncode == 0, told.stderr[-3000:]
    return json.loads(told.stdout.splitlines()[-1])


@pytest.mark.parametrize("number", range(len(cases())))
def test_the_loss_and_its_gradients_are_the_peers(theirs, number):
    name, arguments, columns, labels = cases()[number]
    value, gradients = loss_and_gradients(getattr(losses, name)(GivenModel(), **arguments), columns, labels)
    assert value == pytest.approx(theirs[number][0], rel=1e-5)
    for ours, expected in zip(gradients, theirs[number][1], strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5, rtol=1e-4)
