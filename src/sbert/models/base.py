"""What all families of models share: a spec, a tokenizer, an engine, prompts, and saving."""

from __future__ import annotations

import copy
import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ..checkpoints import ModelSpec, read, resolve
from ..checkpoints.fingerprint import fingerprint
from ..checkpoints.modules import InputSpec, ModuleSpec, RouterSpec
from ..engines.base import Engine
from ..engines.select import make_engine
from ..errors import InputError, SbertWarning
from ..text import FastTokenizer, Tokenizer, load_tokenizer
from . import saving
from .device import Device
from .pool import Pool, start_pool
from .prompts import all_prompts, check_default
from .router import engines_of
from .torch_handling import TorchHandling
from .training import Training
from .truncation import LastTruncation, Truncation, check_policy

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self


class BaseModel(Training, TorchHandling):
    """A model that is held in memory and ready to run.

    It is put together of three parts, each of which can be looked at: :attr:`spec` says what the model is,
    :attr:`tokenizer` turns texts into tokens, :attr:`engine` runs the forward pass.

    Threads may share a model: any may encode at any time, and each has its own :attr:`truncation`. Settings and
    weights are the whole model's: a thread that changes them changes them for all, from their next call on. A model may
    be used in a forked process, and be pickled to another one, which reads its folder again.

    Args:
        model_name_or_path: a folder, or a model's name. Looked for in this order: folder, hub's cache, installed
            packages, hub.
        **options: as in :class:`~sbert.models.options.LoadOptions`.
    """

    #: The name of the family in checkpoints.
    family: ClassVar[str]
    #: The organisation whose models may be named without it.
    organisation: ClassVar[str] = ""
    #: What follows the network of a model that was saved as another family, in words.
    conversion: ClassVar[str] = "with mean pooling"
    #: What its card says that those of other families do not.
    card: ClassVar[saving.Card]

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        *,
        modules: Iterable[torch.nn.Module] | None = None,
        device: str | torch.device | None = None,
        prompts: Mapping[str, str] | None = None,
        default_prompt_name: str | None = None,
        cache_folder: str | Path | None = None,
        trust_remote_code: bool = False,
        revision: str | None = None,
        local_files_only: bool = False,
        token: str | bool | None = None,
        use_auth_token: str | bool | None = None,
        model_kwargs: Mapping[str, Any] | None = None,
        processor_kwargs: Mapping[str, Any] | None = None,
        tokenizer_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        model_card_data: object = None,  # noqa: ARG002  (taken so that scripts which pass it run)
        backend: str = "auto",
        dtype: str | None = None,
        on_truncation: str = "warn",
        calibrate: Iterable[str] | None = None,
    ) -> None:
        self.on_truncation = check_policy(on_truncation)
        self._last_truncation = LastTruncation()
        where = None if device is None else str(device)
        # What texts of other routes than the default one go through.
        sides: dict[str, tuple[Engine, Tokenizer]] = {}
        if modules is not None:
            if model_name_or_path is not None:
                raise InputError("Give model_name_or_path or modules, not both.")
            if backend not in ("auto", "torch") or dtype is not None:
                raise InputError(
                    "modules run on the torch engine in the dtype that they have: leave out backend and dtype."
                )
            self.engine: Engine
            self.engine, others = engines_of(list(modules), where)
            sides = {
                name: (engine, load_tokenizer(engine.spec.input, trust_remote_code=trust_remote_code))
                for name, engine in others.items()
            }
        elif model_name_or_path is not None:
            found = resolve(
                model_name_or_path,
                cache_folder=cache_folder,
                revision=revision,
                token=token if token is not None else use_auth_token,
                local_files_only=local_files_only,
                organisation=self.organisation,
            )
            spec = read(found.folder, found.name, self.family)
            if spec.model_type != self.family:
                warnings.warn(
                    f"{spec.name} was saved as a {spec.model_type}; only its network is used, {self.conversion}.",
                    SbertWarning,
                    stacklevel=3,
                )
            spec, changes = self._adapted(spec, backend)
            options: dict[str, Any] = {
                "backend": backend,
                "device": where,
                "dtype": dtype,
                "model_kwargs": dict(model_kwargs or {}),
                "config_kwargs": {**changes, **(config_kwargs or {})},
                "trust_remote_code": trust_remote_code,
                "calibrate": calibrate,
            }
            self.engine = make_engine(spec, **(options if spec.router is None else _of_route(spec, options)))
            for name in spec.router.routes if spec.router is not None else ():
                if name != spec.own_route:
                    other = spec.on_route(name)
                    engine = make_engine(other, **_of_route(other, options))
                    sides[name] = engine, load_tokenizer(other.input, trust_remote_code=trust_remote_code)
        else:
            raise InputError("Give model_name_or_path, such as 'all-MiniLM-L6-v2' or a folder, or modules.")
        #: Text that goes in front of inputs, by name.
        self.prompts = all_prompts(self.spec.prompts, prompts)
        self.default_prompt_name = check_default(default_prompt_name or self.spec.default_prompt_name, self.prompts)
        self._tokenizer = load_tokenizer(self.spec.input, trust_remote_code=trust_remote_code)
        self._own_tokenizer = False
        self._sides = sides
        #: What training was, as Markdown for the model card; the trainer writes it.
        self.training_notes = ""
        unused = dict(processor_kwargs if processor_kwargs is not None else tokenizer_kwargs or {})
        if length := unused.pop("model_max_length", None):
            positions = self.spec.input.positions
            self.max_seq_length = int(length) if positions is None else min(int(length), positions)
        if unused:
            warnings.warn(f"processor_kwargs {sorted(unused)} have no effect here.", SbertWarning, stacklevel=3)

    # --- what it is ---------------------------------------------------------------------------------------------

    @property
    def spec(self) -> ModelSpec:
        """What the model is, as data: its modules and the settings that it was read with."""
        return self.engine.spec

    @property
    def tokenizer(self) -> Tokenizer:
        """What turns texts into tokens; may be set to a tokenizer of the ``tokenizers`` library or of transformers."""
        return self._tokenizer

    @tokenizer.setter
    def tokenizer(self, value: Any) -> None:
        if not isinstance(value, Tokenizer):
            backend = getattr(value, "backend_tokenizer", value)
            if not hasattr(backend, "encode_batch_fast"):
                raise InputError(
                    f"tokenizer must be one of the tokenizers library or a fast one of transformers; "
                    f"got {type(value).__name__}."
                )
            # A copy, since its truncation is set here, and the caller may use it for other things.
            value = self._tokenizer.with_backend(backend)
        self._tokenizer = value
        self._own_tokenizer = True

    @property
    def max_seq_length(self) -> int | None:
        """Number of tokens that are read of a text, special tokens included; None where nothing limits it. Settable."""
        self._follow_length()
        return self._tokenizer.max_length

    @max_seq_length.setter
    def max_seq_length(self, value: int | None) -> None:
        positions = self.spec.input.positions
        if value is not None and value < 1:
            raise InputError(f"max_seq_length must be at least 1; got {value}.")
        if positions is not None and (value is None or value > positions):
            raise InputError(f"max_seq_length can be {positions} at the most for this model; got {value}.")
        tokenizer = self._tokenizer.with_max_length(value)  # refuses what is too short
        # In this order, another thread that finds the two at odds makes the same of it.
        self.engine.set_max_seq_length(value)
        self._tokenizer = tokenizer

    @property
    def truncation(self) -> Truncation:
        """What the last ``encode`` of this thread cut off; of any thread, where this one has made none."""
        return self._last_truncation.get()

    @truncation.setter
    def truncation(self, value: Truncation) -> None:
        self._last_truncation.set(value)

    @property
    def device(self) -> Device:
        """Where it computes, in torch's words: a string such as ``cpu`` or ``cuda:0``, with ``type`` and ``index``."""
        return Device(self.engine.device)

    @property
    def dtype(self) -> str:
        """What it computes in, such as ``float32``."""
        return self.engine.dtype

    @property
    def backend(self) -> str:
        """The engine that runs it: ``openvino``, ``torch`` or ``static``."""
        return self.engine.name

    def get_backend(self) -> str:
        """The same as :attr:`backend`."""
        return self.backend

    @property
    def fingerprint(self) -> str:
        """A hash of everything that determines its vectors: weights, settings, tokenizer, lengths, engine and dtype.

        Two models with the same fingerprint give the same vectors, so stored vectors can be told apart by it.
        """
        spec, engine = self.current_spec(), self.engine
        own = fingerprint(spec, engine.weights_digest(), self._tokenizer.serialized(), engine.name, engine.dtype)
        if spec.router is None:
            return own
        every = {spec.own_route: own} | {name: self._on(name).fingerprint for name in self._sides}
        return hashlib.sha256(repr(sorted(every.items())).encode()).hexdigest()[: len(own)]

    def __len__(self) -> int:
        return len(self.engine.modules())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.engine.modules())

    def __getitem__(self, index: int) -> Any:
        """A module: a ``torch.nn.Module`` with the torch engine, its settings otherwise."""
        return self.engine.modules()[index]

    def __repr__(self) -> str:
        kinds = " > ".join(module.kind for module in self.spec.listed)
        return (
            f"{type(self).__name__}({self.spec.name!r}, {kinds}, max_seq_length={self.max_seq_length}, "
            f"backend={self.backend!r}, dtype={self.dtype!r})"
        )

    # --- saving -------------------------------------------------------------------------------------------------

    def save_pretrained(
        self,
        path: str | os.PathLike[str],
        model_name: str | None = None,
        create_model_card: bool = True,
        train_datasets: list[str] | None = None,
        safe_serialization: bool = True,
    ) -> None:
        """Save the model as a folder that this project and sentence-transformers load.

        Makes no network call. Weights are written as safetensors.

        Args:
            path: the folder; made where it is not there.
            model_name: name for the model card; the folder's by default.
            create_model_card: whether to write a ``README.md``.
            train_datasets: names of training data for the card.
            safe_serialization: kept for scripts that pass it; False is refused, as pickles are not written.

        Raises:
            InputError: the path is a file, or ``safe_serialization`` is False.
        """
        saving.save(self, Path(path), model_name, create_model_card, train_datasets, safe_serialization)

    def save(self, path: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        """The same as :meth:`save_pretrained`."""
        self.save_pretrained(path, *args, **kwargs)

    def save_int8(self, path: str | os.PathLike[str]) -> None:
        """Save a model that was loaded with ``dtype="int8"`` as a folder a quarter of the size.

        Loading that folder gives the same vectors, bit for bit, and calibrates nothing. Other readers of checkpoints
        refuse it; :meth:`save_pretrained` writes the float weights that they read.

        Args:
            path: the folder; made where it is not there.

        Raises:
            InputError: the model is not in int8, or the path is a file.
        """
        saving.save(self, Path(path), None, card=True, train_datasets=None, safe_serialization=True, int8=True)

    def push_to_hub(
        self,
        repo_id: str,
        token: str | None = None,
        private: bool | None = None,
        safe_serialization: bool = True,
        commit_message: str | None = None,
        local_model_path: str | None = None,
        exist_ok: bool = False,
        replace_model_card: bool = False,
        train_datasets: list[str] | None = None,
        revision: str | None = None,
        create_pr: bool = False,
    ) -> str:
        """Upload the model to the Hugging Face hub.

        Args:
            repo_id: the model's name there.
            token: for the upload; the one that is logged in by default.
            private: whether only you see it.
            safe_serialization: as in :meth:`save_pretrained`.
            commit_message: what the hub's history says.
            local_model_path: a folder to upload instead of this model.
            exist_ok: whether the model may be there already.
            replace_model_card: whether a card that is there is written anew.
            train_datasets: names of training data for the card.
            revision: branch to write to.
            create_pr: whether to open a pull request instead.

        Returns:
            The address of the commit or pull request.

        Raises:
            CheckpointError: the hub refused, or cannot be reached.
        """
        return saving.push(
            self,
            repo_id,
            saving.Upload(token, private, commit_message, exist_ok, replace_model_card, revision, create_pr),
            local_model_path,
            train_datasets,
            safe_serialization,
        )

    def current_spec(self) -> ModelSpec:
        """The spec with the settings as they are now: prompts, lengths, and trained weights of small modules."""
        modules = self.engine.current_modules()
        first = replace(cast("InputSpec", modules[0]), max_seq_length=self.max_seq_length)
        return replace(
            self.spec,
            modules=(first, *modules[1:]),
            router=self._current_router((first, *modules[1:])),
            model_type=self.family,
            prompts=self.prompts,
            default_prompt_name=self.default_prompt_name,
        )

    def write_to(self, folder: Path, paths: list[str]) -> None:
        """Add to a folder in the making what is held in memory: weights that may have been trained, a tokenizer."""
        router = self.current_spec().router
        by_route = {"": paths}
        if router is not None:
            by_route = {name: [*folders, *paths[1:]] for name, folders in router.folders().items()}
        for name, of_route in by_route.items():
            side = self._on(name)
            if side.engine.owns_weights:
                side.engine.save_weights(folder, of_route)
        if self._own_tokenizer and isinstance(self._tokenizer, FastTokenizer):
            home = folder / by_route[self.spec.own_route][0]
            (home / "tokenizer.json").write_text(self._tokenizer.serialized(), encoding="utf-8")

    # --- several devices ----------------------------------------------------------------------------------------

    def start_multi_process_pool(self, target_devices: Sequence[str] | str | None = None) -> Pool:
        """Put several devices to work for this model, to be passed to its methods as ``pool``.

        With the torch engine each device gets a process with a copy of the model as it is now; nothing of the script
        runs in it, so no ``__main__`` guard is needed. On one processor no process is started: with the OpenVINO
        engine, and with torch where no accelerator is there, the pool computes in this process, which uses all cores.

        Args:
            target_devices: such as ``["cuda:0", "cuda:1"]``; all accelerators that there are by default.

        Returns:
            The pool. It is a context manager; :meth:`stop_multi_process_pool` ends it too, as does the end of the
            process. Threads may share it.

        Raises:
            InputError: a device is not there, or the engine cannot compute on it.
            EngineError: a worker has died.
        """
        return start_pool(self.engine, target_devices)

    @staticmethod
    def stop_multi_process_pool(pool: Pool) -> None:
        """End a pool; the same as its ``stop()``."""
        pool.stop()

    # --- inside -------------------------------------------------------------------------------------------------

    def _adapted(self, spec: ModelSpec, backend: str) -> tuple[ModelSpec, dict[str, Any]]:  # noqa: ARG002
        """A spec as read, adapted to what the constructor was asked for; and what that changes in its configuration."""
        return spec, {}

    def card_rows(self) -> dict[str, str]:
        """The table of facts on the model's card, but for what all families have."""
        return {}

    def _for_task(self, task: str | None) -> Self:
        """The model as texts of a task see it: this one, or one with the engine and the tokenizer of another route.

        Raises:
            InputError: there is no such route.
        """
        router = self.spec.router
        return self if router is None else self._on(router.route_for(task))

    def _on(self, route: str) -> Self:
        """This model, or one with the engine and the tokenizer of another route."""
        if route == self.spec.own_route:
            return self
        side = copy.copy(self)  # so that its settings are this model's of now
        side.engine, side._tokenizer = self._sides[route]
        side._sides = {}
        return side

    def _current_router(self, modules: tuple[ModuleSpec, ...]) -> RouterSpec | None:
        """The router with the modules of its routes as they are now; those of the own route are given."""
        spec, router = self.spec, self.spec.router
        if router is None:
            return None
        behind = len(spec.rest)
        now = {name: engine.current_modules() for name, (engine, _) in self._sides.items()} | {spec.own_route: modules}
        # In their order, which tells the default where none is named; cut before what follows on every route.
        return replace(router, routes={name: now[name][: len(now[name]) - behind] for name in router.routes})


def _of_route(spec: ModelSpec, options: dict[str, Any]) -> dict[str, Any]:
    """The options of the engine of one of several routes: a table has an engine, a device and a dtype of its own."""
    return options if spec.input.is_network else {}
