"""A model with a Router trains all of its routes, each on its own columns."""

import numpy as np
import torch

from sbert import SentenceTransformer, losses
from sbert.training import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from support.routes import routed_folder
from support.tiny import make_tiny_model
from support.training import pairs, sentences


def test_each_column_goes_its_way(tmp_path):
    torch.set_num_threads(1)
    sides = {
        name: make_tiny_model(tmp_path / name, "bert", seed=seed) for seed, name in enumerate(("query", "document"))
    }
    folder = routed_folder(tmp_path / "router", sides)
    model = SentenceTransformer(str(folder), backend="torch")
    texts = sentences(6)
    before = {task: model.encode(texts, task=task) for task in ("query", "document")}
    args = SentenceTransformerTrainingArguments(
        str(tmp_path / "run"),
        max_steps=8,
        per_device_train_batch_size=8,
        learning_rate=1e-2,
        save_strategy="no",
        use_cpu=True,
        router_mapping={"one": "query", "two": "document"},
    )
    rows = pairs(24)
    SentenceTransformerTrainer(model, args, rows, loss=losses.CosineSimilarityLoss(model)).train()
    after = {task: model.encode(texts, task=task) for task in ("query", "document")}
    for task in before:
        assert np.abs(after[task] - before[task]).max() > 1e-3, task
    model.save_pretrained(tmp_path / "saved")
    again = SentenceTransformer(str(tmp_path / "saved"))
    for task in after:
        np.testing.assert_allclose(again.encode(texts, task=task), after[task], atol=1e-5)
