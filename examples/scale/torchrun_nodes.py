"""torchrun on several machines: training with the negatives of all, so that the batch that counts grows with them.

Started by torchrun on each machine, or alone: then two torchrun of one process each stand for two machines here.
"""

import os
import socket
import subprocess
import sys

import torch.distributed as dist
from recipe import MODEL, medquad, train_options

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses

options = train_options(__doc__)
if "RANK" not in os.environ:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        meet = f"localhost:{free.getsockname()[1]}"
    agent = f"--nnodes 2 --nproc-per-node 1 --rdzv-backend c10d --rdzv-endpoint {meet} --local-addr localhost"
    command = [sys.executable, "-m", "torch.distributed.run", *agent.split(), *sys.argv]
    nodes = [subprocess.Popen(command) for _ in range(2)]
    sys.exit(max(abs(node.wait()) for node in nodes))

pairs = medquad(options.data, "train", 128 if options.short else 12_000)
model = SentenceTransformer(MODEL, backend="torch", on_truncation="ignore")
model.max_seq_length = 32 if options.short else 128
args = SentenceTransformerTrainingArguments(
    str(options.output / "nodes"),
    num_train_epochs=1,
    max_steps=4 if options.short else -1,
    per_device_train_batch_size=8 if options.short else 32,
    learning_rate=5e-5,
    batch_sampler="no_duplicates",
    logging_steps=1,
    save_strategy="no",
)
loss = losses.MultipleNegativesRankingLoss(model, gather_across_devices=True)
trainer = SentenceTransformerTrainer(model, args, pairs, loss=loss)
trainer.train()

found = [None] * dist.get_world_size()
dist.all_gather_object(found, (os.environ["GROUP_RANK"], model.fingerprint))
if trainer.is_world_process_zero():
    model.save_pretrained(options.output / "nodes" / "final")
    machines, weights = (len(set(each)) for each in zip(*found, strict=True))
    steps = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    print(f"{len(found)} processes on {machines} machines, {weights} model: loss {steps[0]:.4f} -> {steps[-1]:.4f}")
dist.destroy_process_group()
