"""The trainer: it learns, goes on where it stopped, and tells what is wrong before it starts."""

import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import TrainerState

from sbert import SentenceTransformer, losses
from sbert.errors import DataError, InputError, TrainingError
from sbert.evaluation import EmbeddingSimilarityEvaluator
from sbert.training import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sbert.training.memory import GiveMemoryBack
from support.training import greatest_difference, pairs, sentences, tiny, weights

ROWS = pairs(48)


def arguments(folder, **options):
    usual = {
        "max_steps": 6,
        "per_device_train_batch_size": 8,
        "learning_rate": 1e-3,
        "save_strategy": "no",
        "use_cpu": True,
        "logging_steps": 1,
    }
    return SentenceTransformerTrainingArguments(str(folder / "run"), **(usual | options))


def trained(folder, model, data=ROWS, loss=None, resume=None, **options):
    extra = {name: options.pop(name) for name in ("evaluator", "eval_dataset", "callbacks") if name in options}
    trainer = SentenceTransformerTrainer(model, arguments(folder, **options), data, loss=loss, **extra)
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def logged(trainer, name="loss"):
    return [entry[name] for entry in trainer.state.log_history if name in entry]


def evaluator():
    rows = pairs(30, seed=5)
    return EmbeddingSimilarityEvaluator(
        [row["one"] for row in rows], [row["two"] for row in rows], [row["score"] for row in rows], name="held"
    )


def test_it_learns_and_the_saved_model_is_the_trained_one(tmp_path):
    model = tiny(tmp_path)
    held = evaluator()
    trainer = trained(tmp_path, model, loss=losses.CosineSimilarityLoss(model), max_steps=40, evaluator=held)
    told = logged(trainer)
    assert np.mean(told[-5:]) < 0.7 * np.mean(told[:5])
    before, after = (held(one)["held_spearman_cosine"] for one in (tiny(tmp_path), model))
    assert after > before
    trainer.save_model(str(tmp_path / "saved"))
    texts = sentences(5)
    fresh = SentenceTransformer(str(tmp_path / "saved"))  # on the engine of those who embed
    assert fresh.backend == "openvino"
    np.testing.assert_allclose(fresh.encode(texts), model.encode(texts), atol=2e-6)
    card = (tmp_path / "saved" / "README.md").read_text()
    assert "48 rows of `one`, `two`, label `score`; CosineSimilarityLoss()" in card
    assert "learning_rate: 0.001" in card
    assert "| 40 |" in card


def test_a_model_of_another_engine_goes_over(tmp_path):
    tiny(tmp_path)
    model = SentenceTransformer(str(tmp_path / "model"))
    vectors = model.encode(sentences(4))
    assert model.backend == "openvino"
    loss = losses.CoSENTLoss(model)
    assert model.backend == "torch"
    np.testing.assert_allclose(model.encode(sentences(4)), vectors, atol=2e-6)
    trained(tmp_path, model, loss=loss)
    assert np.abs(model.encode(sentences(4)) - vectors).max() > 1e-3


@pytest.mark.parametrize("loss", ["SoftmaxLoss", "CoSENTLoss"])
def test_a_run_that_was_stopped_ends_with_the_same_weights(tmp_path, loss):
    """Dropout is on, the classifier of the loss has weights of its own, and there is momentum."""
    data = [row | {"score": int(3 * row["score"])} for row in ROWS]

    def made(model):
        return losses.SoftmaxLoss(model, num_labels=4) if loss == "SoftmaxLoss" else losses.CoSENTLoss(model)

    options = {"data": data, "loss": made, "num_train_epochs": 2, "max_steps": -1, "save_strategy": "steps"}
    torch.manual_seed(7)  # of the classifier
    whole = tiny(tmp_path)
    straight = trained(tmp_path / "a", whole, **options, save_steps=5)
    again = tiny(tmp_path)
    trainer = trained(tmp_path / "a", again, **options, save_steps=5, resume=str(tmp_path / "a/run/checkpoint-5"))
    assert trainer.state.global_step == straight.state.global_step == 12
    assert greatest_difference(weights(whole), weights(again)) == 0
    assert np.abs(weights(whole)["0.auto_model.embeddings.word_embeddings.weight"]).sum() > 0


_KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from training.test_trainer import ROWS, trained
from sbert import losses
from support.training import tiny
folder = Path(sys.argv[1])
model = tiny(folder)
resume = any((folder / "run").glob("checkpoint-*/trainer_state.json"))
trained(folder, model, loss=losses.CoSENTLoss(model), max_steps=400, save_strategy="steps", save_steps=2,
        save_total_limit=2, resume=resume or None)
model.save_pretrained(folder / "done")
"""


def test_a_killed_run_goes_on(tmp_path):
    """kill -9 at some step; the run that goes on ends as the one that was left in peace."""
    tests = str(Path(__file__).parents[1])
    script = tmp_path / "script.py"
    script.write_text(_KILLED)
    whole = tiny(tmp_path / "peace")
    trained(tmp_path / "peace", whole, loss=losses.CoSENTLoss(whole), max_steps=400)
    folder = tmp_path / "killed"
    folder.mkdir()
    (tmp_path / "peace" / "model").rename(folder / "model")
    command = [sys.executable, script, folder, tests]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list((folder / "run").glob("checkpoint-*/trainer_state.json"))) < 2 and time.monotonic() < deadline:
        assert first.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    first.kill()
    first.wait()
    assert not (folder / "done").exists()
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    done = SentenceTransformer(str(folder / "done"), backend="torch")
    assert greatest_difference(weights(whole), weights(done)) == 0


def test_weights_that_were_collected_from_processes_are_saved(tmp_path):
    """As a trainer under FSDP saves, which has a part of the weights in each process."""
    model = tiny(tmp_path)
    trainer = SentenceTransformerTrainer(model, arguments(tmp_path), ROWS, loss=losses.CosineSimilarityLoss(model))
    before = weights(model)
    collected = {f"network.{name}": tensor + 1 for name, tensor in model.state_dict().items()}
    trainer._save(str(tmp_path / "collected"), state_dict=collected)
    saved = weights(SentenceTransformer(str(tmp_path / "collected"), backend="torch"))
    for name, tensor in before.items():
        np.testing.assert_array_equal(saved[name], tensor + 1)
    assert greatest_difference(weights(model), before) == 0


def test_several_datasets_with_losses_of_their_own(tmp_path):
    model = tiny(tmp_path)
    triplets = [{"a": one, "p": one, "n": other} for one, other in zip(sentences(16), sentences(16, 1), strict=True)]
    data = {"sts": ROWS, "triplets": triplets}
    loss = {"sts": losses.CoSENTLoss(model), "triplets": losses.TripletLoss(model)}
    trainer = trained(tmp_path, model, data, loss, max_steps=-1, num_train_epochs=1, eval_dataset=data)
    assert trainer.state.global_step == 6 + 2
    metrics = trainer.evaluate()
    assert {"eval_sts_loss", "eval_triplets_loss"} <= set(metrics)
    with pytest.raises(InputError, match="loss has none for the dataset 'triplets'"):
        trained(tmp_path, model, data, {"sts": loss["sts"]})
    with pytest.raises(InputError, match=r"'stss'.*[Dd]id you mean.*sts"):
        trained(tmp_path, model, data, {"stss": loss["sts"], "triplets": loss["triplets"]})


def test_the_loss_on_evaluation_data_is_the_loss(tmp_path):
    model = tiny(tmp_path)
    loss = losses.CosineSimilarityLoss(model)
    trainer = trained(tmp_path, model, loss=loss, eval_dataset=ROWS[:16], per_device_eval_batch_size=16)
    model.eval()
    features = [model.tokenize([row[name] for row in ROWS[:16]]) for name in ("one", "two")]
    with torch.no_grad():
        expected = loss(features, torch.tensor([row["score"] for row in ROWS[:16]])).item()
    assert trainer.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-4)


def test_prompts_go_in_front_of_their_column(tmp_path):
    model = tiny(tmp_path)
    seen = []
    tokenized = model.training_features

    def watched(texts, *, task=None, prompt=""):
        seen.append((len(texts), prompt))
        return tokenized(texts, task=task, prompt=prompt)

    model.training_features = watched
    trained(tmp_path, model, loss=losses.CoSENTLoss(model), max_steps=1, prompts={"one": "what is "})
    assert seen[:2] == [(8, "what is "), (8, "")]
    ids = [tokenized(["the dog"], prompt=prompt)["input_ids"].tolist() for prompt in ("what is ", "")]
    assert ids[0] == model.tokenize(["what is the dog"])["input_ids"].tolist() != ids[1]
    with pytest.raises(DataError, match=r"no column 'on'.*[Dd]id you mean.*one"):
        trained(tmp_path, model, prompts={"on": "x"})


def test_learning_rates_by_name(tmp_path):
    model = tiny(tmp_path)
    before = weights(model)
    trained(tmp_path, model, loss=losses.CoSENTLoss(model), max_steps=2, learning_rate_mapping={r"embeddings\.": 0.0})
    after = weights(model)
    for name in before:
        if name.endswith("key.bias"):
            continue  # of no effect on attention: its gradient is rounding alone
        assert np.array_equal(before[name], after[name]) == ("embeddings." in name or "pooler" in name), name
    with pytest.raises(InputError, match="no parameter's name matches 'nothing'"):
        trained(tmp_path, model, loss=losses.CoSENTLoss(model), learning_rate_mapping={"nothing": 1.0})


@pytest.mark.parametrize(
    "options",
    [
        {"gradient_checkpointing": True},
        {"bf16": True},
        {"gradient_accumulation_steps": 2},
        {"train_token_budget": 64},
        {"batch_sampler": "no_duplicates"},
        {"dataloader_num_workers": 1},
        {"torch_compile": False, "optim": "sgd"},
    ],
    ids=str,
)
def test_arguments_of_transformers_are_at_work(tmp_path, options):
    model = tiny(tmp_path)
    before = weights(model)
    trainer = trained(tmp_path, model, loss=losses.CosineSimilarityLoss(model), **options)
    assert trainer.state.global_step == 6
    assert np.isfinite(logged(trainer)).all()
    assert greatest_difference(before, weights(model)) > 0


def test_checkpointing_activations_changes_nothing(tmp_path):
    found = []
    for checkpointing in (False, True):
        model = tiny(tmp_path)
        trained(tmp_path, model, loss=losses.CoSENTLoss(model), gradient_checkpointing=checkpointing)
        found.append(weights(model))
    assert greatest_difference(*found) < 1e-6


def test_the_best_model_is_kept(tmp_path):
    model = tiny(tmp_path)
    trainer = trained(
        tmp_path,
        model,
        loss=losses.CosineSimilarityLoss(model),
        max_steps=12,
        learning_rate=0.05,  # which ruins it soon
        evaluator=evaluator(),
        eval_strategy="steps",
        eval_steps=2,
        save_strategy="best",
        load_best_model_at_end=True,
        metric_for_best_model="held_spearman_cosine",
        greater_is_better=True,
    )
    told = logged(trainer, "eval_held_spearman_cosine")
    assert len(told) == 6
    assert evaluator()(model)["held_spearman_cosine"] == pytest.approx(max(told), abs=1e-6)
    best = Path(trainer.state.best_model_checkpoint)
    assert json.loads((best / "trainer_state.json").read_text())["best_metric"] == pytest.approx(max(told))


def test_parts_of_a_loss_are_summed_and_logged(tmp_path):
    class Parts(losses.CoSENTLoss):
        def loss(self, embeddings, labels):
            return {"order": super().loss(embeddings, labels), "size": embeddings[0].norm() * 0.01}

    model = tiny(tmp_path)
    trainer = trained(tmp_path, model, loss=Parts(model))
    for whole, order, size in zip(*(logged(trainer, name) for name in ("loss", "order", "size")), strict=True):
        assert whole == pytest.approx(order + size, abs=2e-3)


def test_rows_that_fill_no_batch_are_told(tmp_path):
    model = tiny(tmp_path)
    options = {"dataloader_drop_last": True, "per_device_train_batch_size": 8}
    with pytest.raises(DataError, match=r"^train_dataset has 7 rows, which do not fill one batch of 8"):
        trained(tmp_path, model, ROWS[:7], losses.CosineSimilarityLoss(model), **options)
    with pytest.raises(DataError, match=r"^train_dataset\['few'\] has 7 rows"):
        trained(tmp_path, model, {"many": ROWS, "few": ROWS[:7]}, losses.CosineSimilarityLoss(model), **options)
    trained(tmp_path, model, ROWS[:8], losses.CosineSimilarityLoss(model), **options)


def test_wrong_data_is_told_before_the_first_step(tmp_path):
    model = tiny(tmp_path)
    with pytest.raises(DataError, match="train_dataset: row 47 has None in the column 'two'"):
        trained(tmp_path, model, [*ROWS[:-1], ROWS[-1] | {"two": None}], losses.CoSENTLoss(model))
    with pytest.raises(InputError, match=r"eval_dataset: TripletLoss takes 3 columns of texts; got 2.*'one', 'two'"):
        trained(tmp_path, model, [{"a": "x", "b": "y", "c": "z"}], losses.TripletLoss(model), eval_dataset=ROWS)
    with pytest.raises(DataError, match=r"no column 'won'.*[Dd]id you mean.*one"):
        trained(tmp_path, model, columns=["won", "two"])
    with pytest.raises(InputError, match=r"batch_sampler.*no_duplicate.*[Dd]id you mean"):
        arguments(tmp_path, batch_sampler="no_duplicate")
    with pytest.raises(InputError, match="made for another model"):
        trained(tmp_path, model, loss=losses.CoSENTLoss(tiny(tmp_path)))
    with pytest.raises(InputError, match="trains a SentenceTransformer; got str"):
        trained(tmp_path, "model")
    with pytest.raises(InputError, match="args must be"):
        SentenceTransformerTrainer(model, {"lr": 1}, ROWS)


class Breaking(losses.CosineSimilarityLoss):
    """Gives what is no number where a label is below 0."""

    def loss(self, embeddings, labels):
        found = super().loss(embeddings, labels)
        return {"fine": found, "broken": found * torch.where(labels < 0, torch.nan, 1.0).sum()}


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    model = tiny(tmp_path)
    rows = [*ROWS[:20], ROWS[20] | {"score": -1.0}, *ROWS[21:]]
    with pytest.raises(TrainingError, match=r"The loss \(broken\) is nan in step \d.*of this batch") as told:
        trained(tmp_path, model, rows, Breaking(model), max_steps=20, save_strategy="steps", save_steps=1)
    assert all(np.isfinite(weight).all() for weight in weights(model).values())
    assert "label " in str(told.value)
    assert "and 5 more rows" in str(told.value)


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    model = tiny(tmp_path)
    trainer = SentenceTransformerTrainer(model, arguments(tmp_path), ROWS, loss=losses.CoSENTLoss(model))
    torch.nn.init.constant_(next(model.parameters()), torch.inf)
    with pytest.raises(TrainingError, match="not saved"):
        trainer.save_model(str(tmp_path / "saved"))
    assert not (tmp_path / "saved").exists()
    with pytest.raises(TrainingError, match="since an earlier step"):
        trainer.train()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux, to see what is resident")
def test_free_memory_is_given_back(tmp_path):
    """Blocks of many sizes, of which every other one is in use: what is free between them stays in the process."""
    held = [torch.ones(size) for size in range(20_000, 24_000)]
    del held[::2]
    before = _resident()
    callback = GiveMemoryBack()
    model = tiny(tmp_path)
    for step in range(1, 21):
        callback.on_step_end(None, TrainerState(global_step=step), None)
    if hasattr(ctypes.CDLL(None), "malloc_trim"):
        assert _resident() < before - 50e6
    trainer = SentenceTransformerTrainer(model, arguments(tmp_path), ROWS)
    assert any(isinstance(one, GiveMemoryBack) for one in trainer.callback_handler.callbacks)


def _resident():
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_columns_may_be_chosen_by_name(tmp_path):
    model = tiny(tmp_path)
    data = [{"id": place, "similarity": row["score"], **row} for place, row in enumerate(ROWS)]
    trainer = trained(
        tmp_path, model, data, losses.CoSENTLoss(model), columns=["two", "one"], label_column="similarity"
    )
    assert trainer.layouts[""].inputs == ("two", "one")
    assert trainer.layouts[""].label == "similarity"


def test_a_stream_of_the_datasets_library(tmp_path):
    datasets = pytest.importorskip("datasets")
    model = tiny(tmp_path)
    stream = datasets.Dataset.from_list(ROWS).to_iterable_dataset()
    trainer = trained(tmp_path, model, stream, losses.CoSENTLoss(model))
    assert trainer.state.global_step == 6


def test_an_adapter_that_does_not_fit_is_told(tmp_path):
    peft = pytest.importorskip("peft")
    with pytest.raises(InputError, match=r"^The adapter cannot be added: .*nothing.* not found"):
        tiny(tmp_path).add_adapter(peft.LoraConfig(target_modules=["nothing"]))


def test_an_adapter_trains_little(tmp_path):
    peft = pytest.importorskip("peft")
    texts = sentences(4)

    def adapted():
        torch.manual_seed(3)
        model = tiny(tmp_path)
        model.add_adapter(peft.LoraConfig(r=4, target_modules=["query", "value"]))
        return model

    model = adapted()
    before = model.encode(texts)
    options = {"max_steps": 10, "learning_rate": 1e-2, "save_strategy": "steps", "save_steps": 5}
    trained(tmp_path, model, loss=losses.CosineSimilarityLoss(model), **options)
    moving = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert moving
    assert all("lora" in name for name in moving)
    after = model.encode(texts)
    assert np.abs(after - before).max() > 1e-3
    again = adapted()
    trained(
        tmp_path, again, loss=losses.CosineSimilarityLoss(again), resume=str(tmp_path / "run/checkpoint-5"), **options
    )
    assert greatest_difference(weights(model), weights(again)) == 0
    model.save_pretrained(tmp_path / "adapter")
    assert (tmp_path / "adapter" / "adapter_model.safetensors").exists()
    np.testing.assert_allclose(SentenceTransformer(str(tmp_path / "adapter")).encode(texts), after, atol=1e-5)
    model.merge_adapter()
    np.testing.assert_allclose(model.encode(texts), after, atol=1e-5)
    model.save_pretrained(tmp_path / "merged")
    assert (tmp_path / "merged" / "model.safetensors").exists()
    np.testing.assert_allclose(SentenceTransformer(str(tmp_path / "merged")).encode(texts), after, atol=1e-5)
    with pytest.raises(InputError, match="needs an adapter"):
        model.merge_adapter()
