"""Late interaction: a vector a token, compared by MaxSim; a new layer on a network that had one vector a text."""

import numpy as np
from example_data import medquad, options

from sbert import MultiVectorEncoder, MultiVectorEncoderTrainer, MultiVectorEncoderTrainingArguments, losses

options = options(__doc__)
pairs = medquad(options.data, "train", 64 if options.short else 12_000)
test = medquad(options.data, "test", 30 if options.short else 300)
model = MultiVectorEncoder("sentence-transformers/all-MiniLM-L6-v2", on_truncation="ignore")
model.max_seq_length = 24 if options.short else 128


def found() -> float:
    """How often a question finds its own answer first."""
    questions = model.encode_query([row["question"] for row in test])
    answers = model.encode_document([row["answer"] for row in test])
    return float((np.argmax(model.similarity(questions, answers), axis=1) == np.arange(len(test))).mean())


before = found()
args = MultiVectorEncoderTrainingArguments(
    str(options.output / "late"),
    num_train_epochs=1,
    max_steps=3 if options.short else -1,
    per_device_train_batch_size=16,
    learning_rate=1e-4,
    warmup_ratio=0.1,
    batch_sampler="no_duplicates",
    save_strategy="no",
)
loss = losses.MultiVectorMultipleNegativesRankingLoss(model)
MultiVectorEncoderTrainer(model, args, pairs, loss=loss).train()
model.save_pretrained(options.output / "late" / "final")
print(f"Questions whose own answer comes first: {before:.4f} -> {found():.4f}")
