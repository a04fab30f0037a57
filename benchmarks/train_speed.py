"""Steps of training a second: the same losses, batches and networks, ours and the peer in turn.

Short texts and a tiny network, where what is around the network counts; medical questions with long answers and
MiniLM-L3, where the network does; and a batch of 512 by GradCache.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from folders import paraphrase_l3, splade_tiny
from harness import Side, in_turn, ratio, record
from train_jobs import PEER, SIDES, Job, data_or_end, nli, retrieval, start, stsb
from train_retrieval import training_pairs


def main() -> None:
    options = start(__doc__, rounds=5)
    data = data_or_end(options, "retrieval", "medquad")
    answers = training_pairs(retrieval(data / "retrieval" / "medquad"))
    tiny, l3 = str(splade_tiny()), str(paraphrase_l3())
    ranking, cached = {"name": "MultipleNegativesRankingLoss"}, {"name": "CachedMultipleNegativesRankingLoss"}
    softmax = {"name": "SoftmaxLoss", "arguments": {"embedding_dimension": 128, "num_labels": 3}}
    wanted: dict[str, tuple[str, Any, Any, int, int]] = {
        "tiny BERT, STSb, cosine, 32": (tiny, stsb(data), {"name": "CosineSimilarityLoss"}, 32, 60),
        "tiny BERT, NLI, softmax, 32": (tiny, nli(data), softmax, 32, 60),
        "MiniLM-L3, MedQuAD, ranking, 32": (l3, answers, ranking, 32, 4),
        "MiniLM-L3, STSb, cosine, 64": (l3, stsb(data), {"name": "CosineSimilarityLoss"}, 64, 8),
        "MiniLM-L3, MedQuAD, GradCache, 256": (
            l3,
            answers,
            {**cached, "arguments": {"mini_batch_size": 32}},
            256,
            1,
        ),
    }
    found: dict[str, Any] = {}
    for name, (model, rows, loss, batch, steps) in wanted.items():
        arguments = {"max_steps": max(1, steps // 2) if options.short else steps, "per_device_train_batch_size": batch}
        job = Job(model, rows, loss, {**arguments, "learning_rate": 1e-5}, settings={"max_seq_length": 128})
        with tempfile.TemporaryDirectory() as made:
            path = str(job.write(Path(made)))
            sides = {}
            for side, library in SIDES.items():
                python = sys.executable if side == "sbert" else options.peer_python
                sides[side] = Side(python, "train_speed.py", library, path, threads=options.threads)
            runs = in_turn([(side, held.run) for side, held in sides.items()], options.rounds)
            for held in sides.values():
                held.end()
        seconds = {side: [run["seconds"] for run in taken] for side, taken in runs.items()}
        faster = ratio(seconds["sbert"], seconds[PEER])
        rows_a_second = {
            side: arguments["max_steps"] * batch / statistics.median(taken) for side, taken in seconds.items()
        }
        found[name] = {"ratio": faster, "rows_per_second": rows_a_second, "seconds": seconds, **arguments}
        print(f"  {name:36}{faster:5.2f} x   {rows_a_second['sbert']:8.1f} rows/s beside {rows_a_second[PEER]:8.1f}")
    record("train_speed", {"jobs": found, "rounds": options.rounds, "short_form": options.short})


if __name__ == "__main__":
    main()
