"""GradCache: a ranking loss over large batches in the memory of a small one, with the same gradients."""

import torch
from example_data import medquad, options

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses

options = options(__doc__)
pairs = medquad(options.data, "train", 96 if options.short else 12_000)
model = SentenceTransformer("all-MiniLM-L6-v2", on_truncation="ignore")
model.max_seq_length = 16 if options.short else 128

# The same batch both ways, without dropout: the gradients are equal.
columns = [model.training_features([row[name] for row in pairs[:32]]) for name in ("question", "answer")]
gradients = []
for loss in (
    losses.MultipleNegativesRankingLoss(model),
    losses.CachedMultipleNegativesRankingLoss(model, mini_batch_num_tokens=128),
):
    loss.eval()
    loss.zero_grad()
    loss(columns).backward()
    gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))

args = SentenceTransformerTrainingArguments(
    str(options.output / "gradcache"),
    num_train_epochs=1,
    max_steps=1 if options.short else -1,
    per_device_train_batch_size=64 if options.short else 1024,
    learning_rate=1e-4,
    batch_sampler="no_duplicates",
    save_strategy="no",
)
loss = losses.CachedMultipleNegativesRankingLoss(model, mini_batch_num_tokens=512 if options.short else 4096)
SentenceTransformerTrainer(model, args, pairs, loss=loss).train()
model.save_pretrained(options.output / "gradcache" / "final")
print(f"Greatest difference of the two gradients: {(gradients[0] - gradients[1]).abs().max():.1e}")
