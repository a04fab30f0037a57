"""``sbert train``: the whole command in processes of their own, killed and not."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import sbert
from sbert import SentenceTransformer
from sbert.cli.app import app
from sbert.cli.training_view import JsonView, PersonView
from support.tiny import make_tiny_model
from support.training import greatest_difference, pairs, weights

CONFIG = """\
model: {name: model, family: sentence-transformer, max_seq_length: 32}
output: out
data:
  train: {path: pairs.jsonl, columns: [one, two]}
  eval: pairs.jsonl
evaluate: [{path: held.tsv, name: held}]
loss: CosineSimilarityLoss
arguments:
  max_steps: 40
  per_device_train_batch_size: 8
  learning_rate: 1e-3
  use_cpu: true
  seed: 1
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a tiny model, data and a config; a run of it has ended in ``out``."""
    folder = tmp_path_factory.mktemp("train")
    make_tiny_model(folder / "model", "bert")
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs(48)))
    lines = [f"{row['one']}\t{row['two']}\t{row['score']}\n" for row in pairs(30, seed=5)]
    (folder / "held.tsv").write_text("sentence1\tsentence2\tscore\n" + "".join(lines))
    (folder / "run.yaml").write_text(CONFIG)
    done = command(folder, "run.yaml")
    assert done.returncode == 0, done.stderr
    (folder / "told").write_text(done.stdout)
    (folder / "noted").write_text(done.stderr)
    return folder


def started(folder, *arguments, **options):
    environment = os.environ | {
        "PYTHONPATH": str(Path(sbert.__file__).parents[1]),
        "OMP_NUM_THREADS": "1",  # the network is tiny, and other tests run beside
    }
    return subprocess.Popen(
        [sys.executable, "-m", "sbert", "train", *map(str, arguments)],
        cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def command(folder, *arguments):
    """Run the command in a process of its own."""
    process = started(folder, *arguments)
    out, err = process.communicate(timeout=240)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture
def run(home, monkeypatch):
    """Run the command inside this process, where torch is imported already."""
    monkeypatch.chdir(home)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def run(*arguments, changes=(), code=0):
        changed = [part for change in changes for part in ("--set", change)]
        result = CliRunner().invoke(app, ["train", "run.yaml", *changed, *arguments])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    yield run
    torch.set_num_threads(threads)


def saved(folder):
    return weights(SentenceTransformer(str(folder), backend="torch"))


def test_it_trains_and_tells_what_came_of_it(home):
    out = home / "out"
    rows = [line.split("\t") for line in (home / "told").read_text().splitlines()]
    assert [row[:2] for row in rows] == [["data.eval", "loss"], ["held", "spearman_cosine"]]
    assert float(rows[0][3]) < float(rows[0][2])
    noted = (home / "noted").read_text()
    assert noted.startswith("model, a SentenceTransformer of ")
    assert "48 rows of pairs.jsonl (one, two; score). CosineSimilarityLoss. 40 steps of 8 rows. Output: out" in noted
    assert re.search(r"^Step 4 of 40: held spearman_cosine 0\.\d{4}$", noted, re.MULTILINE)
    assert re.search(r"^held spearman_cosine\n[\d.]+ [ ▁▂▃▄▅▆▇█]+\n", noted, re.MULTILINE)
    assert "{'loss'" not in noted + (home / "told").read_text()  # which transformers would print
    assert sorted(path.name for path in out.glob("checkpoint-*")) == ["checkpoint-38", "checkpoint-40"]
    assert "CosineSimilarityLoss" in (out / "final" / "README.md").read_text()
    assert greatest_difference(saved(out / "final"), saved(home / "model")) > 1e-3
    assert SentenceTransformer(str(out / "final")).max_seq_length == 32
    measured = (out / "eval" / "similarity_evaluation_held_results.csv").read_text().splitlines()
    assert len(measured) == 1 + 11  # before, and each tenth of the run
    space = "{http://www.w3.org/2000/svg}"
    assert len(ElementTree.fromstring((out / "training.svg").read_text()).findall(f"{space}polyline")) == 3


def test_a_run_that_has_ended_says_so(home, run):
    before = {path: path.stat().st_mtime_ns for path in (home / "out").rglob("*")}
    again = run()
    assert "This run had ended after 40 steps. --restart begins anew." in again.stderr
    assert again.stdout == (home / "told").read_text()
    assert before == {path: path.stat().st_mtime_ns for path in (home / "out").rglob("*")}


def test_another_config_is_refused_in_the_same_folder(run):
    told = run(changes=["arguments.seed=2", "loss=CoSENTLoss", "arguments.logging_steps=5"], code=2)
    assert "out holds a run of another config: loss.name was 'CosineSimilarityLoss', is 'CoSENTLoss'; " in told.stderr
    assert "arguments.seed was 1, is 2." in told.stderr
    assert "--restart" in told.stderr
    assert "logging_steps" not in told.stderr


def test_data_that_has_changed_is_another_run(home, run):
    run(changes=["output=changed", "arguments.max_steps=1"])
    lines = (home / "pairs.jsonl").read_text()
    try:
        (home / "pairs.jsonl").write_text(lines + lines.splitlines(keepends=True)[0])
        told = run(changes=["output=changed", "arguments.max_steps=1"], code=2)
    finally:
        (home / "pairs.jsonl").write_text(lines)
    assert f"data.train.bytes was {len(lines)}, is " in told.stderr


@pytest.mark.parametrize("after", [1, 2])
def test_a_killed_run_goes_on_and_ends_the_same(home, after):
    """kill -9 after some checkpoint, a half-written one left behind; and once more where it was going on."""
    output = home / f"killed-{after}"
    arguments = ("run.yaml", "--set", f"output={output.name}")
    for times in range(after):
        process = started(home, *arguments)
        deadline = time.monotonic() + 200
        wanted = 6 + 10 * times
        while not any((output / f"checkpoint-{step}/trainer_state.json").exists() for step in range(wanted, 30)):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        process.communicate()
    assert not (output / "final").exists()
    half = output / "checkpoint-39"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    (half / "trainer_state.json").write_text('{"global_st')
    done = command(home, *arguments)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Going on from step \d+\.$", done.stderr, re.MULTILINE)
    assert "do not match" not in done.stderr  # transformers, of arguments that are fractions
    assert not half.exists()
    assert greatest_difference(saved(output / "final"), saved(home / "out/final")) == 0
    assert done.stdout == (home / "told").read_text()


def test_a_run_that_was_killed_after_its_last_step_ends(home, run):
    changes = ["output=ended", "arguments.max_steps=4"]
    done = run(changes=changes)
    record = json.loads((home / "ended/run.json").read_text())
    (home / "ended/run.json").write_text(json.dumps(record | {"finished": None}))
    shutil.rmtree(home / "ended/final")
    again = run(changes=changes)
    assert "Going on from step 4." in again.stderr
    assert again.stdout == done.stdout
    assert (home / "ended/final/modules.json").exists()


def test_restart_begins_anew(home, run):
    changes = ["output=again", "arguments.max_steps=2"]
    run(changes=changes)
    (home / "again/mine.txt").write_text("kept")
    done = run("--restart", changes=[*changes, "arguments.seed=2"])
    assert "Going on" not in done.stderr
    assert (home / "again/mine.txt").exists()
    assert json.loads((home / "again/run.json").read_text())["config"]["arguments"]["seed"] == 2


def test_a_damaged_record_is_told(home, run):
    (home / "damaged").mkdir()
    (home / "damaged/run.json").write_text('{"config"')
    assert "damaged/run.json is damaged" in run(changes=["output=damaged"], code=2).stderr


def test_checkpoints_of_others_are_left_alone(home, run):
    (home / "others/checkpoint-5").mkdir(parents=True)
    told = run(changes=["output=others"], code=2)
    assert "others holds checkpoints of a run that this command did not begin" in told.stderr
    assert (home / "others/checkpoint-5").exists()


def test_a_dry_run_writes_nothing(home, run):
    told = run("--dry-run", changes=["output=dry", "arguments.num_train_epochs=2", "arguments.max_steps=-1"])
    assert "12 steps of 8 rows. Output: dry" in told.stdout
    assert not (home / "dry").exists()
    wrong = run("--dry-run", changes=["data={train: {path: pairs.jsonl, columns: [one]}}"], code=2)
    assert "--set data: data.train: train_dataset: CosineSimilarityLoss takes 2 columns of texts; got 1" in wrong.stderr
    plan = json.loads(run("--dry-run", "--json", changes=["output=dry"]).stdout)
    assert plan["event"] == "plan"
    assert plan["steps"] == 40
    data = {"name": "", "file": "pairs.jsonl", "rows": 48, "columns": ["one", "two"], "label": "score"}
    assert plan["data"] == [data]


def test_errors_are_one_message_with_file_and_line(run):
    told = run(changes=["arguments.learning_rates=1"], code=2).stderr
    assert told.startswith("sbert: --set arguments.learning_rates: arguments has no argument 'learning_rates'. Did you")
    assert told.count("\n") == 1
    told = run(changes=["output=wrong", "data.train.columns=[one, too]"], code=2).stderr
    assert told.startswith("sbert: run.yaml:4: data.train: pairs.jsonl has no column 'too'")


def test_json_is_an_object_an_event(run):
    done = run("--json", changes=["output=json", "arguments.max_steps=4", "arguments.save_steps=2"])
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert [event["step"] for event in events if event["event"] == "log"] == [1, 2, 3, 4]
    assert [event["step"] for event in events if event["event"] == "checkpoint"] == [2, 4]
    measured = [event["eval_held_spearman_cosine"] for event in events if "eval_held_spearman_cosine" in event]
    assert len(measured) == 5
    told = {"data": "held", "measure": "spearman_cosine", "before": measured[0], "after": measured[-1]}
    assert events[-1]["measures"][1] == told
    assert events[-1]["model"] == "json/final"


def test_the_best_model_is_kept_by_the_measure(run):
    """A learning rate that ruins the model: the best one is not the last."""
    changes = ["output=best", "arguments.load_best_model_at_end=true", "arguments.learning_rate=0.05"]
    events = [json.loads(line) for line in run("--json", changes=changes).stdout.splitlines()]
    name = "eval_held_spearman_cosine"
    measured = [event[name] for event in events if name in event]
    # The model before training is no checkpoint; the last measure is that of the model that was chosen.
    assert events[-1]["measures"][1]["after"] == pytest.approx(max(measured[1:-1]), abs=1e-6)


def test_an_adapter_and_a_pooling(home, run):
    pytest.importorskip("peft")
    changes = ["output=lora", "adapter={r: 4, target_modules: [query, value]}", "model.pooling=cls"]
    done = run(changes=[*changes, "arguments.max_steps=3"])
    assert "of which 1,024 are trained" in done.stderr
    final = SentenceTransformer(str(home / "lora/final"))
    assert (home / "lora/final/adapter_model.safetensors").exists()
    assert json.loads((home / "lora/final/1_Pooling/config.json").read_text())["pooling_mode_cls_token"]
    assert np.isfinite(final.encode(["the dog"])).all()


def test_nothing_is_measured_where_nothing_is_asked_for(home, run):
    done = run(changes=["output=quiet", "arguments.max_steps=1", "evaluate=[]", "data=pairs.jsonl"])
    assert done.stdout == ""
    assert (home / "quiet/final/modules.json").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("view", [JsonView, PersonView])
def test_ctrl_c_is_not_lost(view):
    """Python drops what is raised while an object is destroyed."""

    class Destroyed:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    usual = signal.getsignal(signal.SIGINT)
    with view() as shown:
        shown.stepped(1)
        Destroyed()
        with pytest.raises(KeyboardInterrupt):
            shown.stepped(2)
    assert signal.getsignal(signal.SIGINT) is usual


def test_ctrl_c_says_how_to_go_on(home):
    changes = ["output=stopped", "arguments.max_steps=2000", "arguments.save_steps=2", "arguments.eval_steps=2000"]
    process = started(home, "run.yaml", *(part for change in changes for part in ("--set", change)))
    deadline = time.monotonic() + 200
    while not (home / "stopped/checkpoint-4/trainer_state.json").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert re.search(r"^Stopped\. The same command goes on from step \d+\.$", err, re.MULTILINE)
    assert "Traceback" not in err
