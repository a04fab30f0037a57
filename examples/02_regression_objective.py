"""SBERT's regression objective: the cosine of two sentences should be how similar people find them."""

from example_data import options, rows, tiny_bert

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses
from sbert.evaluation.files import evaluator_of

options = options(__doc__)
file = options.data / "sts" / "stsb-en.tsv.gz"
pairs = [
    {"sentence1": row["sentence1"], "sentence2": row["sentence2"], "score": float(row["score"]) / 5}
    for row in rows(file, "train")
]
model = SentenceTransformer(tiny_bert())
evaluator = evaluator_of(file, split="test")
before = evaluator(model)["stsb-en_spearman_cosine"]

args = SentenceTransformerTrainingArguments(
    str(options.output / "regression"),
    num_train_epochs=4,
    max_steps=10 if options.short else -1,
    per_device_train_batch_size=32,
    learning_rate=2e-4,
    warmup_ratio=0.1,
    save_strategy="no",
)
trainer = SentenceTransformerTrainer(model, args, pairs, loss=losses.CosineSimilarityLoss(model))
trainer.train()
model.save_pretrained(options.output / "regression" / "final")
print(f"STS benchmark, Spearman: {before:.4f} -> {evaluator(model)['stsb-en_spearman_cosine']:.4f}")
