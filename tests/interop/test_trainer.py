"""The trainer ends where the peer's does, from the same weights on the same batches, without dropout."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from sbert import SentenceTransformer, losses
from sbert.training import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from support.tiny import make_tiny_model
from support.training import greatest_difference, pairs, weights

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))

pytestmark = pytest.mark.skipif(not PEER.exists(), reason="needs the peers' environment: make peers")

ROWS = pairs(24)
#: The whole data in each batch, whose order then does not matter.
ARGUMENTS = {
    "max_steps": 8,
    "per_device_train_batch_size": len(ROWS),
    "learning_rate": 1e-3,
    "weight_decay": 0.01,
    "max_grad_norm": 0.5,
    "lr_scheduler_type": "linear",
    "disable_tqdm": True,
}


@pytest.mark.parametrize("loss", ["CosineSimilarityLoss", "CoSENTLoss", "MultipleNegativesRankingLoss"])
def test_both_end_with_the_same_weights(tmp_path, loss):
    folder = make_tiny_model(tmp_path / "model", "bert")
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    rows = ROWS
    if loss == "MultipleNegativesRankingLoss":
        rows = [{"one": row["one"], "two": row["two"]} for row in ROWS]
    job = {
        "folder": str(folder),
        "loss": loss,
        "rows": rows,
        "arguments": ARGUMENTS,
        "output": str(tmp_path / "theirs"),
    }
    told = subprocess.run(
        [PEER, Path(__file__).with_name("peer_trainer.py")],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert told.returncode == 0, told.stderr[-3000:]
    model = SentenceTransformer(str(folder), backend="torch")
    before = weights(model)
    args = SentenceTransformerTrainingArguments(str(tmp_path / "run"), save_strategy="no", use_cpu=True, **ARGUMENTS)
    SentenceTransformerTrainer(model, args, rows, loss=getattr(losses, loss)(model)).train()
    theirs = weights(SentenceTransformer(str(tmp_path / "theirs"), backend="torch"))
    ours = weights(model)
    moved = greatest_difference(before, ours)
    assert moved > 1e-3
    # Of no effect on attention, so that its gradient is rounding alone, which Adam makes large.
    for held in (ours, theirs):
        for name in [name for name in held if name.endswith("key.bias")]:
            del held[name]
    assert greatest_difference(ours, theirs) < 0.02 * moved
