"""Losses and their gradients are the peer's, on random vectors, and on texts where a network's inner values count."""

import importlib
import json
import os
import pkgutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

import sbert.losses
from sbert import SentenceTransformer
from sbert.losses.guided import Guided
from sbert.losses.wrapping import summed
from support.given import GivenModel, loss_and_gradients
from support.tiny import make_tiny_model
from support.training import sentences

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))

pytestmark = pytest.mark.skipif(not PEER.exists(), reason="needs the peers' environment: make peers")

LOSSES = {
    name: thing
    for module in pkgutil.iter_modules(sbert.losses.__path__)
    if not module.ispkg
    for name, thing in vars(importlib.import_module(f"sbert.losses.{module.name}")).items()
}


def cases():
    generator = np.random.default_rng(0)
    a, b, c, d = generator.standard_normal((4, 12, 8)).astype(np.float32).tolist()
    degrees, kinds = generator.random(12).tolist(), generator.integers(0, 2, 12).tolist()
    margins = generator.standard_normal((12, 3)).astype(np.float32).tolist()
    classes = [0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 2, 1]
    seen = generator.standard_normal((4, 12, 5)).astype(np.float32).tolist()
    columnwise = np.stack([c, d], axis=1).tolist()
    ranking = ["MultipleNegativesRankingLoss", {}]
    return [
        ("MultipleNegativesRankingLoss", {}, [a, b], None),
        ("MultipleNegativesRankingLoss", {"scale": 5.0}, [a, b, c, d], None),
        (
            "MultipleNegativesRankingLoss",
            {"directions": ["query_to_doc", "query_to_query", "doc_to_query", "doc_to_doc"]},
            [a, b, c],
            None,
        ),
        (
            "MultipleNegativesRankingLoss",
            {"directions": ["query_to_doc", "doc_to_query"], "partition_mode": "per_direction"},
            [a, b],
            None,
        ),
        (
            "MultipleNegativesRankingLoss",
            {"hardness_mode": "in_batch_negatives", "hardness_strength": 5.0},
            [a, b, c],
            None,
        ),
        (
            "MultipleNegativesRankingLoss",
            {"hardness_mode": "hard_negatives", "hardness_strength": 5.0},
            [a, b, c],
            None,
        ),
        ("MultipleNegativesRankingLoss", {"hardness_mode": "all_negatives", "hardness_strength": 5.0}, [a, b, c], None),
        ("MultipleNegativesSymmetricRankingLoss", {}, [a, b], None),
        ("CoSENTLoss", {}, [a, b], degrees),
        ("CoSENTLoss", {"scale": 3.0}, [a, b], [round(2 * degree) / 2 for degree in degrees]),
        ("AnglELoss", {}, [a, b], degrees),
        ("AnglELoss", {"scale": 3.0}, [a, b, c, d], None),
        ("AnglELoss", {"scale": 3.0}, [a, b, c], degrees),
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
        ("BatchSemiHardTripletLoss", {}, [a], classes),
        ("BatchSemiHardTripletLoss", {"margin": 0.3}, [b], classes),
        ("MSELoss", {}, [a], b),
        ("MSELoss", {}, [a, b], c),
        ("MSELoss", {}, [a, b], columnwise),
        ("EmbedDistillLoss", {}, [a, b], columnwise),
        ("EmbedDistillLoss", {"distance_metric": "l2"}, [a, b], c),
        ("MarginMSELoss", {}, [a, b, c], degrees),
        ("MarginMSELoss", {}, [a, b, c, d], [row[:2] for row in margins]),
        ("DistillKLDivLoss", {}, [a, b, c, d], margins),
        ("DistillKLDivLoss", {"temperature": 2.0}, [a, b, c, d], margins),
        ("DistillKLDivLoss", {"student_temperature": 1.5, "teacher_temperature": 0.5}, [a, b, c, d], margins),
        ("MegaBatchMarginLoss", {"use_mini_batched_version": False}, [a, b], None),
        ("MegaBatchMarginLoss", {"use_mini_batched_version": False, "negative_margin": -0.1}, [a, b], None),
        ("ContrastiveTensionLoss", {}, [a, b], kinds),
        ("ContrastiveTensionLossInBatchNegatives", {"scale": 3.0}, [a], None),
        ("GlobalOrthogonalRegularizationLoss", {}, [a, b], None),
        ("GlobalOrthogonalRegularizationLoss", {"mean_weight": None, "aggregation": "sum"}, [a, b, c], None),
        ("MatryoshkaLoss", {"loss": ranking, "matryoshka_dims": [8, 4, 2]}, [a, b, c], None),
        ("MatryoshkaLoss", {"loss": ["MSELoss", {}], "matryoshka_dims": [4, 2], "matryoshka_weights": [1, 3]}, [a], b),
        ("GISTEmbedLoss", {"guide": seen[:2]}, [a, b], None),
        ("GISTEmbedLoss", {"guide": seen[:3], "temperature": 0.3, "margin": 0.2}, [a, b, c], None),
        (
            "GISTEmbedLoss",
            {"guide": seen[:3], "temperature": 0.3, "margin_strategy": "relative", "margin": 0.4}
            | {"contrast_anchors": False, "contrast_positives": False},
            [a, b, c],
            None,
        ),
        ("MatryoshkaLoss", {"loss": ["GISTEmbedLoss", {"guide": seen[:2]}], "matryoshka_dims": [8, 3]}, [a, b], None),
    ]


def cases_of_texts(folder, guide, other):
    texts = [sentences(10, seed) for seed in range(3)]
    ranking = ["MultipleNegativesRankingLoss", {}]
    layers = {"n_layers_per_step": -1}
    both = {"matryoshka_dims": [32, 8], "n_dims_per_step": -1} | layers
    found = [
        ("AdaptiveLayerLoss", {"loss": ranking} | layers, texts, None),
        (
            "AdaptiveLayerLoss",
            {"loss": ranking, "layer_weighting": "log", "kl_div_weight": 0.5, "last_layer_weight": 2.0}
            | {"kl_temperature": 0.9, "prior_layers_weight": 0.4}
            | layers,
            texts[:2],
            None,
        ),
        ("Matryoshka2dLoss", {"loss": ranking} | both, texts[:2], None),
        ("GISTEmbedLoss", {"guide": guide, "temperature": 0.1}, texts, None),
        ("GISTEmbedLoss", {"guide": other, "temperature": 0.1}, texts, None),
        ("CachedGISTEmbedLoss", {"guide": other, "temperature": 0.1, "mini_batch_size": 4}, texts, None),
        ("MatryoshkaLoss", {"loss": ["GISTEmbedLoss", {"guide": guide}], "matryoshka_dims": [32, 8]}, texts[:2], None),
        (
            "MatryoshkaLoss",
            {"loss": ["CachedMultipleNegativesRankingLoss", {"mini_batch_size": 3}], "matryoshka_dims": [32, 8]},
            texts[:2],
            None,
        ),
        ("MegaBatchMarginLoss", {"mini_batch_size": 3}, texts[:2], None),
        ("ContrastiveTensionLoss", {}, [texts[0], texts[0][:5] + texts[1][5:]], None),
        ("ContrastiveTensionLossInBatchNegatives", {}, texts[:1], None),
        ("DenoisingAutoEncoderLoss", {}, texts[:2], None),
        ("DenoisingAutoEncoderLoss", {"decoder_name_or_path": folder, "tie_encoder_decoder": False}, texts[:2], None),
    ]
    return [(*case, folder) for case in found]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("losses")
    made = (("model", "bert", 0), ("guide", "bert", 1), ("other", "roberta", 2))
    return [str(make_tiny_model(home / name, architecture, seed=seed)) for name, architecture, seed in made]


@pytest.fixture(scope="module")
def theirs(folders):
    command = [PEER, Path(__file__).with_name("peer_losses.py")]
    asked = json.dumps({"cases": cases() + cases_of_texts(*folders)})
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    told = subprocess.run(
        command, input=asked, capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    assert told.returncode == 0, told.stderr[-3000:]
    return json.loads(told.stdout.splitlines()[-1])


def made(name, arguments, model):
    arguments = dict(arguments)
    if "loss" in arguments:
        arguments["loss"] = made(*arguments["loss"], model)
    if "guide" in arguments:
        folder = arguments["guide"]
        arguments["guide"] = SentenceTransformer(folder, backend="torch") if isinstance(folder, str) else GivenModel()
    return LOSSES[name](model, **arguments)


@pytest.mark.parametrize("number", range(len(cases())))
def test_the_loss_and_its_gradients_are_the_peers(theirs, number):
    name, arguments, columns, labels = cases()[number]
    loss = made(name, arguments, GivenModel())
    seen = arguments.get("guide") or arguments.get("loss", ["", {}])[1].get("guide")

    def value_of(features, labels):
        if not seen:
            return summed(loss(features, labels))
        vectors = [column["sentence_embedding"] for column in features]
        return loss.compute_loss_from_embeddings(
            [Guided(one, torch.tensor(other)) for one, other in zip(vectors, seen, strict=True)]
        )

    value, gradients = loss_and_gradients(value_of, columns, labels)
    assert value == pytest.approx(theirs[number][0], rel=1e-5)
    for ours, expected in zip(gradients, theirs[number][1], strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("number", range(len(cases_of_texts("", "", ""))))
def test_of_texts_they_are_the_peers_too(theirs, folders, number):
    name, arguments, columns, labels, folder = cases_of_texts(*folders)[number]
    model = SentenceTransformer(folder, backend="torch")
    loss = made(name, arguments, model).eval()
    if hasattr(loss, "decoder"):
        settle(loss.decoder)
    value = summed(loss([model.tokenize(column) for column in columns], labels))
    value.backward()
    expected = theirs[len(cases()) + number]
    assert value.item() == pytest.approx(expected[0], rel=1e-4)
    lengths = sorted(one.grad.norm().item() for one in model.parameters() if one.grad is not None)
    np.testing.assert_allclose(lengths, expected[1], atol=1e-4, rtol=1e-3)


def settle(decoder):
    """Weights that start at random, the same everywhere."""
    with torch.no_grad():
        for name, weight in decoder.named_parameters():
            if "crossattention" in name or name.startswith("cls."):
                weight.copy_((torch.arange(weight.numel()).reshape(weight.shape) * 0.37).sin() * 0.2)
