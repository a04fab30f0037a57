"""Write docs/benchmarks.md, its charts and the README's table from the results files; --check only compares."""

from __future__ import annotations

import argparse
import json
import sys

from charts import Point, bars, scatter
from figures import figures
from harness import DOCS, RESULTS, ROOT
from sections import BASELINE, SECTIONS, Results, chosen, is_ours, plain

CHARTS = {"speed.svg": "Speed of all sides on short texts", "quality.svg": "Speed and quality of all sides"}
HEAD = [
    "# Benchmarks",
    "",
    "Made by `benchmarks/report.py` from the files in `benchmarks/results/`; `make bench` runs everything in a short",
    "form and writes it again. Ours and the peers run in turn, in one run, on the same data. Ratios are medians over",
    "neighbouring runs, since machines are shared and noisy; absolute times are no promise.",
    "[How it is run](../benchmarks/README.md).",
    "",
]


def load() -> dict[str, Results]:
    """All results files by name, in the order of the report."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")}
    return {name: found[name] for name in [*SECTIONS, *sorted(found.keys() - SECTIONS.keys())] if name in found}


def machine(results: Results) -> str:
    """When and on what a benchmark ran."""
    versions = "".join(f", {name} {version}" for name, version in results.get("versions", {}).items())
    form = "; short form: fewer texts and rounds" if results.get("short_form") else ""
    where = f"{results['processor']}, {results['cores']} cores, Python {results['python']}{versions}"
    if results.get("misleads"):
        form += f"; **other work took {100 * results['busy']:.0f} % of the machine, so the figures mislead**"
    return f"*{results['date']}; {where}{form}. `make bench RUN={results['benchmark']}`*"


def document(found: dict[str, Results], drawn: dict[str, str]) -> str:
    """The page of all results, with those charts that were drawn."""
    lines = list(HEAD)
    for name, results in found.items():
        title, section = SECTIONS.get(name, (name.replace("_", " ").capitalize(), plain))
        lines += [f"## {title}", "", machine(results), ""]
        for file, alt in CHARTS.items():
            lines += [f"![{alt}]({file})", ""] if name == "encode" and file in drawn else []
        lines += section(results)
    return "\n".join(lines).rstrip() + "\n"


def charts(found: dict[str, Results]) -> dict[str, str]:
    """The charts, by file."""
    if "encode" not in found:
        return {}
    name, model = chosen(found["encode"])
    sides = model["short"]["sides"]
    ratios = [(side, row["ratio"], is_ours(side)) for side, row in sides.items() if "ratio" in row]
    points = [
        Point(side, row["texts_per_second"], model["sides"][side]["stsb_spearman"], is_ours(side))
        for side, row in sides.items()
        if "stsb_spearman" in model["sides"][side]
    ]
    drawn = {}
    if ratios:
        drawn["speed.svg"] = bars(
            f"{name}: speed on short texts, {BASELINE} on torch = 1", sorted(ratios, key=lambda row: -row[1])
        )
    if points:
        title = f"{name}: speed and quality"
        drawn["quality.svg"] = scatter(title, "short texts a second", "STS benchmark, Spearman × 100", points)
    return drawn


def with_figures(readme: str, table: str) -> str:
    """The README with its table of figures replaced."""
    before, heading, after = readme.partition("## Figures\n")
    lines = after.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    last = next(number for number in range(first, len(lines)) if not lines[number].startswith("|"))
    return before + heading + "".join(lines[:first]) + table + "".join(lines[last:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a file would change")
    options = parser.parse_args()
    found = load()
    readme = ROOT / "README.md"
    drawn = charts(found)
    wanted = {DOCS / "benchmarks.md": document(found, drawn)} | {DOCS / name: text for name, text in drawn.items()}
    wanted[readme] = with_figures(readme.read_text(encoding="utf-8"), figures(found))
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if options.check:
        sys.exit(f"not what benchmarks/report.py makes: {', '.join(path.name for path in stale)}" if stale else 0)
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
        print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
