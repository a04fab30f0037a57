"""CrossEncoder.rank of 100 documents of 128 tokens a query, by a network of MiniLM-L6's size with a head."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from harness import Side, arguments, in_turn, minilm_folder, ratio, record
from scoring import json_lines, spearman
from texts import of_lengths
from tokenizers import Tokenizer

BASELINE = "sentence-transformers"
CANDIDATES, TOKENS, PAIR_SPECIAL = 100, 128, 3


def cross_encoder(folder: Path) -> Path:
    """MiniLM with a new head: no trained cross-encoder is published as a package. Speed does not depend on that."""
    import torch

    from sbert import CrossEncoder

    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the head is new
        model = CrossEncoder(minilm_folder(), backend="torch", device="cpu", max_length=512)
    with torch.no_grad():
        for name, parameter in model.model.named_parameters():
            if name.startswith(("classifier", "bert.pooler")):
                parameter.normal_(0, 0.2)  # so that scores differ
    model.save_pretrained(folder)
    return folder


def questions(data: Path, folder: Path, count: int) -> list[tuple[str, list[str]]]:
    """Claims of SciFact, each with abstracts that make pairs of 128 tokens with it."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    retrieval = data / "retrieval" / "scifact"
    queries = [row["text"] for row in json_lines(retrieval / "queries.jsonl.gz")][:count]
    material = [row["text"] for row in json_lines(retrieval / "corpus.jsonl.gz")]
    found = []
    for number, query in enumerate(queries):
        own = len(tokenizer.encode(query, add_special_tokens=False).ids)
        # of_lengths counts a text's own special tokens, which a pair has one more of.
        length = TOKENS - PAIR_SPECIAL - own + tokenizer.num_special_tokens_to_add(False)
        part = material[number * CANDIDATES : (number + 1) * CANDIDATES]
        found.append((query, of_lengths(part, [length] * CANDIDATES, tokenizer)))
    return found


def main() -> None:
    options = arguments(__doc__, rounds=5)
    if not (options.data / "retrieval" / "scifact").is_dir():
        sys.exit(f"{options.data} is not there: the documents are real ones (--data).")
    with tempfile.TemporaryDirectory() as scratch:
        folder = cross_encoder(Path(scratch) / "model")
        asked = questions(options.data, folder, 2 if options.short else 5)
        file = Path(scratch) / "asked.json"
        file.write_text(json.dumps(asked), encoding="utf-8")
        workers = {f"sbert {dtype}": (sys.executable, "sbert", dtype) for dtype in ("float32", "bfloat16", "int8")}
        workers[BASELINE] = (options.peer_python, "st", "float32")
        sides = {
            name: Side(python, "cross_encoder.py", library, dtype, str(folder), str(file), threads=options.threads)
            for name, (python, library, dtype) in workers.items()
        }
        for name in [name for name, side in sides.items() if side.first.get("computes_in", "") not in ("", name[6:])]:
            print(f"{name} is left out: this processor has no such arithmetic")
            del sides[name]
        runs = in_turn([(name, side.run) for name, side in sides.items()], options.rounds)
        scores = {name: np.array(side.end()["scores"]) for name, side in sides.items()}
    table: dict[str, Any] = {}
    for name, found in runs.items():
        ours, theirs = ([run["seconds"] for run in side] for side in (found, runs[BASELINE]))
        table[name] = {
            "milliseconds": 1000 * statistics.median(ours) / len(asked),
            "ratio": ratio(ours, theirs),
            "largest_difference": float(np.abs(scores[name] - scores[BASELINE]).max()),
            "rank_correlation": statistics.mean(map(spearman, scores[name], scores[BASELINE])),
        }
        print(
            f"{name:24}{table[name]['milliseconds']:8.0f} ms a query {table[name]['ratio']:6.2f} x   scores differ by "
            f"{table[name]['largest_difference']:.2g} at the most; order {table[name]['rank_correlation']:.2f} of 100"
        )
    facts = {"candidates": CANDIDATES, "tokens": TOKENS, "queries": len(asked), "spread": float(scores[BASELINE].std())}
    record("cross_encoder", {"sides": table, **facts, "rounds": options.rounds, "short_form": options.short})


if __name__ == "__main__":
    main()
