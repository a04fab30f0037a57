"""Two datasets at once, each with its loss; a prompt for one column; a learning rate for one part."""

from example_data import options, rows, tiny_bert

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses
from sbert.evaluation.files import evaluator_of

options = options(__doc__)
file = options.data / "sts" / "stsb-en.tsv.gz"
sts = [
    {"sentence1": row["sentence1"], "sentence2": row["sentence2"], "score": float(row["score"]) / 5}
    for row in rows(file, "train")
]
words = rows(options.data / "corpora" / "wordnet-glosses.tsv.gz")[:5000]
glosses = [{"word": row["lemmas"].split(",")[0], "definition": row["definition"]} for row in words]
model = SentenceTransformer(tiny_bert())
evaluator = evaluator_of(file, split="test")
before = evaluator(model)["stsb-en_spearman_cosine"]

args = SentenceTransformerTrainingArguments(
    str(options.output / "several"),
    num_train_epochs=1,
    max_steps=10 if options.short else -1,
    per_device_train_batch_size=32,
    learning_rate=2e-4,
    learning_rate_mapping={r"embeddings": 5e-4},
    prompts={"glosses": {"word": "define: "}},
    multi_dataset_batch_sampler="proportional",
    save_strategy="no",
)
trainer = SentenceTransformerTrainer(
    model,
    args,
    {"sts": sts, "glosses": glosses},
    loss={"sts": losses.CoSENTLoss(model), "glosses": losses.MultipleNegativesRankingLoss(model)},
)
trainer.train()
model.save_pretrained(options.output / "several" / "final")
print(f"STS benchmark, Spearman: {before:.4f} -> {evaluator(model)['stsb-en_spearman_cosine']:.4f}")
