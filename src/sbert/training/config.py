"""A training run as a YAML file says it: read and checked as a whole before anything is loaded."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checkpoints.read import CROSS_ENCODER, MULTI_VECTOR_ENCODER, SENTENCE_TRANSFORMER, SPARSE_ENCODER
from ..errors import MissingDependencyError, SbertError, closest
from ..models.families import family_of
from .arguments import TrainingArguments
from .families import CrossEncoderTrainer, MultiVectorEncoderTrainer, SentenceTransformerTrainer, SparseEncoderTrainer
from .located import Located, read_located
from .named_losses import NamedLoss, read_loss
from .sources import EVAL_SPLITS, TRAIN_SPLITS, Source, existing
from .trainer import Trainer
from .typed import hints_of, typed

TRAINERS: dict[str, type[Trainer]] = {
    SENTENCE_TRANSFORMER: SentenceTransformerTrainer,
    CROSS_ENCODER: CrossEncoderTrainer,
    SPARSE_ENCODER: SparseEncoderTrainer,
    MULTI_VECTOR_ENCODER: MultiVectorEncoderTrainer,
}
_FAMILIES = {re.sub(r"(?<!^)(?=[A-Z])", "-", family).lower(): family for family in TRAINERS}
_KEYS = ("model", "output", "data", "evaluate", "loss", "arguments", "adapter")
_MODEL: dict[str, Any] = {
    "name": str, "family": str | None, "max_seq_length": int | None, "num_labels": int | None, "pooling": str | None,
    "prompts": dict[str, str] | None,
}  # fmt: skip
_POOLINGS = ("mean", "cls", "max")
_EVALUATE: dict[str, Any] = {"path": str, "split": str | None, "name": str | None}
#: Arguments that are said elsewhere, or that the command sets, and what to do instead.
_ELSEWHERE = {
    "output_dir": "write output at the top of the file",
    "columns": "write columns beside the path of a file in data",
    "label_column": "write label beside the path of a file in data",
    "resume_from_checkpoint": "the same command goes on by itself",
    "disable_tqdm": "bars show in a terminal alone",
    "do_train": "leave it out", "do_eval": "leave it out", "do_predict": "leave it out", "local_rank": "use torchrun",
    "prediction_loss_only": "leave it out", "remove_unused_columns": "leave it out",
    "eval_on_start": "measures are taken before training anyway",
}  # fmt: skip
#: What is so where the file says nothing; fractions are of the whole run.
_USUAL: dict[str, Any] = {
    "save_strategy": "steps", "save_steps": 0.05, "save_total_limit": 2, "logging_steps": 0.01, "report_to": "none",
    "log_level": "error",
}  # fmt: skip
_USUAL_MEASURED: dict[str, Any] = {"eval_strategy": "steps", "eval_steps": 0.1}


@dataclass(frozen=True)
class ModelChoice:
    """The model that is trained.

    Args:
        name: its folder or name.
        family: its class.
        max_seq_length: tokens that are read of a text, where not as many as it says itself.
        num_labels: scores for a pair, of a cross-encoder.
        pooling: in place of its own.
        prompts: that are saved with it.
        node: where it stands.
    """

    name: str
    family: str
    node: Located
    max_seq_length: int | None = None
    num_labels: int | None = None
    pooling: str | None = None
    prompts: dict[str, str] | None = None

    def plain(self) -> dict[str, Any]:
        """What it is, for a record of the run."""
        return {one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.name != "node"}


@dataclass(frozen=True)
class Measured:
    """Data that the model is measured on.

    Args:
        path: a file or folder that :func:`~sbert.evaluation.files.evaluator_of` reads.
        split: of it.
        name: what to call it.
        node: where it stands.
    """

    path: Path
    split: str | None
    name: str | None
    node: Located


@dataclass(frozen=True)
class Config:
    """A training run.

    Args:
        path: the file that says it.
        root: all of it, with lines.
        model: to be trained.
        output: the folder of checkpoints and results.
        train: the training data by name; a single file under the empty name.
        evaluated: likewise, data that the loss is measured on.
        evaluate: data that the model is measured on.
        loss: one, or by dataset; None for what the family uses.
        arguments: of training, as the file gives them.
        args: all of them.
        adapter: settings of LoRA; None to train the network's own weights.
    """

    path: Path
    root: Located
    model: ModelChoice
    output: Path
    train: dict[str, Source]
    evaluated: dict[str, Source]
    evaluate: list[Measured]
    loss: NamedLoss | dict[str, NamedLoss] | None
    arguments: dict[str, Any]
    args: TrainingArguments
    adapter: dict[str, Any] | None

    def at(self, key: str) -> Located:
        """The value at some keys, joined by dots; what is nearest above where there is none."""
        node = self.root
        for name in key.split("."):
            if not isinstance(node.value, dict) or name not in node.value:
                break
            node = node.value[name]
        return node

    @contextmanager
    def blamed(self, key: str = "", *, kinds: tuple[type[Exception], ...] = (SbertError, ValueError)) -> Iterator[None]:
        """Put the line of a key in front of errors; without a key, of the one that an error is about.

        Args:
            key: with dots.
            kinds: of errors.
        """
        try:
            yield
        except MissingDependencyError:
            raise
        except kinds as error:
            message = str(error)
            if re.match(r".+:\d+: |--set ", message):  # a place is there already
                raise
            node = self.at(key or self._about(message))
            raise (node if node.key else Located(None, str(self.path))).translated(error) from error

    def _about(self, message: str) -> str:
        """The key that an error is about, as far as its message tells."""
        for kind, key in (("train_dataset", "data.train"), ("eval_dataset", "data.eval")):
            if found := re.search(rf"\b{kind}\b(?: '([^']*)')?", message):
                plain = not isinstance(self.at("data").value, dict)
                return "data" if plain else f"{key}.{found[1] or ''}".rstrip(".")
        if re.match(r"loss\b|\w*Loss\b", message):
            return "loss"
        return _argument_in(message, self.arguments) or ""


def read_config(path: Path, changes: Sequence[str] = ()) -> Config:
    """Read and check a training config. No model and no data is loaded.

    Args:
        path: the file.
        changes: ``key=value`` each, such as ``arguments.seed=2``, in place of what the file says.

    Raises:
        InputError: something in it is wrong; file, line, key and what was got are named.
        DataError: it cannot be read.
        ModelNotFoundError: there is no such model.
        MissingDependencyError: PyYAML, or PEFT for an adapter, is not installed.
    """
    root = read_located(path, changes)
    top = root.fields(_KEYS, ["model", "output", "data"])
    output = Path(typed(top["output"], str)).expanduser()
    if output.exists() and not output.is_dir():
        raise top["output"].error(f"{output} is a file; a folder was expected.")
    train, evaluated = _data(top["data"])
    evaluate = _evaluate(top["evaluate"]) if "evaluate" in top else []
    settings, chosen = _model(top["model"])
    adapter = _adapter(top["adapter"]) if "adapter" in top else None
    family = chosen or _family(settings["name"], top["model"])
    _check_family(settings, family, top["model"])
    model = ModelChoice(**settings, family=family, node=top["model"])
    kind = TRAINERS[family].arguments
    arguments = _arguments(top["arguments"], kind) if "arguments" in top else {}
    loss = _loss(top["loss"], family, train) if "loss" in top else None
    args = _made(kind, arguments, output, bool(evaluated or evaluate), top.get("arguments"))
    return Config(path, root, model, output, train, evaluated, evaluate, loss, arguments, args, adapter)


def _data(node: Located) -> tuple[dict[str, Source], dict[str, Source]]:
    if not isinstance(node.value, dict) or "path" in node.value:
        return {"": Source.of(node, TRAIN_SPLITS)}, {}
    keys = node.fields(("train", "eval"), ["train"])
    train = _sources(keys["train"], TRAIN_SPLITS)
    evaluated = _sources(keys["eval"], EVAL_SPLITS) if "eval" in keys else {}
    for name, source in evaluated.items():
        if name not in train:
            names = ", ".join(map(repr, train)) if "" not in train else "one file without a name"
            raise source.node.error(f"must have the names of data.train, {names}; got {name!r}.{closest(name, train)}")
    return train, evaluated


def _sources(node: Located, splits: tuple[str, ...]) -> dict[str, Source]:
    if not isinstance(node.value, dict) or "path" in node.value:
        return {"": Source.of(node, splits)}
    if not node.value:
        raise node.error("names no file.")
    return {name: Source.of(item, splits) for name, item in node.value.items()}


def _evaluate(node: Located) -> list[Measured]:
    found = []
    for item in node.value if isinstance(node.value, list) else [node]:
        keys = item.fields(_EVALUATE, ["path"]) if isinstance(item.value, dict) else {"path": item}
        values = {name: typed(value, _EVALUATE[name]) for name, value in keys.items()}
        path = existing(keys["path"], values["path"])
        found.append(Measured(path, values.get("split"), values.get("name"), item))
    return found


def _model(node: Located) -> tuple[dict[str, Any], str | None]:
    """The settings of the model, and its family where it is named."""
    keys = node.fields(_MODEL, ["name"]) if isinstance(node.value, dict) else {"name": node}
    settings = {name: typed(value, _MODEL[name]) for name, value in keys.items()}
    for name, known in (("family", tuple(_FAMILIES)), ("pooling", _POOLINGS)):
        value = settings.get(name)
        if value is not None and value not in known:
            raise keys[name].error(f"must be one of {', '.join(known)}; got {value!r}.{closest(value, known)}")
    for name in ("max_seq_length", "num_labels"):
        if settings.get(name) is not None and settings[name] < 1:
            raise keys[name].error(f"must be at least 1; got {settings[name]}.")
    return settings, _FAMILIES.get(settings.pop("family", None) or "")


def _family(name: str, node: Located) -> str:
    try:
        found = family_of(name)
    except SbertError as error:
        raise node.translated(error) from error
    if found not in TRAINERS:
        raise node.error(f"{name} was saved as a {found}, which is not known here. Name the family to train it as.")
    return found


def _check_family(settings: Mapping[str, Any], family: str, node: Located) -> None:
    for name, wanted in (("num_labels", CROSS_ENCODER), ("pooling", SENTENCE_TRANSFORMER)):
        if settings.get(name) is not None and family != wanted:
            raise node.value[name].error(f"is for a {wanted}; this model is a {family}.")


def _adapter(node: Located) -> dict[str, Any]:
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise node.error("needs peft, which is not installed. Run: pip install peft") from error
    hints = hints_of(LoraConfig)
    given = node.fields([one.name for one in dataclasses.fields(LoraConfig)], what="setting of LoRA")
    return {name: typed(value, hints.get(name, Any)) for name, value in given.items()}


def _arguments(node: Located, kind: type[TrainingArguments]) -> dict[str, Any]:
    hints = hints_of(kind)
    names = [one.name for one in dataclasses.fields(kind) if one.init]
    given = node.fields(names, what="argument")
    for name, value in given.items():
        if name in _ELSEWHERE:
            raise value.error(f"is not set here: {_ELSEWHERE[name]}.")
    return {name: typed(value, hints.get(name, Any)) for name, value in given.items()}


def _loss(node: Located, family: str, train: Mapping[str, Source]) -> NamedLoss | dict[str, NamedLoss]:
    if not isinstance(node.value, dict) or "name" in node.value:
        return read_loss(node, family)
    if "" in train:
        raise node.error("must be a name, or a mapping with 'name'; losses by dataset are for several of them.")
    return {name: read_loss(item, family) for name, item in node.fields(train, train, "dataset").items()}


def _made(
    kind: Callable[..., TrainingArguments],
    arguments: Mapping[str, Any],
    output: Path,
    measured: bool,
    node: Located | None,
) -> TrainingArguments:
    """All arguments; what they refuse is told with the line of the one that it is about."""
    usual = _USUAL | (_USUAL_MEASURED | {"eval_on_start": True} if measured else {})
    if measured and arguments.get("load_best_model_at_end"):  # checkpoints must be those that are measured
        usual |= {name.replace("eval", "save"): arguments.get(name, usual[name]) for name in _USUAL_MEASURED}
    try:
        return kind(output_dir=str(output), **(usual | {"disable_tqdm": True} | dict(arguments)))
    except (SbertError, ValueError, TypeError, ImportError) as error:
        if node is None:
            raise
        name = _argument_in(str(error), node.value)
        raise (node.value[name.rpartition(".")[2]] if name else node).translated(error) from error


def _argument_in(message: str, arguments: Mapping[str, Any]) -> str | None:
    """The argument that a message names first, by its name or its value."""
    places: dict[str, int] = {}
    for name, value in arguments.items():
        told = value.value if isinstance(value, Located) else value
        for word in (name, *([told] if isinstance(told, str) else [])):
            if found := re.search(rf"(?<![\w.]){re.escape(word)}\b", message):
                places.setdefault(name, found.start())
    return f"arguments.{min(places, key=places.__getitem__)}" if places else None
