"""The trainer of all families, on that of transformers: what it does with callbacks, logs and devices holds here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..errors import DataError, InputError, TrainingError, one_of
from ..evaluation import Evaluator, SequentialEvaluator
from ..models.multi_vector_encoder import MultiVectorEncoder
from ..models.queries import DOCUMENT, QUERY
from ..types import IntArray
from .arguments import BatchSamplers, MultiDatasetBatchSamplers, TrainingArguments, of_dataset
from .batches import (
    BatchSampler,
    DefaultBatchSampler,
    GroupByLabelBatchSampler,
    InOrder,
    NoDuplicatesBatchSampler,
    TokenBudgetBatchSampler,
)
from .collator import Collator
from .finite import check_loss, weights_are_finite
from .layout import Layout, check_rows, layout_of, values_of
from .memory import GiveMemoryBack
from .mixing import Mixed, MixedBatchSampler, ProportionalBatchSampler, RoundRobinBatchSampler
from .record import DatasetRecord, TrainingRecord
from .tables import as_rows, is_several, is_stream
from .trained import Trained

#: The weights of losses in a checkpoint, beside the model's.
_LOSS_WEIGHTS = "loss.safetensors"

_SAMPLERS: dict[BatchSamplers, type[BatchSampler]] = {
    BatchSamplers.BATCH_SAMPLER: DefaultBatchSampler,
    BatchSamplers.NO_DUPLICATES: NoDuplicatesBatchSampler,
    BatchSamplers.NO_DUPLICATES_HASHED: NoDuplicatesBatchSampler,
    BatchSamplers.GROUP_BY_LABEL: GroupByLabelBatchSampler,
}
_MIXERS: dict[MultiDatasetBatchSamplers, type[MixedBatchSampler]] = {
    MultiDatasetBatchSamplers.PROPORTIONAL: ProportionalBatchSampler,
    MultiDatasetBatchSamplers.ROUND_ROBIN: RoundRobinBatchSampler,
}


class Trainer(transformers.Trainer):  # type: ignore[misc]
    """Trains a model of any family, by a loss, on rows of texts.

    Data is looked at as a whole before the first step: columns that the loss does not take, values that are no texts
    and labels that cannot be are told with their row. Runs are the same again for the same seeds, and go on where they
    were stopped with ``train(resume_from_checkpoint=True)``.

    Args:
        model: to be trained; goes over to the torch engine where it is on another.
        args: how; see :class:`~sbert.training.arguments.TrainingArguments`.
        train_dataset: a list of dicts, a dict of columns, a file (JSON lines, CSV, TSV, Parquet), a data frame, a
            ``datasets.Dataset`` or ``IterableDataset``; or a dict of several of these by name. All columns are texts in
            the loss's order, but for a label: ``label``, ``labels``, ``score`` or ``scores``.
        eval_dataset: likewise, on which the loss is measured.
        loss: a loss, a class or function that makes one of the model, or a dict of them by dataset.
        evaluator: measures the model; several are run one after another. Their measures are logged as ``eval_...``.
        data_collator: makes batches of rows in place of :class:`~sbert.training.collator.Collator`.
        processing_class: taken from scripts that pass it; the model has its tokenizer.
        model_init: makes the model, for searches of hyperparameters.
        callbacks: as of transformers.
        optimizers: an optimizer and a scheduler, in place of those that ``args`` name.
        **options: of transformers' trainer.

    Raises:
        InputError: the loss does not take such columns or labels, or an argument is wrong.
        DataError: data cannot be read, or a value in it is not what it should be.
    """

    #: What the family is called in messages, and the loss where none is given.
    family: ClassVar[type | None] = None
    arguments: ClassVar[type[TrainingArguments]] = TrainingArguments

    # Of transformers' trainer, which has no types for them.
    control: Any
    data_collator: Any

    def __init__(
        self,
        model: Any = None,
        args: TrainingArguments | None = None,
        train_dataset: Any = None,
        eval_dataset: Any = None,
        loss: Any = None,
        evaluator: Evaluator | Sequence[Evaluator] | None = None,
        data_collator: Callable[[list[dict[str, Any]]], dict[str, Any]] | None = None,
        processing_class: Any = None,  # noqa: ARG002
        tokenizer: Any = None,  # noqa: ARG002
        model_init: Callable[..., Any] | None = None,
        compute_metrics: Any = None,  # noqa: ARG002
        callbacks: list[Any] | None = None,
        optimizers: tuple[Any, Any] = (None, None),
        **options: Any,
    ) -> None:
        args = self.arguments() if args is None else args
        if not isinstance(args, TrainingArguments):
            raise InputError(
                f"args must be {self.arguments.__name__}, which adds to those of transformers; got "
                f"{type(args).__name__}."
            )
        if model is None and model_init is None:
            raise InputError("Give a model, or model_init, which makes one.")
        self._make_model, self._given_loss = model_init, loss
        #: The model that is trained.
        self.trained_model = model if model is not None else model_init()  # type: ignore[misc]
        if self.family is not None and not isinstance(self.trained_model, self.family):
            raise InputError(
                f"{type(self).__name__} trains a {self.family.__name__}; got {type(self.trained_model).__name__}."
            )
        self._train, self._eval = _datasets(train_dataset, "train_dataset"), _datasets(eval_dataset, "eval_dataset")
        names = list(self._train or self._eval or {"": None})
        losses = self._losses(self.trained_model, loss, names)
        self.layouts: dict[str, Layout] = {}
        for kind, datasets in (("train_dataset", self._train), ("eval_dataset", self._eval)):
            for name, rows in datasets.items():
                source = f"{kind} {name!r}" if name else kind
                if name not in losses:
                    raise one_of(f"The name of a dataset in {kind}", name, list(losses))
                layout = self._layout(rows, source, name, names, args)
                check_rows(rows, layout, losses[name], source, images=self.trained_model.spec.input.reads_images)
                self.layouts.setdefault(name, layout)
        evaluators = [evaluator] if isinstance(evaluator, Evaluator) else list(evaluator or [])
        self.evaluator: Any = None
        if evaluators:
            self.evaluator = evaluators[0] if len(evaluators) == 1 else SequentialEvaluator(evaluators)
        self._parts: dict[str, list[Tensor]] = {}
        self.record = TrainingRecord(
            [DatasetRecord.of(name, rows, self.layouts[name], losses[name]) for name, rows in self._train.items()], args
        )
        if self._eval or self.evaluator is not None:
            evaluated: Any = {name: self._eval[name] for name in self._eval} if "" not in self._eval else self._eval[""]
            evaluated = evaluated or _NOTHING
        else:
            evaluated = None
        super().__init__(
            model=Trained(self.trained_model, losses),
            args=args,
            data_collator=data_collator or Collator(self.trained_model, self.layouts, losses),
            train_dataset=next(iter(self._train.values())) if "" in self._train else _mixed(self._train),
            eval_dataset=evaluated,
            callbacks=[*(callbacks or []), *self._callbacks(losses), GiveMemoryBack()],
            optimizers=optimizers,
            **options,
        )
        self.model_init = None if model_init is None else self._remade

    # --- the loss -----------------------------------------------------------------------------------------------

    def default_loss(self, model: Any) -> nn.Module:
        """The loss where none is given."""
        from ..losses import CoSENTLoss

        return CoSENTLoss(model)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002
    ) -> Any:
        """The loss of a batch; of one in parts the sum, and each part is logged.

        Raises:
            TrainingError: it is NaN or infinite, in training.
        """
        value, parts = model(**inputs), {}
        if isinstance(value, Mapping):
            parts = {name: part.detach() for name, part in value.items()}
            for name, part in parts.items():
                self._parts.setdefault(name, []).append(part)
            value = torch.stack([part.float() for part in value.values()]).sum()
        if model.training:
            check_loss(value, parts, self.trained_model, inputs, self.state.global_step)
        return (value, {}) if return_outputs else value

    def prediction_step(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,  # noqa: ARG002
        ignore_keys: Any = None,  # noqa: ARG002
    ) -> tuple[Tensor, None, None]:
        """The loss of a batch of evaluation."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            value = self.compute_loss(model, inputs)
        self._parts.clear()
        return value.detach().mean(), None, None

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log, with the means of a loss's parts since the last time."""
        if "loss" in logs and self._parts:
            logs |= {name: torch.stack(values).float().mean().item() for name, values in self._parts.items()}
            self._parts.clear()
        super().log(logs, start_time)

    # --- batches ------------------------------------------------------------------------------------------------

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The loader of training batches."""
        if not self._train:
            raise InputError("train() needs a train_dataset.")
        loader = self._loader(self.train_dataset, self._train, self._train_batch_size, training=True)
        if not is_stream(self.train_dataset) and not len(loader):
            raise DataError(
                f"train_dataset gives no batch for each of {self.args.world_size} processes. Give more rows, a smaller "
                "per_device_train_batch_size, or fewer processes."
            )
        return loader

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Any]:
        """The loader of batches of an evaluation dataset, by its name where there are several."""
        if eval_dataset is None or isinstance(eval_dataset, str):
            name = eval_dataset or ""
            rows = self._eval[name]
        else:
            name = next((name for name, rows in self._eval.items() if rows is eval_dataset), "")
            rows = eval_dataset if name else as_rows(eval_dataset, "eval_dataset")
            check_rows(rows, self.layouts[name], self._loss(name), "eval_dataset")
        datasets = {name: rows}
        return self._loader(_mixed(datasets) if name else rows, datasets, self.args.eval_batch_size, training=False)

    def _loader(self, whole: Any, datasets: Mapping[str, Any], batch_size: int, *, training: bool) -> DataLoader[Any]:
        workers = self.args.dataloader_num_workers
        options: dict[str, Any] = {
            "collate_fn": self.data_collator,
            "num_workers": workers,
            "pin_memory": self.args.dataloader_pin_memory and torch.cuda.is_available(),
            "persistent_workers": self.args.dataloader_persistent_workers and workers > 0,
            "prefetch_factor": self.args.dataloader_prefetch_factor,
        }
        if is_stream(whole):
            options |= {"batch_size": batch_size, "drop_last": self.args.dataloader_drop_last}
        else:
            options["batch_sampler"] = self._sampler(whole, datasets, batch_size, training)
        loader = DataLoader(whole, **options)
        varying = "batch_sampler" in options and options["batch_sampler"].batch_size is None
        if varying:
            self.accelerator.even_batches = False  # there is no one size to even them to
        return self.accelerator.prepare(loader)  # type: ignore[no-any-return]

    def _sampler(self, whole: Any, datasets: Mapping[str, Any], batch_size: int, training: bool) -> Any:
        samplers: list[BatchSampler] = []
        for name, rows in datasets.items():
            layout = self.layouts[name]
            kind: Any = InOrder
            if training:
                kind = self.args.batch_sampler
                kind = _SAMPLERS.get(kind, kind) if isinstance(kind, BatchSamplers) else kind
            drop_last = self.args.dataloader_drop_last and training
            seed = self.args.data_seed if self.args.data_seed is not None else self.args.seed
            if training and self.args.train_token_budget is not None:
                budget, lengths = self.args.train_token_budget, self._lengths(rows, layout)
                samplers.append(TokenBudgetBatchSampler(rows, budget, lengths, batch_size, seed=seed))
                continue
            samplers.append(kind(rows, batch_size, drop_last, columns=layout.inputs, label=layout.label, seed=seed))
            if drop_last and not len(samplers[-1]):
                which = f"train_dataset[{name!r}]" if name else "train_dataset"
                raise DataError(
                    f"{which} has {len(rows):,} rows, which do not fill one batch of {batch_size}, and what fills none "
                    "is left out (dataloader_drop_last, which several processes need). Give more rows, or a smaller "
                    "per_device_train_batch_size."
                )
        if not isinstance(whole, Mixed) or not training:
            return samplers[0]
        mixer = self.args.multi_dataset_batch_sampler
        mixer = _MIXERS[mixer] if isinstance(mixer, MultiDatasetBatchSamplers) else mixer
        return mixer(samplers, whole.starts, seed)

    def _lengths(self, rows: Any, layout: Layout) -> IntArray:
        """Tokens of each row's longest text, (rows,)."""
        import numpy as np

        tokenizer = self.trained_model._tokenizer
        of_columns = []
        for name in layout.inputs:
            texts = list(values_of(rows, name))
            parts = [tokenizer.batch(texts[start : start + 4096]).lengths for start in range(0, len(texts), 4096)]
            of_columns.append(np.concatenate(parts))
        return np.max(of_columns, axis=0)  # type: ignore[no-any-return]

    # --- optimizer ----------------------------------------------------------------------------------------------

    def create_optimizer(self, *args: Any, **options: Any) -> torch.optim.Optimizer:
        """The optimizer, with the learning rates that ``learning_rate_mapping`` gives to some parameters."""
        made = self.optimizer is None
        optimizer: torch.optim.Optimizer = super().create_optimizer(*args, **options)
        if not made or not self.args.learning_rate_mapping:
            return optimizer
        names = {id(parameter): name for name, parameter in self.model.named_parameters()}
        found = set()
        groups = []
        for group in optimizer.param_groups:
            parts: dict[float, list[nn.Parameter]] = {}
            for parameter in group["params"]:
                rate = group["lr"]
                for pattern, wanted in self.args.learning_rate_mapping.items():
                    if re.search(pattern, names[id(parameter)].removeprefix("network.")):
                        rate = wanted
                        found.add(pattern)
                parts.setdefault(rate, []).append(parameter)
            groups += [{**group, "params": parameters, "lr": rate} for rate, parameters in parts.items()]
        if missing := set(self.args.learning_rate_mapping) - found:
            raise InputError(f"learning_rate_mapping: no parameter's name matches {', '.join(map(repr, missing))}.")
        optimizer.param_groups[:] = groups
        return optimizer

    # --- evaluation ---------------------------------------------------------------------------------------------

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The loss on the evaluation data, and what the evaluator measures."""
        metrics: dict[str, float] = {}
        if eval_dataset is not None or self._eval:
            metrics = super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)
        whole = metric_key_prefix == "eval"  # not one of several datasets, each of which comes here too
        if self.evaluator is None or not whole:
            return metrics
        output = Path(self.args.output_dir) / "eval" if self.is_world_process_zero() else None
        found = self.evaluator(self.trained_model, output, epoch=self.state.epoch or -1, steps=self.state.global_step)
        if not isinstance(found, Mapping):
            found = {"evaluator": found}
        measured = {f"{metric_key_prefix}_{name}": float(value) for name, value in found.items()}
        self.log(dict(measured))
        metrics |= measured
        if not self._eval and eval_dataset is None:
            self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    # --- checkpoints --------------------------------------------------------------------------------------------

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Write the model's folder; of a model whose weights are spread over processes, those that were collected."""
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        if not weights_are_finite(self.trained_model.trainable("Saving")):
            raise TrainingError(
                f"Weights are NaN or infinite after step {self.state.global_step:,}, and were not saved; earlier "
                "checkpoints stay as they are. Lower the learning rate, or set max_grad_norm."
            )
        self.trained_model.training_notes = self.record.markdown(self.state)
        if state_dict is not None:  # collected from processes that hold a part each
            held = {name.removeprefix("network."): tensor for name, tensor in state_dict.items()}
            names = set(self.trained_model.trainable("Saving").state_dict())
            copy = _read_like(self.trained_model, None)
            copy.trainable("Saving").load_state_dict({name: held[name] for name in names})
            copy.training_notes = self.trained_model.training_notes
            copy.save_pretrained(folder)
        else:
            self.trained_model.save_pretrained(folder)
        own = self.model.own_weights() if isinstance(self.model, Trained) else {}
        if own and folder.name.startswith(transformers.trainer_utils.PREFIX_CHECKPOINT_DIR):
            save_file({name: tensor.contiguous().cpu() for name, tensor in own.items()}, folder / _LOSS_WEIGHTS)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ARG002
        self._read_weights(Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        self._read_weights(Path(self.state.best_model_checkpoint))

    def _read_weights(self, folder: Path) -> None:
        """Put the weights of a checkpoint into the model and the losses."""
        if not self.trained_model.has_adapter():  # under which the network does not change
            saved = _read_like(self.trained_model, folder)
            self.trained_model.trainable("Resuming").load_state_dict(saved.trainable("Resuming").state_dict())
        own = self.model.own_weights()
        if own:
            loaded = load_file(folder / _LOSS_WEIGHTS)
            if set(loaded) != set(own):
                odd = ", ".join(sorted(set(loaded) ^ set(own))[:3])
                raise InputError(f"{folder} was saved with another loss: its weights differ in {odd}.")
            for name, tensor in own.items():
                tensor.copy_(loaded[name])

    # --- inside -------------------------------------------------------------------------------------------------

    def _losses(self, model: Any, loss: Any, names: list[str]) -> dict[str, nn.Module]:
        given = loss if isinstance(loss, Mapping) else dict.fromkeys(names, loss)
        for name in given:
            if name not in names:
                raise one_of("loss", str(name), names)
        found: dict[str, nn.Module] = {}
        shared: dict[int, nn.Module] = {}  # one loss for several datasets is one module
        for name in names:
            if name not in given:
                raise InputError(
                    f"loss has none for the dataset {name!r}; it has some for {', '.join(map(str, given))}."
                )
            one = given[name]
            if id(one) not in shared:
                shared[id(one)] = self._made(model, one)
            found[name] = shared[id(one)]
        return found

    def _made(self, model: Any, loss: Any) -> nn.Module:
        if loss is None:
            return self.default_loss(model)
        made: Any = loss
        if not isinstance(loss, nn.Module) and callable(loss):
            made = loss(model)
        if not isinstance(made, nn.Module):
            raise InputError(f"loss must be one of sbert.losses, or a torch module; got {type(made).__name__}.")
        if getattr(made, "model", model) is not model:
            raise InputError(f"{type(made).__name__} was made for another model than the one that is trained.")
        return made

    def _loss(self, name: str) -> nn.Module:
        held: Trained = self.accelerator.unwrap_model(self.model)
        return held.losses[held.names.index(name)]

    def _layout(self, rows: Any, source: str, name: str, names: list[str], args: TrainingArguments) -> Layout:
        tasks = of_dataset(args.router_mapping, name, names, "router_mapping") or {}
        columns = of_dataset(args.columns, name, names, "columns")
        layout = layout_of(
            rows,
            source,
            columns=columns,
            label=of_dataset(args.label_column, name, names, "label_column"),
            prompts=of_dataset(args.prompts, name, names, "prompts"),
            tasks=tasks,
        )
        if not tasks and isinstance(self.trained_model, MultiVectorEncoder):
            first, *others = layout.inputs
            usual = {first: QUERY, **dict.fromkeys(others, DOCUMENT)}
            return Layout(layout.inputs, layout.label, layout.prompts, usual)
        return layout

    def _callbacks(self, losses: Mapping[str, nn.Module]) -> list[Any]:  # noqa: ARG002
        """Callbacks that the losses need."""
        return []

    def _remade(self, *trial: Any) -> Trained:
        """A new model, with its losses, for another round of a search."""
        make = self._make_model
        assert make is not None  # noqa: S101
        takes = len(inspect.signature(make).parameters)
        self.trained_model = make(*trial[:takes])
        losses = self._losses(self.trained_model, self._given_loss, list(self.layouts) or [""])
        if isinstance(self.data_collator, Collator):
            self.data_collator = Collator(self.trained_model, self.layouts, losses)
        return Trained(self.trained_model, losses)


class _Nothing:
    """Stands for an evaluation dataset where there is an evaluator alone: transformers asks whether there is one."""

    def __len__(self) -> int:
        return 0


_NOTHING = _Nothing()


def _datasets(data: Any, argument: str) -> dict[str, Any]:
    """Datasets by name; a single one under the empty name."""
    if data is None:
        return {}
    if is_several(data):
        return {str(name): as_rows(rows, f"{argument} {name!r}") for name, rows in data.items()}
    return {"": as_rows(data, argument)}


def _mixed(datasets: Mapping[str, Any]) -> Any:
    if not datasets:
        return None
    if streams := [name for name, rows in datasets.items() if is_stream(rows)]:
        raise InputError(f"Datasets that are streams cannot be mixed with others: {', '.join(streams)}.")
    return Mixed(datasets)


def _read_like(model: Any, folder: Path | None) -> Any:
    """A model of the same kind, read from a folder, or from where the model came from."""
    return type(model)(str(folder or model.spec.folder), backend="torch", device="cpu")
