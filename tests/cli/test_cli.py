"""The ``sbert`` command: what it prints, where, and the codes it ends with."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sbert
from sbert import SentenceTransformer
from sbert.cli.app import app
from sbert.data import open_embeddings
from sbert.engines.openvino.runtime import computes_int8
from support import words
from support.image_models import make_image_model
from support.tiny import WORDS, make_tiny_cross_encoder, make_tiny_model

TEXTS = [
    "A cat sleeps on the sofa.",
    "The stock market fell today.",
    "A kitten naps on the couch.",
    "Shares lost value.",
]


@pytest.fixture
def run():
    """Run the command inside this process; standard output and error are kept apart."""

    def run(*arguments, code=0, stdin=None, **env):
        result = CliRunner(env=env).invoke(app, [str(argument) for argument in arguments], input=stdin)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return run


@pytest.fixture
def corpus(tmp_path):
    """A small CSV file with a column of texts and one of numbers."""
    path = tmp_path / "corpus.csv"
    path.write_text("n,text\n" + "".join(f"{n},{text}\n" for n, text in enumerate(TEXTS)))
    return path


def _python(*arguments, **options):
    """Run Python in a process of its own, on this source."""
    source = str(Path(sbert.__file__).parents[1])
    env = os.environ | {"PYTHONPATH": source} | options.pop("env", {})
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=env, check=False, **options)


# --- the root ---------------------------------------------------------------------------------------------------------


def test_help_lists_the_commands(run):
    """--help names every command; no arguments show the same."""
    out = run("--help").stdout
    commands = {"encode", "similarity", "search", "info", "pairs", "align", "cluster", "dedupe", "map", "quantize"}
    assert commands | {"distill"} <= set(out.split())
    assert "--traceback" in out


def test_help_loads_nothing_heavy():
    """Neither --help nor the command's modules import what takes long."""
    code = """
import sys
from sbert.cli.app import app
try:
    app(["search", "--help"])
except SystemExit:
    pass
heavy = ("numpy", "openvino", "tokenizers", "torch", "transformers", "huggingface_hub", "rich", "tqdm", "pyarrow")
print("loaded:", [name for name in heavy if name in sys.modules])
"""
    assert _python("-c", code).stdout.endswith("loaded: []\n")


def test_version():
    """``python -m sbert`` is the command."""
    assert _python("-m", "sbert", "--version").stdout == f"sbert {sbert.__version__}\n"


# --- encode -----------------------------------------------------------------------------------------------------------


def test_encode_to_a_file(run, corpus, minilm, tmp_path):
    """The vectors are those of the model; what was done goes to standard error."""
    result = run("encode", corpus, "-o", tmp_path / "v.npy")
    assert np.array_equal(np.load(tmp_path / "v.npy"), minilm.encode(TEXTS))
    assert result.stdout == ""
    assert "4 texts to vectors of 384 float32 with sentence-transformers/all-MiniLM-L6-v2" in result.stderr
    assert "texts/s" in result.stderr
    assert "No text was cut." in result.stderr


def test_encode_reports_in_json(run, tmp_path):
    """--json prints one object, with what was cut."""
    path = tmp_path / "long.txt"
    path.write_text("word " * 300 + "\nshort\n")
    out = tmp_path / "v.npy"
    options = ("--truncate-dim", 16, "--precision", "ubinary", "--normalize", "--batch-size", 1)
    report = json.loads(run("encode", path, "-o", out, "--json", *options).stdout)
    assert report.pop("seconds") >= 0
    assert report.pop("texts_per_second") > 0
    assert report == {
        "input": str(path),
        "column": None,
        "output": str(out),
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "engine": "openvino",
        "dtype": "float32",
        "texts": 2,
        "dimension": 2,
        "truncated": 1,
        "dropped_tokens": 46,
        "skipped_lines": 0,
    }
    assert np.load(out).shape == (2, 2)
    assert np.load(out).dtype == np.uint8


def test_encode_to_standard_output(run, minilm):
    """Without -o: JSON lines, and nothing else, on standard output."""
    result = run("encode", "-", stdin="\n".join(TEXTS[:2]))
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["text"] for row in rows] == TEXTS[:2]
    assert np.array_equal(np.array([row["embedding"] for row in rows], np.float32), minilm.encode(TEXTS[:2]))


def test_encode_checks_the_output_first(run, tmp_path):
    """A wrong suffix is told before anything is read."""
    result = run("encode", tmp_path / "missing.txt", "-o", tmp_path / "v.bin", code=2)
    assert "embeddings are written to .npy, .jsonl, .parquet" in result.stderr


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A model that encodes thousands of texts in no time."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", "bert")


def test_encode_to_a_folder_is_resumed(run, tiny, tmp_path):
    """A bad line stops it, what was finished stays, and after the repair it goes on; or the line is left out."""
    lines = [json.dumps({"text": f"a man with {number} dogs"}) for number in range(250)]
    path, out = tmp_path / "a.jsonl", tmp_path / "v"
    path.write_text("\n".join([*lines[:230], '{"text": "cut', *lines[231:]]))
    options = ("-m", tiny, "-o", f"{out}/", "--format", "safetensors", "--shard-size", 100)
    result = run("encode", path, *options, code=2)
    assert "a.jsonl, line 231: not JSON" in result.stderr
    assert len(open_embeddings(out, partial=True)) == 200
    first = (out / "shard-00000.safetensors").stat().st_mtime_ns
    skipped = run("encode", path, "-m", tiny, "-o", tmp_path / "s.npy", "--on-bad-line", "skip")
    assert "1 lines were left out. The first: " in skipped.stderr
    assert len(np.load(tmp_path / "s.npy")) == 249
    path.write_text("\n".join(lines))
    report = json.loads(run("encode", path, *options, "--json").stdout)
    assert (report["texts"], report["dimension"], report["skipped_lines"]) == (250, 32, 0)
    assert (out / "shard-00000.safetensors").stat().st_mtime_ns == first
    model = SentenceTransformer(tiny, backend="openvino")
    expected = model.encode([json.loads(line)["text"] for line in lines])
    assert np.array_equal(open_embeddings(out).array(), expected)
    assert "this call has precision='int8'" in run("encode", path, *options, "--precision", "int8", code=2).stderr
    run("encode", path, *options, "--precision", "int8", "--overwrite")
    assert open_embeddings(out).dtype == np.int8


def test_encode_on_several_machines(run, tiny, tmp_path):
    """Each makes its part alone; together they are what one makes."""
    texts = [f"a man with {number} dogs" for number in range(250)]
    (tmp_path / "a.txt").write_text("\n".join(texts))
    options = ("-m", tiny, "-o", f"{tmp_path}/v/", "--shard-size", 40)
    counts = []
    for index in (2, 0, 1):
        part = run("encode", tmp_path / "a.txt", *options, "--shard", f"{index}/3", "--json")
        report = json.loads(part.stdout)
        assert report["output"] == f"{tmp_path}/v/part-{index}-of-3/"
        counts.append(report["texts"])
    assert counts == [80, 90, 80]
    expected = SentenceTransformer(tiny, backend="openvino").encode(texts)
    assert np.array_equal(open_embeddings(tmp_path / "v").array(), expected)
    for bad, told in (("2/0", "got 2/0"), ("3/2", "got 3/2"), ("x", "such as 0/8")):
        assert told in run("encode", tmp_path / "a.txt", *options, "--shard", bad, code=2).stderr
    one_file = run("encode", tmp_path / "a.txt", "-o", tmp_path / "v.npy", "--shard", "0/2", code=2)
    assert "--shard writes a part of a folder of shards" in one_file.stderr


def test_encode_many_files(run, tiny, tmp_path):
    """Files, patterns and folders, in their order, as one."""
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "b.csv").write_text("n,body\n1,three\n")
    (tmp_path / "deep" / "er" / "c.txt").write_text("four\n")
    (tmp_path / "deep" / "picture.png").write_text("no text")
    (tmp_path / "x1.txt").write_text("five\n")
    (tmp_path / "x2.txt").write_text("six\n")
    result = run("encode", tmp_path / "a.txt", tmp_path / "deep", tmp_path / "x?.txt", "-m", tiny)
    rows = [json.loads(line)["text"] for line in result.stdout.splitlines()]
    assert rows == ["one", "two", "three", "four", "five", "six"]
    assert "No file is named like" in run("encode", tmp_path / "y*.txt", "-m", tiny, code=2).stderr
    (tmp_path / "empty").mkdir()
    assert "has no file of texts in it" in run("encode", tmp_path / "empty", "-m", tiny, code=2).stderr
    missing = run("encode", tmp_path / "a.txt", tmp_path / "b.txt", "-m", tiny, code=2)
    assert "There is no file" in missing.stderr
    assert missing.stdout == ""  # told before any text is encoded
    assert "--format is for a folder" in run("encode", tmp_path / "a.txt", "--format", "npy", code=2).stderr


@pytest.mark.parametrize("precision", ["float32", "int8", "ubinary"])
def test_encode_in_parts_is_as_in_one(run, tiny, tmp_path, monkeypatch, precision):
    """A file that is written while it is computed holds the same as one that is written whole."""
    monkeypatch.setattr("sbert.cli.encode._PART", 30)
    texts = [f"the {number} dogs" for number in range(250)]
    (tmp_path / "a.txt").write_text("\n".join(texts))
    run("encode", tmp_path / "a.txt", "-m", tiny, "-o", tmp_path / "v.npy", "--precision", precision)
    expected = SentenceTransformer(tiny, backend="openvino").encode(texts, precision=precision)
    assert np.array_equal(np.load(tmp_path / "v.npy"), expected)


# --- similarity -------------------------------------------------------------------------------------------------------


def test_similarity(run, minilm):
    """The model's own function, as a number or as JSON."""
    vectors = minilm.encode([TEXTS[0], TEXTS[2]])
    expected = float(minilm.similarity(vectors[:1], vectors[1:])[0, 0])
    assert run("similarity", TEXTS[0], TEXTS[2]).stdout == f"{expected:.4f}\n"
    report = json.loads(run("similarity", TEXTS[0], TEXTS[2], "--json").stdout)
    assert report == {"a": TEXTS[0], "b": TEXTS[2], "similarity": "cosine", "score": expected, "truncated": 0}


# --- search -----------------------------------------------------------------------------------------------------------


def test_search_keeps_the_vectors(run, corpus):
    """The first search embeds the corpus, the second reads its vectors; both answer the same."""
    first = run("search", corpus, "a sleeping pet", "-k", 2)
    second = run("search", corpus, "a sleeping pet", "-k", 2)
    assert first.stdout == second.stdout
    assert [line.split("\t")[2] for line in first.stdout.splitlines()] == [TEXTS[2], TEXTS[0]]
    assert "4 texts were embedded" in first.stderr
    assert "were read from" in second.stderr
    assert (corpus.parent / "corpus.csv.sbert-cache").is_dir()


def test_search_queries_from_standard_input(run, corpus):
    """One JSON object a query; empty lines are passed over."""
    result = run("search", corpus, "--json", "-k", 1, stdin="finance\n\n pets \n")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["query"] for answer in answers] == ["finance", "pets"]
    assert [answer["hits"][0]["corpus_id"] for answer in answers] in ([1, 0], [1, 2], [3, 0], [3, 2])
    hit = answers[0]["hits"][0]
    assert hit == {"rank": 1, "score": hit["score"], "corpus_id": hit["corpus_id"], "text": TEXTS[hit["corpus_id"]]}
    assert answers[0]["milliseconds"] > 0


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory):
    return make_tiny_cross_encoder(tmp_path_factory.mktemp("cross"), "bert")


def test_search_and_rerank(run, corpus, cross_encoder):
    """The reranker decides, and the time of each step is told."""
    result = run("search", corpus, "a sleeping pet", "-k", 3, "--rerank", cross_encoder, "--json")
    answer = json.loads(result.stdout)
    model = sbert.CrossEncoder(cross_encoder, backend="openvino")
    expected = model.rank("a sleeping pet", TEXTS, top_k=3)
    assert [hit["corpus_id"] for hit in answer["hits"]] == [row["corpus_id"] for row in expected]
    assert [hit["score"] for hit in answer["hits"]] == [round(row["score"], 6) for row in expected]
    assert sorted(hit["retrieved"]["rank"] for hit in answer["hits"])[0] in (1, 2)
    assert answer["retrieve_milliseconds"] + answer["rerank_milliseconds"] <= answer["milliseconds"] + 1
    told = run("search", corpus, "a sleeping pet", "--rerank", cross_encoder).stderr
    assert "4 candidates found in" in told
    assert "reranked in" in told


def test_rerank(run, corpus, cross_encoder):
    model = sbert.CrossEncoder(cross_encoder, backend="openvino")
    expected = model.rank("a sleeping pet", TEXTS)
    answer = json.loads(run("rerank", "a sleeping pet", corpus, "-m", cross_encoder, "-c", "text", "--json").stdout)
    assert [hit["text"] for hit in answer["hits"]] == [TEXTS[row["corpus_id"]] for row in expected]
    shown = run("rerank", "a sleeping pet", "-", "-m", cross_encoder, "-k", 1, stdin="\n".join(TEXTS)).stdout
    assert TEXTS[expected[0]["corpus_id"]] in shown
    assert TEXTS[expected[-1]["corpus_id"]] not in shown


def test_search_with_the_corpus_on_standard_input(run):
    """Then the query must be given, and nothing is kept."""
    result = run("search", "-", "cats", "-k", 1, stdin="dogs\na cat\n")
    assert "a cat" in result.stdout
    assert "not kept" in result.stderr
    assert "the query must be given" in run("search", "-", code=2, stdin="x\n").stderr


# --- info and pairs ---------------------------------------------------------------------------------------------------


def test_info(run):
    """What the folder says, for people and for programs."""
    facts = json.loads(run("info", "all-MiniLM-L6-v2", "--json").stdout)
    assert facts["name"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert facts["found_in"] == "package"
    assert [module["kind"] for module in facts["modules"]] == ["Transformer", "Pooling", "Normalize"]
    assert (facts["dimension"], facts["max_seq_length"], facts["parameters"]) == (384, 256, 22_713_216)
    assert (facts["architecture"], facts["similarity"]) == ("bert", "cosine")
    assert (facts["fast_engine"], facts["why_not_fast"]) == (True, None)
    text = run("info", "all-MiniLM-L6-v2").stdout
    assert "Transformer > Pooling(mean) > Normalize" in text
    assert "22.7 M parameters, 90.9 MB" in text
    assert "256 tokens of a text" in text


@pytest.mark.skipif(not computes_int8(), reason="this processor has no int8 arithmetic that cannot overflow")
def test_quantize_writes_a_smaller_folder_and_says_how_faithful_it_is(run, tmp_path, minilm):
    """The folder is a model like any other, in int8 unless asked otherwise."""
    pytest.importorskip("openvino")
    facts = json.loads(run("quantize", "all-MiniLM-L6-v2", tmp_path / "small", "--json").stdout)
    assert facts["megabytes"] < 30
    assert facts["fidelity"]["mean"] > 0.995
    found = json.loads(run("info", tmp_path / "small", "--json").stdout)
    assert (found["stored_in"], found["parameters"]) == ("int8", 22_713_216)
    assert found["int8_fidelity"] == facts["fidelity"]
    assert found["int8"].startswith("cosine to float32 0.99")
    told = run("similarity", TEXTS[0], TEXTS[1], "-m", tmp_path / "small").stdout
    assert float(told) == pytest.approx(float(minilm.similarity(*minilm.encode(TEXTS[:2]))[0, 0]), abs=0.05)
    refused = run("similarity", "a", "b", "-m", tmp_path / "small", "--dtype", "float32", code=2)
    assert "is stored in int8; got dtype='float32'" in refused.stderr


@pytest.mark.skipif(not computes_int8(), reason="this processor has no int8 arithmetic that cannot overflow")
def test_quantize_takes_texts_of_your_own(run, tmp_path, corpus):
    tiny = make_tiny_model(tmp_path / "tiny", "bert", hidden_size=64, intermediate_size=256)
    told = run("quantize", tiny, tmp_path / "small", "--texts", corpus, "--column", "text").stderr
    assert "in int8: cosine to float32 0.99" in told
    assert f"Written to {tmp_path / 'small'}, " in told


def test_info_tells_why_the_fast_engine_does_not_serve(run, tmp_path):
    """A network that is not known is described all the same."""
    (tmp_path / "config.json").write_text('{"model_type": "mystery", "hidden_size": 8}')
    facts = json.loads(run("info", tmp_path, "--json").stdout)
    assert facts["fast_engine"] is False
    assert "mystery" in facts["why_not_fast"]
    assert facts["parameters"] == 0
    assert "no: " in run("info", tmp_path).stdout


def test_info_tells_what_reads_images(run, tmp_path):
    text = run("info", make_image_model(tmp_path / "clip")).stdout
    assert "20 tokens of a text; images" in text
    assert "no: for models of texts alone" in text
    assert "yes (openvino)" in text


def test_info_tells_of_models_of_words(run, tmp_path):
    SentenceTransformer(modules=words.modules("weights"), device="cpu").save_pretrained(tmp_path / "words")
    text = run("info", tmp_path / "words").stdout
    assert "WordEmbeddings > WordWeights > Pooling(mean+max) > Dense(4) > Normalize" in text
    assert "yes (static)" in text


def test_info_runs_nothing(run, monkeypatch):
    """No engine is made, let alone compiled."""

    def fail(*_, **__):
        raise AssertionError("info must not make an engine")

    monkeypatch.setattr("sbert.engines.openvino.OpenVINOEngine.__init__", fail)
    run("info", "all-MiniLM-L6-v2")


def test_pairs(run, corpus):
    """The best pair first; --min-score leaves out the rest."""
    found = [json.loads(line) for line in run("pairs", corpus, "-n", 2, "--json").stdout.splitlines()]
    assert [(pair["left_id"], pair["right_id"]) for pair in found] == [(0, 2), (1, 3)]
    assert (found[0]["left"], found[0]["right"]) == (TEXTS[0], TEXTS[2])
    assert run("pairs", corpus, "--min-score", 0.99).stdout == ""
    assert run("pairs", corpus, "-n", 1).stdout.split("\t")[1:] == [TEXTS[0], TEXTS[2] + "\n"]


def test_align(run, corpus, tmp_path):
    """The pairs that are the best for both sides, in other orders and numbers; --min-score leaves out the rest."""
    target = tmp_path / "target.txt"
    target.write_text("Stocks lost value.\nA kitten naps on a couch.\nThe weather in Rome is fine.\n")
    arguments = ("align", corpus, target, "--model", "all-MiniLM-L6-v2")
    found = [json.loads(line) for line in run(*arguments, "--json").stdout.splitlines()]
    assert {(pair["source_id"], pair["target_id"]) for pair in found[:2]} == {(3, 0), (2, 1)}
    lines = target.read_text().splitlines()
    assert (found[0]["source"], found[0]["target"]) == (TEXTS[found[0]["source_id"]], lines[found[0]["target_id"]])
    assert found[0]["score"] >= found[1]["score"] > 1
    result = run(*arguments, "--margin", "absolute", "--min-score", 0.6)
    assert 1 <= len(result.stdout.splitlines()) <= 2
    assert "among 4 and 3 texts." in result.stderr
    assert run(*arguments, "--min-score", 99).stdout == ""


def test_align_refuses(run, corpus):
    """No model of its own choice, since an English one would align nothing; wrong names offer the nearest."""
    assert "--model" in run("align", corpus, corpus, code=2).output
    model = ("--model", "all-MiniLM-L6-v2")
    assert "Did you mean 'ratio'" in run("align", corpus, corpus, *model, "--margin", "ratios", code=2).output
    assert "cannot both be standard input" in run("align", "-", "-", *model, code=2).output


# --- errors -----------------------------------------------------------------------------------------------------------


def test_cluster(run, corpus):
    """A line a cluster: its size, its name and its most central text; in JSON a line a text."""
    pytest.importorskip("sklearn", reason="needs the extra 'cluster'")
    result = run("cluster", corpus, "-k", 2, "--words", 2)
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [size for size, _, _ in lines] == ["2", "2"]
    assert [set(name.split(", ")) <= {"cat", "sleeps", "sofa", "kitten", "naps", "couch"} for _, name, _ in lines] == [
        True,
        False,
    ]
    assert [text in TEXTS for _, _, text in lines] == [True, True]
    assert result.stderr == "2 clusters of 4 texts.\n"
    found = [json.loads(line) for line in run("cluster", corpus, "-k", 2, "--json").stdout.splitlines()]
    assert [text["cluster"] for text in found] == [0, 1, 0, 1]
    assert [text["text"] for text in found] == TEXTS
    assert found[0]["name"] == found[2]["name"] != found[1]["name"]
    in_none = run("cluster", corpus, "--method", "hdbscan")
    assert in_none.stderr == "0 clusters of 4 texts, of which 4 are in none.\n"
    assert json.loads(run("cluster", corpus, "--method", "hdbscan", "--json").stdout.splitlines()[0])["cluster"] is None
    assert "Did you mean 'hdbscan'" in run("cluster", corpus, "--method", "hbscan", code=2).stderr


def test_map(run, corpus, tmp_path):
    """A page with the texts and the clusters' names; a folder that is not there costs no embedding."""
    pytest.importorskip("umap", reason="needs the extra 'map'")
    facts = json.loads(run("map", corpus, "-o", tmp_path / "map.html", "-k", 2, "--json").stdout)
    assert (facts["texts"], len(facts["clusters"])) == (4, 2)
    page = (tmp_path / "map.html").read_text()
    assert all(words in page for words in TEXTS + facts["clusters"])
    assert "there is no folder" in run("map", corpus, "-o", tmp_path / "x" / "y.html", "-m", "none", code=2).stderr


REPEATED = ["A cat sleeps.", "Shares fell.", "A CAT sleeps.", "Shares fell.", "The cat is sleeping now.", "Rain."]


def test_dedupe(run, tmp_path):
    """What is kept, which of a group, and what the rows of the others were."""
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"n": n, "text": text}) + "\n" for n, text in enumerate(REPEATED)))
    result = run("dedupe", path)
    assert result.stdout.splitlines() == [REPEATED[0], REPEATED[1], REPEATED[4], REPEATED[5]]
    assert result.stderr == "4 of 6 texts kept; 2 repeat one of 2 others.\n"
    longest = run("dedupe", path, "-t", 0.8, "--keep", "longest", "-o", tmp_path / "kept.jsonl")
    assert longest.stdout == ""
    assert longest.stderr.endswith(f"Written to {tmp_path / 'kept.jsonl'}.\n")
    lines = (tmp_path / "kept.jsonl").read_text().splitlines()
    assert lines == [path.read_text().splitlines()[row] for row in (1, 4, 5)]
    assert "A cat sleeps." in run("dedupe", path, "-t", 0.8, "--keep", "shortest").stdout


def test_dedupe_in_groups_and_in_json(run, tmp_path):
    """What repeats what, for people and for programs."""
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{text}\n" for text in REPEATED))
    lines = [line.split("\t") for line in run("dedupe", path, "-t", 0.95, "--groups").stdout.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [
        ("1", REPEATED[0]), ("1", REPEATED[2]), ("2", REPEATED[1]), ("2", REPEATED[3]),
    ]  # fmt: skip
    assert [line[1] for line in lines][::2] == ["kept", "kept"]
    groups = [json.loads(line) for line in run("dedupe", path, "-t", 0.95, "--groups", "--json").stdout.splitlines()]
    assert [(group["kept"]["id"], [row["id"] for row in group["dropped"]]) for group in groups] == [(0, [2]), (1, [3])]
    rows = [json.loads(line) for line in run("dedupe", path, "-t", 0.95, "--json").stdout.splitlines()]
    assert [(row["id"], row["kept"], row.get("repeats")) for row in rows] == [
        (0, True, None), (1, True, None), (2, False, 0), (3, False, 1), (4, True, None), (5, True, None),
    ]  # fmt: skip


def test_dedupe_checks_the_output_first(run, tmp_path):
    """A wrong name costs no embedding, and nothing is written."""
    path = tmp_path / "a.txt"
    path.write_text("one\n")
    assert "rows are written to" in run("dedupe", path, "-o", tmp_path / "b.npy", "-m", "no-such-model", code=2).stderr
    assert "Did you mean 'longest'" in run("dedupe", path, "--keep", "longer", code=2).stderr
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_errors_are_one_message(tmp_path):
    """Code 2, a message on standard error, nothing on standard output, no traceback."""
    result = _python("-m", "sbert", "encode", str(tmp_path / "missing.txt"))
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == f"sbert: There is no file {tmp_path / 'missing.txt'}.\n"


@pytest.mark.parametrize("where", ["option", "environment"])
def test_traceback_when_asked(tmp_path, where):
    """--traceback and SBERT_TRACEBACK=1 show where an error came from."""
    options = ["--traceback"] if where == "option" else []
    env = {"SBERT_TRACEBACK": "1"} if where == "environment" else {}
    result = _python("-m", "sbert", *options, "encode", str(tmp_path / "missing.txt"), env=env)
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "DataError" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("info", "all-MiniLM-L6-v9"), "Did you mean"),
        (("info", "./nowhere"), "There is no folder './nowhere'"),
        (("similarity", "a", "b", "--dtype", "float8"), "dtype must be one of 'float32', 'bfloat16'"),
        (("similarity", "a", "b", "--backend", "opnvino"), "Did you mean 'openvino'?"),
        (("similarity", "a"), "Missing argument"),
        (("search", "corpus.csv", "x", "-k", "0"), "'--top-k' / '-k'"),
    ],
)
def test_wrong_arguments(run, arguments, message):
    """The library's own messages reach people, on standard error, with code 2."""
    result = run(*arguments, code=2)
    assert message in result.stderr
    assert result.stdout == ""


def test_ctrl_c_is_quiet(run, monkeypatch, corpus):
    """Code 130 and not a word."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sbert.data.read_texts", interrupt)
    result = run("pairs", corpus, code=130)
    assert result.output == ""


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise there")
def test_a_reader_that_leaves_is_no_error(tmp_path):
    """``sbert encode ... | head`` ends without a complaint."""
    path = tmp_path / "many.txt"
    path.write_text("a text\n" * 300)  # more than a pipe holds
    command = f"'{sys.executable}' -m sbert encode '{path}' | head -n 1 | cut -c 1-17; echo ${{PIPESTATUS[0]}}"
    env = os.environ | {"PYTHONPATH": str(Path(sbert.__file__).parents[1])}
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, check=False)
    assert result.stdout == '{"text": "a text"\n141\n'
    assert "Error" not in result.stderr
    assert "Traceback" not in result.stderr


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_demo(tmp_path):
    """The reverse dictionary finds words, and keeps its vectors for the second run."""
    folder = Path(__file__).parents[2] / "examples" / "reverse_dictionary"
    for name in ("demo.py", "wordnet.tsv.xz"):
        shutil.copy(folder / name, tmp_path)
    command = (str(tmp_path / "demo.py"), "--limit", "200", "--json", "--dtype", "float32")
    results = [_python(*command) for _ in range(2)]
    first, second = (json.loads(result.stdout) for result in results)
    assert (first["definitions"], first["from_cache"], second["from_cache"]) == (200, False, True)
    assert first["answers"] == second["answers"]
    assert len(first["answers"]) == 6
    assert {"score", "words", "definition"} == set(first["answers"][0]["hits"][0])


# --- distill and static models ----------------------------------------------------------------------------------------


def test_distill_and_use_the_model(run, tmp_path):
    """With texts it tells how near it came; what it made is a model like any other."""
    generator = np.random.default_rng(0)
    teacher, texts = make_tiny_model(tmp_path / "teacher", "bert"), tmp_path / "texts.txt"
    texts.write_text("".join(f"{' '.join(generator.choice(WORDS, 5))}\n" for _ in range(300)))
    result = run("distill", teacher, tmp_path / "out", "--texts", texts, "-d", 16, "--backend", "openvino")
    assert "Fitted to 270 texts. On 30 others the mean cosine to the teacher is" in result.stderr
    facts = json.loads(run("info", tmp_path / "out", "--json").stdout)
    assert (facts["architecture"], facts["dimension"], facts["max_seq_length"]) == ("static", 16, None)
    assert (facts["engine"], facts["fast_engine"]) == ("static", True)
    assert "yes (static)" in run("info", tmp_path / "out").stdout
    assert "any length" in run("info", tmp_path / "out").stdout
    assert len(run("encode", texts, "--model", tmp_path / "out").stdout.splitlines()) == 300


def test_distill_without_texts_says_what_is_missing(run, tmp_path):
    """The numbers of the fit are null then."""
    teacher = make_tiny_model(tmp_path / "teacher", "bert")
    result = run("distill", teacher, tmp_path / "out", "-d", 8, "--backend", "openvino", "--json")
    assert "not fitted to real texts" in result.stderr
    facts = json.loads(result.stdout)
    assert facts["folder"] == str(tmp_path / "out")
    assert (facts["texts"], facts["cosine_before"], facts["cosine_after"]) == (0, None, None)
    assert (tmp_path / "out" / "tokenizer.json").is_file()
    assert "dimension must be from 1 to 32" in run("distill", teacher, tmp_path / "x", "-d", 99, code=2).stderr


# --- explain ----------------------------------------------------------------------------------------------------------


def test_explain_reads_texts_as_similarity_does_and_with_search_as_a_search(run, tmp_path):
    folder = make_tiny_model(tmp_path / "prompted", "bert")
    settings = {"prompts": {"query": "what is ", "document": "the word "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    model = SentenceTransformer(folder)
    texts = ["a cat", "the dog sleeps"]
    plain = json.loads(run("explain", *texts, "-m", folder, "--json").stdout)
    assert plain["cosine"] == pytest.approx(float(run("similarity", *texts, "-m", folder).stdout), abs=1e-4)
    assert plain["left"] == ["[CLS]", "a", "cat", "[SEP]"]
    found = json.loads(run("explain", *texts, "-m", folder, "--search", "--json").stdout)
    expected = model.similarity(model.encode_query(texts[:1]), model.encode_document(texts[1:]))
    assert found["cosine"] == pytest.approx(float(expected[0, 0]), abs=1e-5)
    assert found["left"] == ["[CLS]", "what", "is", "a", "cat", "[SEP]"]
    drawn = run("explain", *texts, "-m", folder, "-o", tmp_path / "why.html")
    assert "cosine" in drawn.stderr
    assert ">cat<" in (tmp_path / "why.html").read_text()
