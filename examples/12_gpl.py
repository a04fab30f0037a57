"""GPL: a domain without labels. WordNet's words are queries for their definitions, and a judge sets the margins."""

import numpy as np
from example_data import options, rows, tiny_bert

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sbert.losses import MarginMSELoss
from sbert.training.adaptation import gpl_rows

options = options(__doc__)
glosses = rows(options.data / "corpora" / "wordnet-glosses.tsv.gz")[:: 1000 if options.short else 20]
corpus = {row["lemmas"].split(",")[0].strip(): row["definition"] for row in glosses}
test = list(corpus.items())[: 50 if options.short else 500]


class Judge:
    """Where a cross-encoder is at hand, CrossEncoder(name, activation_fn="identity") takes its place."""

    def predict(self, pairs: list[tuple[str, str]]) -> np.ndarray:
        """A score for each pair."""
        vectors = [judge.encode([pair[side] for pair in pairs]) for side in (0, 1)]
        return 5 * np.sum(vectors[0] * vectors[1], axis=1)


judge = SentenceTransformer("all-MiniLM-L6-v2")
model = SentenceTransformer(tiny_bert())


def found() -> float:
    scores = np.asarray(
        model.similarity(model.encode([word for word, _ in test]), model.encode([text for _, text in test]))
    )
    return float((scores.argsort(axis=1)[:, -10:] == np.arange(len(test))[:, None]).any(axis=1).mean())


before = found()
data = gpl_rows(corpus, model, Judge(), negatives=2)
args = SentenceTransformerTrainingArguments(
    str(options.output / "gpl"),
    num_train_epochs=1,
    max_steps=10 if options.short else -1,
    per_device_train_batch_size=16,
    learning_rate=2e-4,
    save_strategy="no",
)
SentenceTransformerTrainer(model, args, data, loss=MarginMSELoss(model)).train()
model.save_pretrained(options.output / "gpl" / "final")
print(f"Words whose definition is among the ten nearest: {before:.4f} -> {found():.4f}")
