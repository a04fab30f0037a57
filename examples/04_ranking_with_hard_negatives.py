"""Medical questions and their answers: ranking with in-batch negatives and hard ones that the model itself mines."""

from example_data import medquad, options

from sbert import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
    losses,
    mine_hard_negatives,
)
from sbert.evaluation import InformationRetrievalEvaluator

options = options(__doc__)
pairs = medquad(options.data, "train", 64 if options.short else 12_000)
test = medquad(options.data, "test", 50 if options.short else 1400)
model = SentenceTransformer("all-MiniLM-L6-v2", on_truncation="ignore")
model.max_seq_length = 32 if options.short else 128
answers = list(dict.fromkeys(row["answer"] for row in (*test, *pairs)))
evaluator = InformationRetrievalEvaluator(
    {f"q{place}": row["question"] for place, row in enumerate(test)},
    {f"d{place}": text for place, text in enumerate(answers)},
    {f"q{place}": {f"d{answers.index(row['answer'])}"} for place, row in enumerate(test)},
)
before = evaluator(model)["cosine_ndcg@10"]
triplets = mine_hard_negatives(
    pairs, model, num_negatives=1, range_min=3, range_max=20, relative_margin=0.05, verbose=False
)

args = SentenceTransformerTrainingArguments(
    str(options.output / "ranking"),
    num_train_epochs=1,
    max_steps=2 if options.short else -1,
    per_device_train_batch_size=16 if options.short else 32,
    learning_rate=5e-5,
    warmup_ratio=0.1,
    batch_sampler="no_duplicates",  # another row's equal text would be a false negative
    save_strategy="no",
)
trainer = SentenceTransformerTrainer(model, args, triplets, loss=losses.MultipleNegativesRankingLoss(model))
trainer.train()
model.save_pretrained(options.output / "ranking" / "final")
print(f"nDCG@10: {before:.4f} -> {evaluator(model)['cosine_ndcg@10']:.4f}")
