"""Two processes that train together end with the weights of one with twice the batch."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import sbert
from sbert import losses
from sbert.engines.torch.devices import choose_device
from sbert.models import load
from sbert.training.arguments import TrainingArguments
from sbert.training.trainer import Trainer
from support.tiny import make_tiny_late, make_tiny_model
from support.training import greatest_difference, pairs, weights

ROWS = pairs(48)
SOURCE = os.pathsep.join([str(Path(sbert.__file__).parents[1]), str(Path(__file__).parents[1])])


def run(folder, loss, batch_size):
    """Train on a copy of a model without dropout, which would differ between processes."""
    torch.manual_seed(0)  # of the classifier
    model = load(str(folder / "model"), backend="torch")
    for module in model.named_modules():
        if hasattr(module[1], "p"):
            module[1].p = 0.0
    args = TrainingArguments(
        str(folder / f"run-{batch_size}"),
        max_steps=6,
        per_device_train_batch_size=batch_size,
        learning_rate=1e-2,
        optim="sgd",
        save_strategy="no",
        # Where processors are all there is, processes that torchrun started find together without being told.
        use_cpu="RANK" not in os.environ or choose_device().type != "cpu",
        dataloader_drop_last=True,
    )
    makers = {
        "mean": lambda model: losses.CosineSimilarityLoss(model),
        "classes": lambda model: losses.SoftmaxLoss(model, num_labels=4),
        "gathered": lambda model: losses.MultipleNegativesRankingLoss(model, gather_across_devices=True),
        "cached": lambda model: losses.CachedMultipleNegativesRankingLoss(
            model, mini_batch_size=2, gather_across_devices=True
        ),
        "late": lambda model: losses.MultiVectorMultipleNegativesRankingLoss(model, gather_across_devices=True),
    }
    data = ROWS
    if loss == "classes":
        data = [row | {"score": int(3 * row["score"])} for row in ROWS]
    elif loss in ("gathered", "cached", "late"):
        data = [{"one": row["one"], "two": row["two"]} for row in ROWS]
    trainer = Trainer(model, args, data, loss=makers[loss])
    trainer.train()
    if trainer.is_world_process_zero():
        model.save_pretrained(folder / f"done-{batch_size}")
    return model


@pytest.mark.parametrize("loss", ["mean", "classes", "gathered", "cached", "late"])
def test_two_are_as_one(tmp_path, loss):
    (make_tiny_late if loss == "late" else make_tiny_model)(tmp_path / "model", "bert")
    before = weights(load(str(tmp_path / "model"), backend="torch"))
    one = run(tmp_path, loss, 8)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(2):
        places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment = (
            os.environ
            | {name: str(value) for name, value in places.items()}
            | {"OMP_NUM_THREADS": "1", "PYTHONPATH": SOURCE}
        )
        command = [sys.executable, __file__, tmp_path, loss]
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL))
    for process in processes:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors.decode()[-2000:]
    two = load(str(tmp_path / "done-4"), backend="torch")
    moved = greatest_difference(before, weights(one))
    assert moved > 1e-4
    assert greatest_difference(weights(one), weights(two)) < 1e-3 * moved
    assert np.isfinite(moved)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], 4)
    torch.distributed.destroy_process_group()
