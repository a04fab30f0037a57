"""A student of two layers learns the vectors of its teacher of six, whose first and last layers it starts from."""

from example_data import options, rows

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses
from sbert.evaluation.files import evaluator_of
from sbert.training.adaptation import drop_layers

options = options(__doc__)
captions = rows(options.data / "parallel" / "multi30k" / "train.tsv.gz")[: 100 if options.short else 20_000]
texts = [row["en"] for row in captions]
teacher = SentenceTransformer("all-MiniLM-L6-v2")
student = SentenceTransformer("all-MiniLM-L6-v2")
drop_layers(student, [0, 5])
evaluator = evaluator_of(options.data / "sts" / "stsb-en.tsv.gz", split="test")
before = evaluator(student)["stsb-en_spearman_cosine"]

args = SentenceTransformerTrainingArguments(
    str(options.output / "student"),
    num_train_epochs=1,
    max_steps=3 if options.short else -1,
    per_device_train_batch_size=16 if options.short else 64,
    learning_rate=2e-4,
    save_strategy="no",
)
data = {"text": texts, "label": teacher.encode(texts)}
SentenceTransformerTrainer(student, args, data, loss=losses.MSELoss(student)).train()
student.save_pretrained(options.output / "student" / "final")
print(f"STS benchmark, Spearman: {before:.4f} -> {evaluator(student)['stsb-en_spearman_cosine']:.4f}")
