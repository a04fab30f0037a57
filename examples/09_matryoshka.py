"""Matryoshka: vectors whose first numbers do by themselves, so that an index can keep a sixth of them."""

from example_data import options, rows, tiny_bert

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses
from sbert.evaluation import EmbeddingSimilarityEvaluator

options = options(__doc__)
file = options.data / "sts" / "stsb-en.tsv.gz"
pairs = [
    {"sentence1": row["sentence1"], "sentence2": row["sentence2"], "score": float(row["score"]) / 5}
    for row in rows(file, "train")
]
test = rows(file, "test")
columns = [
    [row["sentence1"] for row in test],
    [row["sentence2"] for row in test],
    [float(row["score"]) for row in test],
]
model = SentenceTransformer(tiny_bert())


def measured() -> str:
    found = {}
    for width in (128, 32, 16):
        found[width] = EmbeddingSimilarityEvaluator(*columns, truncate_dim=width)(model)["spearman_cosine"]
    return ", ".join(f"{width}: {value:.4f}" for width, value in found.items())


before = measured()
loss = losses.MatryoshkaLoss(model, losses.CoSENTLoss(model), matryoshka_dims=[128, 64, 32, 16])
args = SentenceTransformerTrainingArguments(
    str(options.output / "matryoshka"),
    num_train_epochs=2,
    max_steps=10 if options.short else -1,
    per_device_train_batch_size=32,
    learning_rate=2e-4,
    warmup_ratio=0.1,
    save_strategy="no",
)
SentenceTransformerTrainer(model, args, pairs, loss=loss).train()
model.save_pretrained(options.output / "matryoshka" / "final")
print(f"Spearman by width: {before} -> {measured()}")
