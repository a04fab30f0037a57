"""The report says what results files hold, and says so where they hold less or something new."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]
FACTS = {"date": "2026-01-02", "python": "3.11.7", "processor": "a processor", "cores": 2, "versions": {"sbert": "1.0"}}


@pytest.fixture
def report(tmp_path):
    """A copy of the report's scripts with results of its own; calling it writes and returns the page."""
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("# x\n\n## Figures\n\ntext\n\n| old |\n|---|\n\nafter\n", encoding="utf-8")
    for name in ("report", "harness", "sections", "training_sections", "figures", "charts"):
        shutil.copyfile(ROOT / "benchmarks" / f"{name}.py", tmp_path / "benchmarks" / f"{name}.py")

    def run(*options, **results):
        for name, measured in results.items():
            facts = {"benchmark": name} | FACTS | measured
            (tmp_path / "benchmarks" / "results" / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
        command = [sys.executable, str(tmp_path / "benchmarks" / "report.py"), *options]
        run.done = subprocess.run(command, capture_output=True, text=True)
        return (tmp_path / "docs" / "benchmarks.md").read_text(encoding="utf-8")

    run.root = tmp_path
    return run


def side(seconds):
    return {"texts_per_second": 10 / seconds, "tokens_per_second": 100 / seconds, "seconds": [seconds] * 3}


def one_model():
    seconds = {"sbert float32": 1.0, "sbert int8": 0.5, "sentence-transformers": 2.0}
    race = {"what": "texts", "texts": 10, "tokens": 100}
    race["sides"] = {name: side(taken) | {"ratio": 2.0 / taken} for name, taken in seconds.items()}
    single = {"sides": {name: {"milliseconds": t, "ratio": 2.0 / t} for name, t in seconds.items()}}
    facts = {name: {"version": "1.0", "stsb_spearman": 82.0 + t} for name, t in seconds.items()}
    facts["fastembed"] = {"skipped": "not installed"}
    uniform = race | {"sides": {name: s for name, s in race["sides"].items() if name.startswith("sbert")}}
    return {
        "date": FACTS["date"],
        "sides": facts,
        "single": single,
        "short": race,
        "mixed": race,
        "uniform": uniform,
        "long": race,
    }


def test_speeds_and_what_was_left_out(report):
    page = report(encode={"models": {"a-model": one_model()}})
    assert report.done.returncode == 0, report.done.stderr
    assert "### a-model" in page
    assert "| **sbert int8** | int8 | 0.5 ms | 4.00 × | 20 | 4.00 × |" in page
    assert "| sentence-transformers | 4.00 × | 4.00 × | 4.00 × | 4.00 × | -1.50 |" in page  # beside our fastest
    assert "Left out: fastembed (not installed)." in page
    for name in ("speed.svg", "quality.svg"):
        assert f"({name})" in page
        drawn = ElementTree.fromstring((report.root / "docs" / name).read_text(encoding="utf-8"))
        assert "sbert int8" in "".join(drawn.itertext())


def test_the_readme_keeps_all_but_its_table(report):
    report(encode={"models": {"a-model": one_model()}})
    readme = (report.root / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# x\n\n## Figures\n\ntext\n\n| what | ours |")
    assert readme.endswith("|\n\nafter\n")
    assert "| short texts a second, int8 | 20 | 4.00 × | STSb 82.50 | `benchmarks/encode.py` |" in readme
    assert "old" not in readme


def test_a_benchmark_that_it_does_not_know_is_shown_plainly(report):
    page = report(new_thing={"sides": {"ours": {"seconds": 0.123456, "texts": 12345}}, "short_form": True})
    assert "## New thing" in page
    assert "| sides, ours, seconds | 0.1235 |" in page
    assert "| sides, ours, texts | 12,345 |" in page
    assert "short form" in page


def test_check_tells_what_is_stale_and_changes_nothing(report):
    before = report(
        search={
            "1 queries": {"milliseconds": 1.0, "peer_milliseconds": 2.0, "ratio": 2.0},
            "top_k": 10,
            "1000 queries": {"milliseconds": 1.0, "peer_milliseconds": 2.0, "ratio": 2.0},
            "corpus": 100,
        }
    )
    report("--check")
    assert report.done.returncode == 0, report.done.stderr
    after = report("--check", install_size={"megabytes": 300.0, "brings": []})
    assert report.done.returncode == 1
    assert "benchmarks.md" in report.done.stderr
    assert "README.md" in report.done.stderr
    assert after == before


def test_what_a_busy_machine_measured_is_marked_and_not_in_the_readme(report):
    page = report(encode={"models": {"a-model": one_model()}, "busy": 0.5, "misleads": True})
    assert "other work took 50 % of the machine" in page
    assert "encode.py" not in (report.root / "README.md").read_text(encoding="utf-8")


def test_quantised_search_shows_both_sides_where_both_ran(report):
    found = {"sbert": 0.9961, "sentence-transformers": 0.9}
    both = {name: {"ndcg_at_10": 60.0, "kept": kept, "milliseconds": 9.0} for name, kept in found.items()}
    cases = {"plain": both | {"ratio": 1.5}, "by bytes": {"sbert": both["sbert"]}}
    page = report(quantized={"libraries": {"faiss": {"uint8": cases}}})
    assert report.done.returncode == 0, report.done.stderr
    assert "| faiss uint8, plain | 99.6 % | 90.0 % | 1.50 × |" in page
    assert "| faiss uint8, by bytes | 99.6 % |  |  |" in page


def test_translations_are_listed_by_language(report):
    german = {"pairs": 1000, "to_english": 99.04, "from_english": 98.96, "mean": 99.0}
    page = report(
        tatoeba={"model": "a-model", "dtype": "int8", "languages": {"deu": german}, "means": {"all 1": 99.0}}
        | {"seconds": 60.0, "texts": 2000}
    )
    assert report.done.returncode == 0, report.done.stderr
    assert "Means: 99.0 % over all 1." in page
    assert "| deu | 1,000 | 99.0 | 99.0 |" in page
