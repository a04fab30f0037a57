"""LoRA: a few thin matrices are trained beside frozen weights, and then added to them."""

from example_data import options, rows
from peft import LoraConfig

from sbert import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments, losses
from sbert.evaluation.files import evaluator_of

options = options(__doc__)
file = options.data / "sts" / "stsb-en.tsv.gz"
pairs = [
    {"sentence1": row["sentence1"], "sentence2": row["sentence2"], "score": float(row["score"]) / 5}
    for row in rows(file, "train")
]
model = SentenceTransformer("all-MiniLM-L6-v2")
evaluator = evaluator_of(file, split="test")
before = evaluator(model)["stsb-en_spearman_cosine"]
model.add_adapter(LoraConfig(r=8, lora_alpha=16, target_modules=["query", "value"]))
trained = sum(weights.numel() for weights in model.parameters() if weights.requires_grad)

args = SentenceTransformerTrainingArguments(
    str(options.output / "lora"),
    num_train_epochs=2,
    max_steps=3 if options.short else -1,
    per_device_train_batch_size=32,
    learning_rate=1e-3,
    warmup_ratio=0.1,
    save_strategy="no",
)
SentenceTransformerTrainer(model, args, pairs, loss=losses.CoSENTLoss(model)).train()
model.save_pretrained(options.output / "lora" / "adapter")  # small; needs its base to load
model.merge_adapter()
model.save_pretrained(options.output / "lora" / "final")
after = evaluator(model)["stsb-en_spearman_cosine"]
print(f"{trained:,} weights trained; STS benchmark, Spearman: {before:.4f} -> {after:.4f}")
