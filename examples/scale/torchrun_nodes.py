"""torchrun on several machines: training with the negatives of all, so that the batch that counts grows with them.

Started by torchrun on each machine; or alone, and then two torchrun of one process each stand for two machines here.
"""

import os
import socket
import subprocess
import sys

from recipe import MODEL, medquad, train_options

import sbert


def on_two_machines() -> int:
    """Start this script twice, as two machines would that meet at an address; the exit status of the worse."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        meet = f"localhost:{free.getsockname()[1]}"
    agent = f"--nnodes 2 --nproc-per-node 1 --rdzv-backend c10d --rdzv-endpoint {meet} --local-addr localhost"
    command = [sys.executable, "-m", "torch.distributed.run", *agent.split()]
    # Which one others meet at is told by the address, unless both have the same.
    hosts = [f"--rdzv-conf=is_host={first},join_timeout=120" for first in (1, 0)]
    machines = [subprocess.Popen([*command, host, *sys.argv]) for host in hosts]
    return max(abs(machine.wait()) for machine in machines)


options = train_options(__doc__)
if "RANK" not in os.environ:
    sys.exit(on_two_machines())

from torch import distributed  # noqa: E402  (who starts the others needs no torch)

pairs = medquad(options.data, "train", 128 if options.short else 12_000)
model = sbert.SentenceTransformer(MODEL, backend="torch", on_truncation="ignore")
model.max_seq_length = 32 if options.short else 128
args = sbert.SentenceTransformerTrainingArguments(
    str(options.output / "nodes"),
    num_train_epochs=1,
    max_steps=4 if options.short else -1,
    per_device_train_batch_size=8 if options.short else 32,
    learning_rate=5e-5,
    batch_sampler="no_duplicates",
    logging_steps=1,
    save_strategy="no",
)
loss = sbert.losses.MultipleNegativesRankingLoss(model, gather_across_devices=True)
trainer = sbert.SentenceTransformerTrainer(model, args, pairs, loss=loss)
trainer.train()

found = [None] * distributed.get_world_size()
distributed.all_gather_object(found, (os.environ["GROUP_RANK"], model.fingerprint))
if trainer.is_world_process_zero():
    model.save_pretrained(options.output / "nodes" / "final")
    machines, weights = (len(set(each)) for each in zip(*found, strict=True))
    steps = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    print(f"{len(found)} processes on {machines} machines, {weights} model: loss {steps[0]:.4f} -> {steps[-1]:.4f}")
distributed.destroy_process_group()
