"""``model.fit`` as older scripts call it."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from sbert import CrossEncoder, InputExample, SentenceTransformer, losses
from sbert.errors import InputError
from sbert.evaluation import EmbeddingSimilarityEvaluator
from support.tiny import make_tiny_cross_encoder
from support.training import greatest_difference, pairs, sentences, tiny, weights

ROWS = pairs(32)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def examples(rows=ROWS):
    return [InputExample(texts=[row["one"], row["two"]], label=row["score"]) for row in rows]


def evaluator():
    rows = pairs(20, seed=4)
    return EmbeddingSimilarityEvaluator(*([row[key] for row in rows] for key in ("one", "two", "score")), name="held")


def test_an_older_script_trains_measures_and_saves(tmp_path):
    model = tiny(tmp_path)
    before = weights(model)
    told = []
    model.fit(
        train_objectives=[(DataLoader(examples(), shuffle=True, batch_size=8), losses.CosineSimilarityLoss(model))],
        evaluator=evaluator(),
        epochs=3,
        warmup_steps=2,
        optimizer_params={"lr": 2e-3},
        output_path=str(tmp_path / "best"),
        callback=lambda score, epoch, steps: told.append((score, epoch, steps)),
        show_progress_bar=False,
    )
    assert greatest_difference(before, weights(model)) > 1e-3
    assert [(epoch, steps) for _, epoch, steps in told] == [(1, 4), (2, 8), (3, 12)]
    kept = evaluator()(SentenceTransformer(str(tmp_path / "best"), backend="torch"))["held_spearman_cosine"]
    assert kept == pytest.approx(max(score for score, _, _ in told), abs=1e-6)


def test_several_objectives_take_turns(tmp_path):
    model = tiny(tmp_path)
    triplets = [
        InputExample(texts=[a, b, c]) for a, b, c in zip(*(sentences(16, seed) for seed in range(3)), strict=True)
    ]
    seen = []

    class Watched(losses.TripletLoss):
        def loss(self, embeddings, labels):
            seen.append("triplet")
            return super().loss(embeddings, labels)

    class AlsoWatched(losses.CosineSimilarityLoss):
        def loss(self, embeddings, labels):
            seen.append("pair")
            return super().loss(embeddings, labels)

    model.fit(
        [
            (DataLoader(examples(), batch_size=8), AlsoWatched(model)),
            (DataLoader(triplets, batch_size=8), Watched(model)),
        ],
        warmup_steps=0,
    )
    assert seen == ["pair", "triplet"] * 2  # as long as the smaller one lasts


def test_schedules_by_their_older_names(tmp_path):
    model = tiny(tmp_path)
    objective = (DataLoader(examples(), batch_size=16), losses.CoSENTLoss(model))
    for name in ("constantlr", "WarmupCosine", "warmupcosinewithhardrestarts"):
        model.fit([objective], scheduler=name, warmup_steps=1)
    with pytest.raises(InputError, match=r"scheduler.*WarmupLiner"):
        model.fit([objective], scheduler="WarmupLiner")
    with pytest.raises(InputError, match="train_objectives is empty"):
        model.fit([])


def test_a_cross_encoder(tmp_path):
    folder = make_tiny_cross_encoder(tmp_path / "cross", "bert")
    model = CrossEncoder(str(folder), backend="torch")
    texts = [(row["one"], row["two"]) for row in ROWS]
    before = model.predict(texts)
    model.fit(train_dataloader=DataLoader(examples(), batch_size=8), epochs=2, warmup_steps=0)
    assert np.abs(model.predict(texts) - before).max() > 1e-5
    with pytest.raises(InputError, match="loss_fct must be"):
        model.fit(DataLoader(examples(), batch_size=8), loss_fct=torch.nn.L1Loss())
