"""A cross-encoder: it reads a question beside an answer, and learns which belong together."""

import random

from example_data import medquad, options

from sbert import CrossEncoder, CrossEncoderTrainer, CrossEncoderTrainingArguments
from sbert.evaluation import CrossEncoderRerankingEvaluator
from sbert.losses.cross_encoder import BinaryCrossEntropyLoss

options = options(__doc__)
generator = random.Random(0)
pairs = medquad(options.data, "train", 64 if options.short else 6000)
answers = [row["answer"] for row in pairs]
labelled = [{**row, "label": 1.0} for row in pairs]
labelled += [{"question": row["question"], "answer": generator.choice(answers), "label": 0.0} for row in pairs]
generator.shuffle(labelled)
test = medquad(options.data, "test", 10 if options.short else 200)
evaluator = CrossEncoderRerankingEvaluator(
    [{"query": row["question"], "positive": [row["answer"]], "negative": generator.sample(answers, 9)} for row in test]
)
model = CrossEncoder("sentence-transformers/all-MiniLM-L6-v2", num_labels=1, backend="torch", on_truncation="ignore")
model.max_length = 32 if options.short else 160
before = evaluator(model)["ndcg@10"]

args = CrossEncoderTrainingArguments(
    str(options.output / "cross-encoder"),
    num_train_epochs=1,
    max_steps=3 if options.short else -1,
    per_device_train_batch_size=16,
    learning_rate=5e-5,
    warmup_ratio=0.1,
    save_strategy="no",
)
CrossEncoderTrainer(model, args, labelled, loss=BinaryCrossEntropyLoss(model)).train()
model.save_pretrained(options.output / "cross-encoder" / "final")
print(f"nDCG@10 among ten answers: {before:.4f} -> {evaluator(model)['ndcg@10']:.4f}")
