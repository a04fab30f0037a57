"""Static models: texts a second against quality, beside wordllama and model2vec.

Ours is MiniLM, distilled by this project and fitted to about 100,000 real texts; the first run makes it, which takes
minutes. model2vec runs twice: with that very folder, which shows the speed of the two runtimes on equal work, and with
its own distillation of the same teacher. The teacher itself is there to show what is given up.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from harness import Side, arguments, definitions, in_turn, minilm_folder, ratio, record, worker
from static_data import Judges, training_texts

OURS, PEER = "sbert", "model2vec, its own distillation"


def our_model(data: Path) -> tuple[str, dict[str, Any]]:
    """The folder of our distilled MiniLM, and how it was made; made where it is not there yet."""
    from sbert import SentenceTransformer
    from sbert.checkpoints.names import cache_folder
    from sbert.distillation import distill

    folder, facts = (
        cache_folder() / "benchmarks" / "minilm-static",
        cache_folder() / "benchmarks" / "minilm-static.json",
    )
    if not facts.exists():
        texts = training_texts(data)
        print(f"fitting to {len(texts):,} texts")
        start = time.perf_counter()
        made = distill(SentenceTransformer(minilm_folder(), dtype="bfloat16"), folder, texts, show_progress_bar=True)
        made_of = {"texts": made.texts, "cosine_before": made.cosine_before, "cosine_after": made.cosine_after}
        facts.write_text(json.dumps(made_of | {"seconds": time.perf_counter() - start}), encoding="utf-8")
    return str(folder), json.loads(facts.read_text(encoding="utf-8"))


def main() -> None:
    options = arguments(__doc__ or "", rounds=5)
    judges = Judges(options.data)
    ours, made = our_model(options.data)
    with tempfile.TemporaryDirectory() as scratch:
        theirs = os.path.join(scratch, "model2vec")  # noqa: PTH118
        worker(options.peer_python, "model2vec_distill.py", minilm_folder(), theirs)
        path = Path(scratch) / "texts.json"
        path.write_text(json.dumps({"speed": definitions(50_000), "quality": judges.texts}), encoding="utf-8")
        asked = {
            OURS: (sys.executable, "sbert", ours),
            "model2vec, our model": (options.peer_python, "model2vec", ours),
            PEER: (options.peer_python, "model2vec", theirs),
            "wordllama": (options.peer_python, "wordllama", "-"),
        }
        sides = {
            name: Side(python, "static.py", library, model, str(path), f"{scratch}/{number}.npy")
            for number, (name, (python, library, model)) in enumerate(asked.items())
        }
        runs = in_turn([(name, side.run) for name, side in sides.items()], options.rounds)
        vectors = {name: np.load(side.end()["vectors"]) for name, side in sides.items()}
    measured = {name: _row(runs[name], runs[PEER], judges.scores(vectors[name])) for name in asked}
    measured["the teacher"] = _teacher(judges)
    for name, row in measured.items():
        scores = "  ".join(f"{judge} {score:.2f}" for judge, score in row["scores"].items())
        print(f"  {name:34}{row['texts_per_second']:9,.0f} texts/s  {row['ratio'] or 0:5.2f} x  {scores}")
    same = float(np.abs(vectors[OURS] - vectors["model2vec, our model"]).max())
    record(
        "static", {"models": measured, "made": made, "largest_difference_on_our_model": same, "rounds": options.rounds}
    )


def _row(ours: list[dict[str, Any]], peer: list[dict[str, Any]], scores: dict[str, float]) -> dict[str, Any]:
    seconds = [run["seconds"] for run in ours]
    speed = 50_000 / statistics.median(seconds)
    return {"texts_per_second": speed, "ratio": ratio(seconds, [run["seconds"] for run in peer]), "scores": scores}


def _teacher(judges: Judges) -> dict[str, Any]:
    """MiniLM in float32; its speed is on 2,000 of the texts, as it would take long."""
    from sbert import SentenceTransformer

    model = SentenceTransformer(minilm_folder(), backend="openvino", on_truncation="ignore")
    texts = definitions(2000)
    model.encode(texts[:200])
    start = time.perf_counter()
    model.encode(texts)
    speed = len(texts) / (time.perf_counter() - start)
    return {"texts_per_second": speed, "ratio": None, "scores": judges.scores(model.encode(judges.texts))}


if __name__ == "__main__":
    main()
