"""Augmented SBERT: a cross-encoder trained on few labelled pairs labels many, and a bi-encoder learns from those."""

from example_data import options, rows, tiny_bert

from sbert import (
    CrossEncoder,
    CrossEncoderTrainer,
    CrossEncoderTrainingArguments,
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
    losses,
)
from sbert.evaluation.files import evaluator_of
from sbert.training.adaptation import silver_pairs

options = options(__doc__)
file = options.data / "sts" / "stsb-en.tsv.gz"
train = rows(file, "train")[: 200 if options.short else 2000]
gold = [{"sentence1": r["sentence1"], "sentence2": r["sentence2"], "score": float(r["score"]) / 5} for r in train]
texts = [row[name] for row in rows(file, "dev")[: 40 if options.short else None] for name in ("sentence1", "sentence2")]
usual = {"per_device_train_batch_size": 16, "learning_rate": 2e-4, "save_strategy": "no", "num_train_epochs": 2}
usual["max_steps"] = 5 if options.short else -1

judge = CrossEncoder(tiny_bert(), num_labels=1, max_length=64, backend="torch")
CrossEncoderTrainer(judge, CrossEncoderTrainingArguments(str(options.output / "judge"), **usual), gold).train()
model = SentenceTransformer(tiny_bert())
evaluator = evaluator_of(file, split="test")
before = evaluator(model)["stsb-en_spearman_cosine"]
silver = silver_pairs(texts, judge, model, top_k=3)
data = [*gold, *silver.__getitems__(list(range(len(silver))))]
args = SentenceTransformerTrainingArguments(str(options.output / "augmented"), **usual)
SentenceTransformerTrainer(model, args, data, loss=losses.CosineSimilarityLoss(model)).train()
model.save_pretrained(options.output / "augmented" / "final")
after = evaluator(model)["stsb-en_spearman_cosine"]
print(f"{len(silver)} silver pairs; STS benchmark, Spearman: {before:.4f} -> {after:.4f}")
