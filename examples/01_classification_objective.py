"""SBERT's classification objective: a softmax over [u, v, |u - v|] on natural language inference."""

from example_data import options, rows, tiny_bert

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses
from sbert.evaluation.files import evaluator_of

NUMBERS = {"contradiction": 0, "entailment": 1, "neutral": 2}

options = options(__doc__)
pairs = [
    {"premise": row["premise"], "hypothesis": row["hypothesis"], "label": NUMBERS[row["label"]]}
    for row in rows(options.data / "nli" / "snli-devtest.tsv.gz")
    if row["label"] in NUMBERS
]
model = SentenceTransformer(tiny_bert())
model.max_seq_length = 64
evaluator = evaluator_of(options.data / "sts" / "stsb-en.tsv.gz", split="test")
before = evaluator(model)["stsb-en_spearman_cosine"]

args = SentenceTransformerTrainingArguments(
    str(options.output / "classification"),
    num_train_epochs=1,
    max_steps=10 if options.short else -1,
    per_device_train_batch_size=32,
    learning_rate=2e-4,
    warmup_ratio=0.1,
    save_strategy="no",
)
trainer = SentenceTransformerTrainer(model, args, pairs, loss=losses.SoftmaxLoss(model, num_labels=3))
trainer.train()
model.save_pretrained(options.output / "classification" / "final")
print(f"STS benchmark, Spearman: {before:.4f} -> {evaluator(model)['stsb-en_spearman_cosine']:.4f}")
