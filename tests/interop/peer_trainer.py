"""Trains a folder with the peer's trainer, as told on standard input; saves the model."""

import json
import sys

import sentence_transformers as peer
from datasets import Dataset
from sentence_transformers import losses


def main():
    job = json.load(sys.stdin)
    model = peer.SentenceTransformer(job["folder"], device="cpu")
    loss = getattr(losses, job["loss"])(model)
    args = peer.SentenceTransformerTrainingArguments(
        output_dir=job["output"] + "-run", save_strategy="no", report_to="none", use_cpu=True, **job["arguments"]
    )
    data = Dataset.from_list(job["rows"])
    peer.SentenceTransformerTrainer(model=model, args=args, train_dataset=data, loss=loss).train()
    model.save_pretrained(job["output"])


if __name__ == "__main__":
    main()
