"""SPLADE: weights of words that an inverted index can search, kept few by what they cost it."""

from example_data import medquad, options, tiny_bert

from sbert import SparseEncoder, SparseEncoderTrainer, SparseEncoderTrainingArguments, losses

options = options(__doc__)
pairs = medquad(options.data, "train", 256 if options.short else 12_000)
texts = [row["answer"] for row in medquad(options.data, "test", 50)]
model = SparseEncoder(tiny_bert(), on_truncation="ignore")
model.max_seq_length = 32 if options.short else 128
before = model.sparsity(model.encode(texts))["active_dims"]

loss = losses.SpladeLoss(
    model,
    losses.SparseMultipleNegativesRankingLoss(model),
    document_regularizer_weight=0.1,
    query_regularizer_weight=0.1,
)
args = SparseEncoderTrainingArguments(
    str(options.output / "splade"),
    num_train_epochs=1,
    max_steps=10 if options.short else -1,
    per_device_train_batch_size=16,
    learning_rate=1e-3 if options.short else 2e-4,
    warmup_ratio=0.1,
    batch_sampler="no_duplicates",
    save_strategy="no",
)
SparseEncoderTrainer(model, args, pairs, loss=loss).train()
model.save_pretrained(options.output / "splade" / "final")
print(f"Words of a text: {before:.0f} -> {model.sparsity(model.encode(texts))['active_dims']:.0f}")
