"""A training config: what it may say, and what is told where it says it wrong."""

import gzip
import importlib
import json
import re
import sys
import typing
from pathlib import Path

import pytest
import yaml

from sbert import SentenceTransformer, losses
from sbert.errors import DataError, InputError, MissingDependencyError, SbertError
from sbert.training import config as config_module
from sbert.training import sources
from sbert.training.config import read_config
from sbert.training.located import Located, read_located
from sbert.training.named_losses import losses_of
from sbert.training.run import plan, train
from sbert.training.typed import typed
from support.pages import DOCS, blocks
from support.tiny import make_tiny_model
from support.training import pairs, sentences

ROWS = pairs(24)
GOOD = """\
model: {name: model, family: sentence-transformer}
output: out
data:
  train: pairs.jsonl
evaluate:
  - held.tsv
loss: CosineSimilarityLoss
arguments:
  max_steps: 4
  per_device_train_batch_size: 8
  use_cpu: true
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a model, files of pairs, triplets and scores from 0 to 5."""
    folder = tmp_path_factory.mktemp("config")
    make_tiny_model(folder / "model", "bert")
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    held = [f"{row['one']}\t{row['two']}\t{row['score']}\n" for row in ROWS]
    (folder / "held.tsv").write_text("sentence1\tsentence2\tscore\n" + "".join(held))
    splits = ["train"] * 12 + ["dev"] * 8 + ["test"] * 4
    lines = [
        f"{5 * row['score']}\t{row['one']}\t{row['two']}\t{split}\tnews\n"
        for row, split in zip(ROWS, splits, strict=True)
    ]
    with gzip.open(folder / "sts.tsv.gz", "wt") as file:
        file.write("score\tone\ttwo\tsplit\tsubset\n" + "".join(lines))
    texts = sentences(48)
    triplets = [{"a": texts[place], "p": texts[place + 1], "n": texts[place + 2]} for place in range(24)]
    (folder / "triplets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in triplets))
    (folder / "bad.csv").write_text('one,two,score\n"a\nb",c,0.5\nd,,0.1\n')
    (folder / "worse.csv").write_text("one,two,score\na,b,0.5\nc,d,high\n")
    (folder / "holes.jsonl").write_text(
        '{"one": "a", "two": "b", "score": 1}\n\n{"one": "c", "two": null, "score": 0}\n'
    )
    return folder


@pytest.fixture
def read(home, monkeypatch):
    """Read a config in that folder."""
    monkeypatch.chdir(home)

    def read(text, *changes):
        (home / "run.yaml").write_text(text)
        return read_config(Path("run.yaml"), changes)

    return read


def with_lines(*lines, without=()):
    """The good config, but with other lines: each replaces the part of the same key."""
    parts = {}
    for line in GOOD.splitlines():
        if not line.startswith(" "):
            key = line.partition(":")[0]
        parts.setdefault(key, []).append(line)
    for line in lines:
        parts[line.partition(":")[0]] = line.splitlines()
    return "\n".join(line for key, part in parts.items() if key not in without for line in part) + "\n"


def test_what_a_file_says(read, home):
    config = read(GOOD)
    assert config.model.name == "model"
    assert config.model.family == "SentenceTransformer"
    assert config.train[""].path.name == "pairs.jsonl"
    assert config.evaluate[0].path.name == "held.tsv"
    assert config.args.max_steps == 4
    assert config.args.eval_steps == 0.1
    assert config.args.save_strategy == "steps"
    assert config.args.save_steps == 0.05
    assert config.args.save_total_limit == 2
    assert not (home / "out").exists()


def test_a_file_alone_is_data_and_a_name_alone_a_model(read):
    config = read("model: model\noutput: out\ndata: pairs.jsonl\n")
    assert config.model.family == "SentenceTransformer"
    assert config.loss is None
    assert config.args.eval_strategy == "no"
    made = plan(config)
    assert made.losses == ["CoSENTLoss"]
    assert made.steps == 3 * 3  # epochs, and batches of 8


def test_yaml_1_1_reads_numbers_as_text_and_no_as_false(read):
    config = read(with_lines("arguments:\n  learning_rate: 1e-4\n  max_steps: 1e1\n  eval_strategy: no\n  seed: '7'"))
    assert config.args.learning_rate == 1e-4
    assert config.args.max_steps == 10
    assert isinstance(config.args.max_steps, int)
    assert config.args.eval_strategy == "no"
    assert config.args.seed == 7


def test_values_are_changed_from_outside(read):
    config = read(GOOD, "arguments.seed=2", "loss={name: MultipleNegativesRankingLoss, scale: 10}", "adapter.r=3")
    assert config.args.seed == 2
    assert config.loss.settings == {"scale": 10.0}
    assert config.adapter == {"r": 3}
    with pytest.raises(InputError, match=r"^--set arguments.sed: arguments has no argument 'sed'.*'seed'"):
        read(GOOD, "arguments.sed=2")
    with pytest.raises(InputError, match="must be KEY=VALUE"):
        read(GOOD, "arguments.seed")
    with pytest.raises(
        InputError, match=r"--set loss.scale: loss is no mapping but 'CosineSimilarityLoss', run.yaml:7"
    ):
        read(GOOD, "loss.scale=2")


def test_splits_scales_columns_and_limits(read):
    text = with_lines(
        "data:\n  train: {path: sts.tsv.gz, columns: [one, two], scale: 5, limit: 10}\n"
        "  eval: {path: sts.tsv.gz, columns: [one, two], scale: 5}"
    )
    config = read(text)
    train, dev = (source[""].read() for source in (config.train, config.evaluated))
    assert (len(train), len(dev)) == (10, 8)
    assert train.column_names == ["one", "two", "score"]
    assert train[3] == {name: pytest.approx(value) if name == "score" else value for name, value in ROWS[3].items()}
    assert dev[0]["one"] == ROWS[12]["one"]


def test_losses_with_arguments_and_losses_within_losses(read):
    text = with_lines(
        "loss: {name: MatryoshkaLoss, matryoshka_dims: [32, 16], loss: {name: CoSENTLoss, scale: 2e1, "
        "similarity_fct: pairwise_dot_score}}"
    )
    config = read(text)
    assert config.loss.kind is losses.MatryoshkaLoss
    inner = config.loss.settings["loss"]
    assert inner.settings["scale"] == 20.0
    assert inner.settings["similarity_fct"].__name__ == "pairwise_dot_score"
    assert plan(config).losses == ["MatryoshkaLoss"]
    assert config.loss.plain()["loss"] == {
        "name": "CoSENTLoss", "scale": 20.0, "similarity_fct": "pairwise_dot_score"
    }  # fmt: skip


def test_losses_by_dataset(read):
    text = with_lines(
        "data:\n  train: {sts: pairs.jsonl, three: triplets.jsonl}",
        "loss: {sts: CoSENTLoss, three: {name: TripletLoss, distance_metric: cosine_distance}}",
    )
    made = plan(read(text))
    assert made.losses == ["CoSENTLoss", "TripletLoss"]
    assert [one.name for one in made.datasets] == ["sts", "three"]


def test_parts_of_losses_of_cross_encoders_are_named(read):
    text = with_lines("model: {name: model, family: cross-encoder}")
    config = read(text, "loss={name: LambdaLoss, weighting_scheme: {name: NDCGLoss2PPScheme, mu: 5}}", "evaluate=[]")
    made = config.loss.settings["weighting_scheme"]
    assert made(None).mu == 5.0
    assert "NDCGLoss2PPScheme" not in losses_of("CrossEncoder")
    with pytest.raises(InputError, match=r"has no weighting_scheme 'LambdaRank'.*LambdaRankScheme"):
        read(text, "loss={name: LambdaLoss, weighting_scheme: LambdaRank}", "evaluate=[]")


#: What replaces a part of the good config; the line and what of the message.
WRONG = {
    "a key": ("modle: model", 12, r"the file has no key 'modle'. Did you mean 'model'\?"),
    "a key of the model": (
        "model: {name: model, max_seq_len: 3}", 1, "model has no key 'max_seq_len'. Did you mean 'max_seq_length'"
    ),
    "a model": ("model: moddel", 1, "model: .*moddel"),
    "a family": ("model: {name: model, family: cross}", 1, "model.family: must be one of .*cross-encoder.*got 'cross'"),
    "labels of no cross-encoder": ("model: {name: model, num_labels: 2}", 1, "model.num_labels: is for a CrossEncoder"),
    "a pooling": ("model: {name: model, pooling: men}", 1, "model.pooling: must be one of mean, cls, max; got 'men'"),
    "no text": ("output: [a]", 2, r"output: must be text; got \['a'\]"),
    "no file": ("data:\n  train: pair.jsonl", 4, "data.train: there is no pair.jsonl, .*Did you mean 'pairs.jsonl'"),
    "a folder": ("data:\n  train: model", 4, "data.train: model is a folder; a file was expected"),
    "a key of data": (
        "data:\n  train:\n    path: sts.tsv.gz\n    colums: [one, two]", 6, "data.train has no key 'colums'.*'columns'"
    ),
    "no training data": ("data:\n  eval: pairs.jsonl", 3, "data: the key 'train' is missing"),
    "a name of no training data": (
        "data:\n  train: {sts: pairs.jsonl}\n  eval: {ste: pairs.jsonl}", 5,
        "data.eval.ste: must have the names of data.train, 'sts'; got 'ste'. Did you mean 'sts'",
    ),
    "a scale": ("data:\n  train: {path: sts.tsv.gz,\n    scale: five}", 5, "data.train.scale: must be a number"),
    "a limit": ("data:\n  train: {path: sts.tsv.gz, limit: 0}", 4, "data.train.limit: must be above 0; got 0"),
    "no evaluation file": ("evaluate:\n  - held.tsv\n  - hold.tsv", 7, r"evaluate\[1\]: there is no hold.tsv"),
    "a loss": ("loss: CosineSimilarity", 7, "sbert.losses has no loss 'CosineSimilarity'.*'CosineSimilarityLoss'"),
    "another module": ("loss: os.system", 7, "sbert.losses has no loss 'os.system'. There are"),
    "an argument of a loss": (
        "loss:\n  name: MultipleNegativesRankingLoss\n  scal: 2", 9,
        "loss has no argument 'scal'. Did you mean 'scale'",
    ),
    "a type of a loss": ("loss: {name: CoSENTLoss, scale: [1]}", 7, r"loss.scale: must be a number; got \[1\]"),
    "a function": (
        "loss: {name: CoSENTLoss, similarity_fct: cos_sim}", 7, "similarity_fct: must be one of pairwise_cos_sim"
    ),
    "what no file can say": ("loss: {name: SoftmaxLoss, loss_fct: x}", 7, "loss.loss_fct: cannot be given in a config"),
    "an argument that is missing": ("loss: MatryoshkaLoss", 7, "MatryoshkaLoss needs loss and matryoshka_dims"),
    "a loss within": (
        "loss:\n  name: MatryoshkaLoss\n  matryoshka_dims: [8]\n  loss: CosntLoss", 10, "no loss 'CosntLoss'.*CoSENT"
    ),
    "a list": ("loss: {name: MatryoshkaLoss, matryoshka_dims: [8, x], loss: CoSENTLoss}", 7, "a list, of each a whole"),
    "a loss of no dataset": ("loss: {stss: CoSENTLoss}", 7, "must be a name, or a mapping with 'name'"),
    "an argument": ("arguments:\n  seed: 1\n  learning_rat: 1", 10, "no argument 'learning_rat'.*'learning_rate'"),
    "a number": ("arguments:\n  learning_rate: fast", 9, "arguments.learning_rate: must be a number; got 'fast'"),
    "a whole number": ("arguments:\n  max_steps: 1.5", 9, "arguments.max_steps: must be a whole number; got 1.5"),
    "no number at all": ("arguments:\n  learning_rate: .nan", 9, "must be a number; got nan"),
    "true or false": ("arguments:\n  use_cpu: 1", 9, "arguments.use_cpu: must be true or false; got 1"),
    "a name of transformers": (
        "arguments:\n  lr_scheduler_type: cosin", 9, "lr_scheduler_type: must be one of linear, .*Did you mean 'cosine'"
    ),
    "a sampler": ("arguments:\n  seed: 1\n  batch_sampler: no_duplicate", 10, "must be one of.*Did you mean 'no_dup"),
    "a fraction": ("arguments:\n  seed: 1\n  warmup_ratio: 2", 10, "warmup_ratio must be from 0 to below 1"),
    "what is said elsewhere": ("arguments:\n  output_dir: x", 9, "arguments.output_dir: is not set here: write output"),
    "arguments that do not go together": (
        "arguments:\n  max_steps: 2\n  load_best_model_at_end: true\n  save_steps: 3\n  eval_steps: 2", 10,
        "load_best_model_at_end",
    ),
    "a setting of LoRA": ("adapter:\n  r: 8\n  target: [query]", 14, "adapter has no setting of LoRA 'target'"),
    "a rank": ("adapter:\n  r: eight", 13, "adapter.r: must be a whole number; got 'eight'"),
    "two of a key": ("output: out\nmodel: x", 3, "model stands twice; it is in line 1, too"),
    "an alias": ("output: &x out\nadapter: *x", 3, r"\*x stands for another part of the file"),
    "an object": ("output: !!python/name:os.system x", 2, "the tag !!python/name:os.system is not read here"),
    "no YAML": ("output: [out", 3, "not YAML"),
    "a tab": ("output:\n\tx: 1", 3, "not YAML"),
    "text that is no mapping": ("arguments: 5", 8, "arguments: must be a mapping; got 5"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_line(read, case):
    lines, line, message = WRONG[case]
    with pytest.raises(SbertError, match=rf"^run\.yaml:{line}: .*{message}"):
        read(with_lines(lines))


#: Wrong only once data and model are looked at together.
WRONG_TOGETHER = {
    "a split": ("data:\n  train: {path: sts.tsv.gz, split: trian}", 4, "the splits train, dev, test. Did you mean 'tr"),
    "a column": ("data:\n  train: {path: sts.tsv.gz, columns: [one, too]}", 4, "no column 'too'.*Did you mean 'two'"),
    "a label": ("data:\n  train: {path: pairs.jsonl, label: scor}", 4, "no column 'scor'.*Did you mean 'score'"),
    "no labels to scale": ("data:\n  train: {path: triplets.jsonl, scale: 5}", 4, "scale divides labels, and .*none"),
    "a label that is none": ("data:\n  train: worse.csv", 4, "worse.csv: line 3 has 'high' in the column 'score'"),
    "a column too many": (
        "data:\n  train: sts.tsv.gz", 4, "CosineSimilarityLoss takes 2 columns of texts; got 3.*'one', 'two', 'subset'"
    ),
    "no text": ("data:\n  train: holes.jsonl", 4, r"row 1 has None in the column 'two'.*\(Row 1 is line 3 of holes"),
    "other columns": (
        "data:\n  train: {path: sts.tsv.gz, columns: [one, two]}\n  eval: {path: sts.tsv.gz, columns: [two, one]}", 5,
        "data.eval: its columns are 'two', 'one', 'score', those of the training data 'one', 'two', 'score'",
    ),
    "measures of one name": ("evaluate: [held.tsv, held.tsv]", 5, r"evaluate\[1\]: there are measures called 'held'"),
    "no answers": ("evaluate: triplets.jsonl", 5, "evaluate: triplets.jsonl has the columns"),
    "a split of no file": ("evaluate: {path: held.tsv, split: dev}", 5, "evaluate: held.tsv has no column 'split'"),
    "too wide": (
        "loss:\n  name: MatryoshkaLoss\n  loss: CoSENTLoss\n  matryoshka_dims: [64, 8]", 10,
        "loss.matryoshka_dims: matryoshka_dims must be widths from 1 to 32",
    ),
    "a rate of nothing": (
        "arguments:\n  max_steps: 1\n  use_cpu: true\n  learning_rate_mapping: {nothing: 1.0}", 11,
        "no parameter's name matches 'nothing'",
    ),
    "a length": ("model: {name: model, max_seq_length: 4000}", 1, "max_seq_length can be 128 at the most"),
    "an adapter of nothing": ("adapter: {target_modules: [nothing]}", 12, "adapter: .*nothing.* not found"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_TOGETHER)
def test_what_does_not_go_together_is_told_with_its_line(read, case, tmp_path):
    lines, line, message = WRONG_TOGETHER[case]
    config = read(with_lines(lines, f"output: {tmp_path / 'out'}"))
    with pytest.raises(SbertError, match=rf"^run\.yaml:{line}: .*{message}"):
        train(config, Silent())
    assert not list((tmp_path / "out").glob("checkpoint-*"))


class Silent:
    def started(self, plan, step): ...

    def stepped(self, step): ...

    def logged(self, entry, history, measures): ...

    def saved(self, step, folder): ...


def test_values_of_types():
    def value(raw, hint):
        return typed(Located(yaml.safe_load(raw), "f:1", "k", raw), hint)

    assert value("1e-3", float) == 1e-3
    assert value("3", float | str) == 3.0
    assert value("x", float | str) == "x"
    assert value("on", str) == "on"
    assert value("5", str | None) == "5"
    assert value("null", int | None) is None
    assert value("gaussian", bool | typing.Literal["gaussian"]) == "gaussian"
    assert value("no", bool | typing.Literal["gaussian"]) is False
    for raw, hint in (("true", int), ("1.5", int), (".inf", float), ("null", str), ("x", list), ("{}", list[int])):
        with pytest.raises(InputError, match="f:1: k: must be"):
            value(raw, hint)


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_bytes(b"model: x\noutput: caf\xe9\n")
    with pytest.raises(InputError, match=r"run.yaml:2: not UTF-8 \(byte 0xe9\)"):
        read_located(path)
    path.write_bytes(b"model: x\noutput: \x07\n")
    with pytest.raises(InputError, match=r"run.yaml:2: not YAML"):
        read_located(path)
    path.write_text("# nothing\n")
    with pytest.raises(InputError, match="the file is empty"):
        read_located(path)
    with pytest.raises(DataError, match=r"There is no file .*rum.yaml.* Did you mean 'run.yaml'"):
        read_located(tmp_path / "rum.yaml")


def test_yaml_is_an_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "run.yaml").write_text(GOOD)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sbert\[train\]'"):
        read_located(tmp_path / "run.yaml")


def test_the_files_of_the_page_are_true(read, home, monkeypatch, tmp_path):
    """They are read as they stand, and the longer one has every key."""
    monkeypatch.chdir(tmp_path)
    lines = [f"5\t{row['one']}\t{row['two']}\t{split}\n" for split in ("train", "dev", "test") for row in ROWS[:4]]
    with gzip.open("sts.tsv.gz", "wt") as file:
        file.write("score\tsentence1\tsentence2\tsplit\n" + "".join(lines))
    for name in ("pairs.jsonl", "scored.jsonl"):
        Path(name).write_text((home / "pairs.jsonl").read_text())
    smallest, whole = (block.text for block in blocks(DOCS / "training.md") if block.language == "yaml")
    for text in (smallest, whole):
        Path("run.yaml").write_text(text)
        config = read_config(Path("run.yaml"), [f"model.name={home / 'model'}"] if text is whole else [])
        assert config.output == Path("models/sts" if text is whole else "models/scored")
    for keys in (config_module._KEYS, config_module._MODEL, sources._KEYS, config_module._EVALUATE):
        for key in keys:
            assert re.search(rf"\b{key}:", whole), key


def test_a_guide_is_another_model_by_its_name(read, monkeypatch):
    guided = importlib.import_module("sbert.losses.guided").GISTEmbedLoss
    monkeypatch.setattr(losses, "GISTEmbedLoss", guided, raising=False)
    monkeypatch.setattr(losses, "__all__", [*losses.__all__, "GISTEmbedLoss"])
    config = read(GOOD, "loss={name: GISTEmbedLoss, guide: model}")
    assert config.loss.plain() == {"name": "GISTEmbedLoss", "guide": "model"}
    assert isinstance(config.loss(SentenceTransformer("model", backend="torch")), guided)
    wrong = read(GOOD, "loss={name: GISTEmbedLoss, guide: none-such}").loss
    with pytest.raises(SbertError, match=r"^--set loss: loss\.guide: .*none-such"):
        wrong(SentenceTransformer("model", backend="torch"))
