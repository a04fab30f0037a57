"""Files and folders of known answers, and the command that measures a model on them."""

import gzip
import json

import pytest
from typer.testing import CliRunner

from sbert import SentenceTransformer, evaluation
from sbert.cli.app import app
from sbert.errors import DataError, InputError
from sbert.evaluation.drawing import draw_standings
from support.shared import require
from support.tiny import make_tiny_cross_encoder, make_tiny_model

STS = """sentence1\tsentence2\tscore\tsplit
the dog\ta dog\t4\ttest
red\tblue\t1\ttest
sun\tmoon\t2\ttrain
so\tno\t3\ttest
"""
PAIRS = "text1,text2,label\nthe dog,a dog,1\nred,water,0\nking,queen,1\n"
TRIPLETS = [{"anchor": "the dog", "positive": "the dog", "negative": "water"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("evaluate")
    make_tiny_model(root / "model", "bert")
    make_tiny_cross_encoder(root / "cross", "bert")
    (root / "sts.tsv").write_text(STS)
    (root / "pairs.csv").write_text(PAIRS)
    (root / "triplets.jsonl").write_text("\n".join(map(json.dumps, TRIPLETS)))
    (root / "german.tsv").write_text("english\ttranslation\nred\tred\nblue\tblue\n")
    beir = root / "beir"
    (beir / "qrels").mkdir(parents=True)
    documents = [
        {"_id": f"d{place}", "title": "", "text": text} for place, text in enumerate(["a dog", "water", "fire"])
    ]
    with gzip.open(beir / "corpus.jsonl.gz", "wt") as file:
        file.write("\n".join(map(json.dumps, documents)))
    (beir / "queries.jsonl").write_text('{"_id": "q", "text": "a dog"}\n{"_id": "other", "text": "fire"}')
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td0\t2\nq\td1\t0\nother\td2\t0\n")
    return root


@pytest.mark.parametrize(
    ("file", "kind", "name"),
    [
        ("sts.tsv", "EmbeddingSimilarityEvaluator", "sts"),
        ("pairs.csv", "BinaryClassificationEvaluator", "pairs"),
        ("triplets.jsonl", "TripletEvaluator", "triplets"),
        ("german.tsv", "TranslationEvaluator", "german"),
        ("beir", "InformationRetrievalEvaluator", "beir"),
    ],
)
def test_columns_tell_what_a_file_is_for(folder, file, kind, name):
    evaluator = evaluation.evaluator_of(folder / file)
    assert type(evaluator).__name__ == kind
    assert evaluator.name == name


def test_rows_are_those_of_the_split(folder):
    assert evaluation.evaluator_of(folder / "sts.tsv").scores.tolist() == [4, 1, 3]
    assert evaluation.evaluator_of(folder / "sts.tsv", split="train").sentences1 == ["sun"]
    retrieval = evaluation.evaluator_of(folder / "beir")
    assert retrieval.queries == ["a dog"]  # nothing is relevant to the other
    assert retrieval(SentenceTransformer(folder / "model", backend="openvino"))["beir_cosine_ndcg@10"] == 1


@pytest.mark.parametrize(
    ("file", "text", "options", "message"),
    [
        ("a.tsv", STS, {"split": "tests"}, "name one of them"),
        ("a.tsv", STS.replace("\ttest", "\tdev"), {}, "no 'test': name one"),
        ("a.csv", PAIRS, {"split": "test"}, "no column 'split'"),
        ("a.csv", PAIRS.replace(",0", ",no"), {}, r"row 2 has 'no' in the column 'label'"),
        ("a.csv", "text\na\n", {}, "has the columns 'text'"),
        ("a.csv", "text1,text2,label\n", {}, "no rows|empty"),
        ("a.jsonl", json.dumps(TRIPLETS[0]), {"cross_encoder": True}, "a cross-encoder makes none"),
        ("a.jsonl", json.dumps(TRIPLETS[0] | {"positive": 5}), {}, "row 1 has no text in the column 'positive'"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, file, text, options, message):
    (tmp_path / file).write_text(text)
    with pytest.raises((DataError, InputError), match=message):
        evaluation.evaluator_of(tmp_path / file, **options)


def test_folders_that_are_not_whole_are_told(folder, tmp_path):
    with pytest.raises(DataError, match="has those of test"):
        evaluation.evaluator_of(folder / "beir", split="dev")
    with pytest.raises(DataError, match=r"no corpus\.jsonl"):
        evaluation.evaluator_of(tmp_path)
    with pytest.raises(InputError, match="orders what another"):
        evaluation.evaluator_of(folder / "beir", cross_encoder=True)


def run(*arguments):
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_shows_what_counts_most(folder, tmp_path):
    data = [folder / name for name in ("sts.tsv", "triplets.jsonl", "beir")]
    code, shown, _ = run(folder / "model", *data, "--backend", "openvino", "-o", tmp_path / "tables")
    assert code == 0
    for measure in ("spearman_cosine", "cosine_accuracy", "cosine_ndcg@10"):
        assert measure in shown
    assert len(list((tmp_path / "tables").glob("*.csv"))) == 3
    code, shown, _ = run(folder / "cross", folder / "sts.tsv", folder / "pairs.csv", "--json", "--backend", "openvino")
    found = [json.loads(line) for line in shown.splitlines()]
    assert code == 0
    assert [one["primary"] for one in found] == ["sts_spearman", "pairs_average_precision"]
    assert set(found[0]["measures"]) == {"sts_pearson", "sts_spearman"}
    code, _, told = run(folder / "model", folder / "nothing.tsv")
    assert code == 2
    assert "nothing.tsv" in told


def test_two_models_are_compared(folder, tmp_path):
    make_tiny_model(tmp_path / "other", "bert", seed=5)
    data = [folder / name for name in ("sts.tsv", "triplets.jsonl")]
    common = ["--backend", "openvino", "--resamples", 50]
    code, shown, _ = run(folder / "model", *data, "--against", tmp_path / "other", "--json", *common)
    assert code == 0
    for line in shown.splitlines():
        found = json.loads(line)
        low, high = found["interval"]
        assert low <= high
        assert found["against"]["model"] == str(tmp_path / "other")
        value, other = (one["measures"][one["primary"]] for one in (found, found["against"]))
        assert found["difference"]["value"] == pytest.approx(value - other)
        assert 0 < found["difference"]["p"] <= 1
    code, shown, _ = run(folder / "model", *data, "-a", tmp_path / "other", "--confidence", 0, *common)
    assert code == 0
    assert [len(line.split("\t")) for line in shown.splitlines()] == [9, 9]
    code, shown, told = run(folder / "model", *data, "-a", folder / "cross", *common)
    assert code == 2
    assert "one is a cross-encoder" in told


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_measures_are_drawn(folder, tmp_path, ending):
    path = tmp_path / f"measures{ending}"
    common = ["--backend", "openvino", "--resamples", 20]
    code, _, told = run(folder / "model", folder / "sts.tsv", folder / "pairs.csv", "--plot", path, *common)
    assert code == 0, told
    assert path.read_bytes()[:4] in (b"<?xm", b"\x89PNG", b"%PDF")
    if ending == ".svg":
        assert "<svg" in path.read_text()


def test_pictures_that_cannot_be_drawn_are_told_first(folder, tmp_path):
    for path, message in (("a.gif", ".svg, .png, .pdf"), ("none/a.svg", "there is no folder")):
        code, _, told = run(folder / "nothing", folder / "sts.tsv", "--plot", tmp_path / path)
        assert code == 2
        assert message in " ".join(told.split())
    with pytest.raises(InputError, match="one at least"):
        draw_standings([], tmp_path / "a.svg")


def test_texts_with_labels_are_for_what_is_asked(folder, tmp_path):
    rows = [f"{text}\t{label}\n" for text, label in [("a dog", "x"), ("dogs", "x"), ("red", "y"), ("blue", "y")] * 3]
    (tmp_path / "texts.tsv").write_text("text\tlabel\n" + "".join(rows))
    code, shown, _ = run(folder / "model", tmp_path / "texts.tsv", "--backend", "openvino")
    assert (code, shown.split("\t")[1]) == (0, "v_measure")
    code, _, told = run(folder / "model", tmp_path / "texts.tsv", "--task", "classification", "--backend", "openvino")
    assert code == 2
    assert "no other rows" in told
    code, _, told = run(folder / "model", tmp_path / "texts.tsv", "--task", "clusters", "--backend", "openvino")
    assert code == 2
    assert "clustering" in told


def test_published_figures_come_out(minilm):
    """STSb of all-MiniLM-L6-v2: 82.03 (its model card's MTEB results)."""
    found = evaluation.evaluator_of(require("sts/stsb-en.tsv.gz"))(minilm)
    assert round(100 * found["stsb-en_spearman_cosine"], 2) == 82.03


@pytest.mark.slow
def test_published_figures_of_retrieval_come_out():
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", on_truncation="ignore")
    found = evaluation.evaluator_of(require("retrieval/scifact"))(model)
    assert round(100 * found["scifact_cosine_ndcg@10"], 2) == 64.51
