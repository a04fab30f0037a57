"""A small CLIP from nothing, on drawings of emoji and their names: recall among drawings of kinds that it never saw."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from harness import DOCS, record
from small_clip import emoji, make
from train_jobs import Job, data_or_end, start, train_both

from sbert import SentenceTransformer

SHOWN = 10


def main() -> None:
    options = start(__doc__, rounds=1)
    data = data_or_end(options, "image", "emoji", "google-64.zip")
    with tempfile.TemporaryDirectory() as made:
        scratch = options.keep_models or Path(made)
        train, test = emoji(data, scratch / "drawings")
        base = str(make(scratch / "base", [row["text"] for row in train]))
        rows = train[:256] if options.short else train
        pictures = [{"image": row["image"]} for row in test]
        names = [row["text"] for row in test]

        def measure(folder: str) -> dict[str, float]:
            model = SentenceTransformer(folder, backend="torch", on_truncation="ignore")
            scores = model.similarity(model.encode(names), model.encode(pictures))
            return recalls(scores)

        before = measure(base)
        chance = 100 * SHOWN / len(test)
        print(f"{len(rows):,} drawings; {len(test)} held out; recall@{SHOWN} before {before['text_to_image@10']:.1f} %")

        def job(seed: int) -> Job:
            arguments = {
                "num_train_epochs": 1 if options.short else 6,
                "per_device_train_batch_size": 64,
                "learning_rate": 1e-3,
                "warmup_ratio": 0.1,
                "weight_decay": 0.05,
                "seed": seed,
            }
            return Job(base, rows, {"name": "MultipleNegativesRankingLoss"}, arguments, images=("image",))

        found = train_both(job, measure, options, scratch, "clip")
        if not options.short:
            draw(str(scratch / "clip" / "sbert-1" / "model"), test, DOCS / "train_images.png")
    facts: dict[str, Any] = {"before": before, "chance": chance, "drawings": len(rows), "held_out": len(test)}
    facts |= {"clip": found, "together": options.together, "rounds": options.rounds}
    record("train_images", facts | {"short_form": options.short})


def recalls(scores: np.ndarray) -> dict[str, float]:
    """How often the own drawing is among the nearest, and the own name, in percent; row i belongs to column i."""
    own = np.diag(scores)
    of_texts = 100 * float(((scores > own[:, None]).sum(axis=1) < SHOWN).mean())
    of_images = 100 * float(((scores > own[None, :]).sum(axis=0) < SHOWN).mean())
    return {f"text_to_image@{SHOWN}": of_texts, f"image_to_text@{SHOWN}": of_images}


def draw(folder: str, test: list[dict[str, str]], path: Path) -> None:
    """A picture of what is found for some names: a row a name, the nearest drawings from left to right."""
    import PIL.Image
    import PIL.ImageDraw

    asked = ["red apple", "cat face", "flag: Japan", "airplane", "musical note", "clock", "fish", "heart"]
    model = SentenceTransformer(folder, backend="torch", on_truncation="ignore")
    scores = model.similarity(model.encode(asked), model.encode([{"image": row["image"]} for row in test]))
    side, left = 64, 150
    sheet = PIL.Image.new("RGB", (left + 8 * (side + 8), len(asked) * (side + 8)), "white")
    pen = PIL.ImageDraw.Draw(sheet)
    for place, (name, row) in enumerate(zip(asked, scores, strict=True)):
        pen.text((8, place * (side + 8) + side // 2), name, fill="black")
        for column, number in enumerate(np.argsort(-row)[:8]):
            drawing = PIL.Image.open(test[number]["image"]).convert("RGBA")
            sheet.paste(drawing, (left + column * (side + 8), place * (side + 8)), drawing)
    path.parent.mkdir(exist_ok=True)
    sheet.save(path)
    print(f"written to {path.name}")


if __name__ == "__main__":
    main()
