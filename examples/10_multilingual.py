"""Multilingual distillation: German sentences should have the vectors of the English ones that they translate."""

from example_data import options, rows

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses
from sbert.evaluation import TranslationEvaluator
from sbert.training.adaptation import extend_vocabulary, translation_rows

options = options(__doc__)
captions = rows(options.data / "parallel" / "multi30k" / "train.tsv.gz")[: 400 if options.short else None]
held_out = rows(options.data / "parallel" / "multi30k" / "val.tsv.gz")[: 100 if options.short else None]
teacher = SentenceTransformer("all-MiniLM-L6-v2")
student = SentenceTransformer("all-MiniLM-L6-v2")
evaluator = TranslationEvaluator([row["en"] for row in held_out], [row["de"] for row in held_out])
before = evaluator(student)["mean_accuracy"]
added = extend_vocabulary(student, [row["de"] for row in captions], 500 if options.short else 12_000)

data = translation_rows(teacher, [row["en"] for row in captions], [row["de"] for row in captions])
args = SentenceTransformerTrainingArguments(
    str(options.output / "multilingual"),
    num_train_epochs=2,
    max_steps=4 if options.short else -1,
    per_device_train_batch_size=16 if options.short else 64,
    learning_rate=5e-4,
    warmup_ratio=0.1,
    save_strategy="no",
)
SentenceTransformerTrainer(student, args, data, loss=losses.MSELoss(student)).train()
student.save_pretrained(options.output / "multilingual" / "final")
print(f"{added} pieces added; translations found: {before:.4f} -> {evaluator(student)['mean_accuracy']:.4f}")
