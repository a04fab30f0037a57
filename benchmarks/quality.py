"""What bfloat16 and int8 keep of float32's quality: STS, retrieval, and how near the vectors are, in one run."""

from __future__ import annotations

import gc
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from folders import MODELS, Model, folder
from harness import kept, model_options, parser, read_options, record
from scoring import Retrieval, cosines, spearman, sts_pairs

DTYPES = ("float32", "bfloat16", "int8")
YEARS = ("sts12", "sts13", "sts14", "sts15")


class Embedded:
    """A model in one dtype, whose vectors are compared with those of float32."""

    def __init__(self, source: Path, dtype: str) -> None:
        from sbert import SentenceTransformer

        self.model = SentenceTransformer(source, backend="openvino", dtype=dtype, on_truncation="ignore")
        self.dtype = dtype
        self.near: list[np.ndarray] = []

    def vectors(self, texts: list[str], prompt: str, exact: dict[str, np.ndarray], task: str) -> np.ndarray:
        """Vectors of texts; those of float32 are kept by the name of the task, and others compared with them."""
        found = self.model.encode(texts, prompt=prompt)
        if self.dtype == "float32":
            exact[task] = found
        else:
            self.near.append(cosines(found, exact[task]))
        return found


def tasks(model: Model, data: Path, short: bool) -> tuple[list[str], bool]:
    """Names of the STS files to measure, and whether retrieval is measured too."""
    languages = [f"stsb-{language}" for language in model.languages]
    if short:
        return languages[:1], False
    return languages + list(YEARS), (data / "retrieval" / "scifact").is_dir()


def measure(key: str, options: Any) -> dict[str, Any]:
    """One model in every dtype."""
    model, source = MODELS[key], folder(key)
    names, retrieves = tasks(model, options.data, options.short)
    files = {name: sts_pairs(options.data / "sts" / f"{name}.tsv.gz") for name in names}
    scifact = Retrieval(options.data / "retrieval" / "scifact") if retrieves else None
    print(model.name)
    exact: dict[str, np.ndarray] = {}
    table: dict[str, dict[str, Any]] = {}
    for dtype in DTYPES:
        try:
            side = Embedded(source, dtype)
        except (ValueError, RuntimeError) as error:  # this version has no such dtype
            print(f"  {dtype} is left out: {error}")
            table[dtype] = {"skipped": str(error)}
            continue
        if side.model.engine.dtype != dtype:
            print(f"  {dtype} is left out: this processor computes it in {side.model.engine.dtype}")
            table[dtype] = {"skipped": f"computed in {side.model.engine.dtype}"}
            continue
        row: dict[str, Any] = {"scores": {}}
        for name, (left, right, expected) in files.items():
            found = side.vectors(left + right, model.query, exact, name)
            row["scores"][name] = spearman(cosines(found[: len(left)], found[len(left) :]), expected)
        if all(year in row["scores"] for year in YEARS):
            row["scores"]["sts12-15"] = statistics.mean(row["scores"][year] for year in YEARS)
        if scifact is not None:
            queries = side.vectors(scifact.queries, model.query, exact, "queries")
            documents = side.vectors(scifact.documents, model.document, exact, "documents")
            row["scores"]["scifact"] = scifact.ndcg_at_10(queries, documents)
        if side.near:
            near = np.concatenate(side.near)
            row["cosine_to_float32"] = {"mean": float(near.mean()), "min": float(near.min()), "texts": len(near)}
        table[dtype] = row
        show(dtype, row, table["float32"]["scores"])
        del side
        gc.collect()
    return table


def show(dtype: str, row: dict[str, Any], exact: dict[str, float]) -> None:
    """Print one dtype's scores, with what they differ from float32's."""
    scores = [f"{name} {score:.2f} ({score - exact[name]:+.2f})" for name, score in row["scores"].items()]
    near = row.get("cosine_to_float32")
    compared = f"; cosine to float32 {near['mean']:.5f}, at least {near['min']:.5f}" if near else ""
    print(f"  {dtype:10}{', '.join(scores)}{compared}", flush=True)


def main() -> None:
    found = parser(__doc__, rounds=1)
    model_options(found, list(MODELS))
    options = read_options(found, peers=False)
    if not (options.data / "sts").is_dir():
        found.error(f"{options.data} is not there: the scores need real data (--data).")
    measured = kept("quality", options)
    for key in options.models or (["minilm"] if options.short else MODELS):
        try:
            folder(key)
        except OSError as error:
            print(f"{MODELS[key].name} is left out: {error}")
            continue
        measured[MODELS[key].name] = measure(key, options)
    record("quality", {"models": measured, "short_form": options.short})


if __name__ == "__main__":
    main()
