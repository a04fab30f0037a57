"""SBERT's triplet objective: a premise should be nearer to what follows from it than to what contradicts it."""

from example_data import options, rows, tiny_bert

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses
from sbert.evaluation import TripletEvaluator

options = options(__doc__)
by_premise: dict[str, dict[str, str]] = {}
for row in rows(options.data / "nli" / "snli-devtest.tsv.gz"):
    by_premise.setdefault(row["premise"], {})[row["label"]] = row["hypothesis"]
triplets = [
    {"anchor": premise, "positive": found["entailment"], "negative": found["contradiction"]}
    for premise, found in by_premise.items()
    if {"entailment", "contradiction"} <= set(found)
]
held_out, triplets = triplets[:300], triplets[300:]
model = SentenceTransformer(tiny_bert())
evaluator = TripletEvaluator(*([row[name] for row in held_out] for name in ("anchor", "positive", "negative")))
before = evaluator(model)["cosine_accuracy"]

args = SentenceTransformerTrainingArguments(
    str(options.output / "triplets"),
    num_train_epochs=2,
    max_steps=10 if options.short else -1,
    per_device_train_batch_size=32,
    learning_rate=2e-4,
    warmup_ratio=0.1,
    save_strategy="no",
)
trainer = SentenceTransformerTrainer(model, args, triplets, loss=losses.TripletLoss(model, triplet_margin=1.0))
trainer.train()
model.save_pretrained(options.output / "triplets" / "final")
print(f"Triplets that are in order: {before:.4f} -> {evaluator(model)['cosine_accuracy']:.4f}")
