"""TSDAE: no labels at all; a decoder must write a sentence anew from the vector of what is left of it."""

import re

from example_data import medquad, options, tiny_bert

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses

options = options(__doc__)
answers = [row["answer"] for row in medquad(options.data, "train", 50 if options.short else 3000)]
sentences = [part for text in answers for part in re.split(r"(?<=[.!?])\s+", text) if 5 <= len(part.split()) <= 40]
sentences = list(dict.fromkeys(sentences))[: 200 if options.short else None]
model = SentenceTransformer(tiny_bert())
model.max_seq_length = 64

rows = {"noised": losses.noised(sentences, ratio=0.6, seed=0), "text": sentences}
args = SentenceTransformerTrainingArguments(
    str(options.output / "tsdae"),
    num_train_epochs=1,
    max_steps=12 if options.short else -1,
    per_device_train_batch_size=8,
    learning_rate=3e-4,
    lr_scheduler_type="constant",
    weight_decay=0.0,
    logging_steps=1 if options.short else 50,
    save_strategy="no",
)
loss = losses.DenoisingAutoEncoderLoss(model, tie_encoder_decoder=True)
trainer = SentenceTransformerTrainer(model, args, rows, loss=loss)
trainer.train()
model.save_pretrained(options.output / "tsdae" / "final")
told = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
print(f"Cross-entropy of the words: {told[0]:.2f} -> {told[-1]:.2f}")
