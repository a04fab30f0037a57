"""Static models: texts a second against quality, beside wordllama and model2vec.

Ours is MiniLM, distilled by this project and fitted to about 100,000 real texts; the first run makes it, which takes
minutes. model2vec runs twice: with that very folder, which shows the speed of the two runtimes on equal work, and with
its own distillation of the same teacher. The teacher itself is there to show what is given up.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from harness import Side, arguments, definitions, in_turn, minilm_folder, ratio, record, worker
from static_data import Judges, training_texts

from sbert.checkpoints.names import cache_folder

OURS, PEER = "sbert", "model2vec, its own distillation"
#: Texts in a timed run; each run has others.
TEXTS = 18_000
#: Texts that a short form is fitted to; the teacher, which takes long to judge, is not part of it.
SHORT_FIT = 10_000


def our_model(folder: Path, data: Path, most: int | None) -> dict[str, Any]:
    """Distil MiniLM and fit it, where that has not been done; tells how it was made."""
    from sbert import SentenceTransformer
    from sbert.distillation import distill

    facts = folder.with_suffix(".json")
    if not facts.exists():
        texts = training_texts(data)
        texts = texts if most is None else texts[:: max(1, len(texts) // most)]
        print(f"fitting to {len(texts):,} texts")
        start = time.perf_counter()
        made = distill(SentenceTransformer(minilm_folder(), dtype="bfloat16"), folder, texts, show_progress_bar=None)
        made_of = {"texts": made.texts, "cosine_before": made.cosine_before, "cosine_after": made.cosine_after}
        facts.write_text(json.dumps(made_of | {"seconds": time.perf_counter() - start}), encoding="utf-8")
    found: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
    return found


def main() -> None:
    options = arguments(__doc__ or "", rounds=5)
    judges = Judges(options.data)
    kept = cache_folder() / "benchmarks"
    kept.mkdir(parents=True, exist_ok=True)
    ours, theirs = kept / ("minilm-static-short" if options.short else "minilm-static"), kept / "minilm-model2vec"
    made = our_model(ours, options.data, SHORT_FIT if options.short else None)
    if not theirs.exists():
        worker(options.peer_python, "model2vec_distill.py", minilm_folder(), str(theirs))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "texts.json"
        fresh = definitions(TEXTS * (options.rounds + 1))
        speed = [fresh[first : first + TEXTS] for first in range(0, len(fresh), TEXTS)]
        path.write_text(json.dumps({"speed": speed, "quality": judges.texts}), encoding="utf-8")
        asked = {
            OURS: (sys.executable, "sbert", str(ours)),
            "model2vec, our model": (options.peer_python, "model2vec", str(ours)),
            PEER: (options.peer_python, "model2vec", str(theirs)),
            "wordllama": (options.peer_python, "wordllama", "-"),
        }
        sides = {
            name: Side(python, "static.py", library, model, str(path), f"{scratch}/{number}.npy")
            for number, (name, (python, library, model)) in enumerate(asked.items())
        }
        runs = in_turn([(name, side.run) for name, side in sides.items()], options.rounds)
        vectors = {name: np.load(side.end()["vectors"]) for name, side in sides.items()}
    measured = {name: _row(runs[name], runs[PEER], judges.scores(vectors[name])) for name in asked}
    for name, row in measured.items():
        show(name, row)
    if not options.short:
        measured["the teacher"] = _teacher(judges)
        show("the teacher", measured["the teacher"])
    same = float(np.abs(vectors[OURS] - vectors["model2vec, our model"]).max())
    facts = {"made": made, "largest_difference_on_our_model": same, "rounds": options.rounds}
    record("static", {"models": measured, **facts, "short_form": options.short})


def show(name: str, row: dict[str, Any]) -> None:
    scores = "  ".join(f"{judge} {score:.2f}" for judge, score in row["scores"].items())
    print(f"  {name:34}{row['texts_per_second']:9,.0f} texts/s  {row['ratio'] or 0:5.2f} x  {scores}", flush=True)


def _row(ours: list[dict[str, Any]], peer: list[dict[str, Any]], scores: dict[str, float]) -> dict[str, Any]:
    seconds = [run["seconds"] for run in ours]
    speed = TEXTS / statistics.median(seconds)
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
