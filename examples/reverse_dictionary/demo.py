"""A dictionary the other way round: describe a thing, and find the word.

Every definition of WordNet is embedded, which is done once and kept beside the data. A query is then compared with all
of them by meaning. Run it with ``make demo``, or::

    python examples/reverse_dictionary/demo.py
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sbert import SentenceTransformer
from sbert.data import read_rows
from sbert.errors import SbertError
from sbert.search import search
from sbert.search.corpus_cache import CorpusVectors, embed_corpus

DATA = Path(__file__).with_name("wordnet.tsv.xz")
QUERIES = (
    "a word that reads the same backwards",
    "throw someone out of a window",
    "fear of the number thirteen",
    "someone who talks in their sleep",
    "a joke that plays with the sound of words",
    "a song that you sing to make a baby fall asleep",
)


@dataclass(frozen=True)
class Answer:
    """What was found for a query.

    Args:
        query: as it was typed.
        hits: one dict a hit with ``score``, ``words`` and ``definition``, the best first.
        milliseconds: from text to answer.
    """

    query: str
    hits: list[dict[str, Any]]
    milliseconds: float


class ReverseDictionary:
    """Words that are found by what they mean.

    Args:
        model: what turns texts into vectors.
        limit: use only that many definitions; None for all.
    """

    def __init__(self, model: SentenceTransformer, limit: int | None = None) -> None:
        self.model = model
        self.rows = read_rows(DATA, limit=limit).rows
        definitions = [row["definition"] for row in self.rows]
        self.vectors: CorpusVectors = embed_corpus(
            model, definitions, DATA, display_options={"show_progress_bar": sys.stderr.isatty()}
        )

    def ask(self, description: str, count: int = 5) -> Answer:
        """The entries whose definitions are nearest to a description."""
        started = time.perf_counter()
        query = self.model.encode_query([description])
        hits = search(query, self.vectors.embeddings, top_k=count)
        milliseconds = (time.perf_counter() - started) * 1000
        found = [
            {"score": round(score, 4), **self.rows[row]}
            for row, score in zip(hits.ids[0].tolist(), hits.scores[0].tolist(), strict=True)
        ]
        return Answer(description, found, milliseconds)


def print_answer(console: Console, answer: Answer) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="bold")
    table.title = Text(f"“{answer.query}”")
    table.add_column("score", justify="right", style="green", no_wrap=True)
    table.add_column("words", style="bold cyan", max_width=34)
    table.add_column("definition")
    for hit in answer.hits:
        table.add_row(f"{hit['score']:.3f}", Text(hit["words"]), Text(hit["definition"]))
    console.print(table)


def talk(console: Console, dictionary: ReverseDictionary) -> None:
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (gives input() editing and history)
    console.print("Your turn. An empty line ends.", style="dim")
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while description := input("describe a word > ").strip():
            answer = dictionary.ask(description)
            print_answer(console, answer)
            console.print(f"{answer.milliseconds:.0f} ms", style="dim")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="all-MiniLM-L6-v2", help="folder or name of the model")
    parser.add_argument("--dtype", default="bfloat16", help="bfloat16 (where the processor has it) or float32")
    parser.add_argument("--limit", type=int, help="use only that many definitions")
    parser.add_argument("--json", action="store_true", help="print JSON only, and no prompt")
    options = parser.parse_args()
    console = Console(stderr=options.json)

    started = time.perf_counter()
    model = SentenceTransformer(options.model, dtype=options.dtype)
    console.print(f"{options.model} on {model.engine.name} in {model.engine.dtype}.", style="dim")
    dictionary = ReverseDictionary(model, options.limit)
    vectors, count = dictionary.vectors, len(dictionary.rows)
    console.print(vectors.note, style="dim", highlight=False, soft_wrap=True)
    dictionary.ask("warm up")  # the first query also compiles the network when the vectors came from the cache
    ready = time.perf_counter() - started

    answers = [dictionary.ask(query) for query in QUERIES]
    milliseconds = statistics.median(answer.milliseconds for answer in answers)
    speed = None if vectors.from_cache else round(count / vectors.seconds)
    if options.json:
        print(
            json.dumps(
                {
                    "definitions": count,
                    "from_cache": vectors.from_cache,
                    "texts_per_second": speed,
                    "milliseconds_per_query": round(milliseconds, 1),
                    "seconds_until_ready": round(ready, 2),
                    "answers": [{"query": answer.query, "hits": answer.hits} for answer in answers],
                },
                ensure_ascii=False,
            )
        )
        return
    for answer in answers:
        print_answer(console, answer)
    made = f"embedded at {speed:,} texts/s" if speed else "read from the cache"
    console.print(
        f"{count:,} definitions {made}; ready after {ready:.1f} s; {milliseconds:.0f} ms from a query to its answers.",
        style="bold",
        highlight=False,
        soft_wrap=True,
    )
    if sys.stdin.isatty() and sys.stdout.isatty():
        talk(console, dictionary)


if __name__ == "__main__":
    try:
        main()
    except SbertError as error:
        sys.exit(f"demo: {error}")
