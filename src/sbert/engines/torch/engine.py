"""The torch engine: any architecture that transformers knows, on any device, with gradients for training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from ...checkpoints import ModelSpec
from ...checkpoints.modules import (
    BoWSpec,
    CNNSpec,
    DenseSpec,
    DropoutSpec,
    HierarchicalTokenPoolingSpec,
    ImageTextSpec,
    LayerNormSpec,
    LogitScoreSpec,
    LSTMSpec,
    ModuleSpec,
    MultiVectorMaskSpec,
    NormalizeSpec,
    PoolingSpec,
    SparseAutoEncoderSpec,
    SpladePoolingSpec,
    StaticEmbeddingSpec,
    TransformerSpec,
    WeightedLayerPoolingSpec,
    WordEmbeddingsSpec,
    WordWeightsSpec,
)
from ...errors import EngineError, InputError, UnsupportedModelError
from ...process import WORK, Gate, forks
from ...text import Batch
from ...types import FloatArray
from ..base import Engine
from .base import Features, Input, Module, feature
from .cnn import CNN
from .dense import Dense
from .devices import choose_device, choose_dtype, dtype_name
from .dropout import Dropout
from .image_text import PIXELS, CLIPModel
from .layer_norm import LayerNorm
from .logit_score import LogitScore
from .lstm import LSTM
from .multi_vector import Outside
from .normalize import Normalize
from .pooling import Pooling
from .sparse_auto_encoder import SparseAutoEncoder
from .splade_pooling import SpladePooling
from .tables import StaticEmbedding
from .transformer import Transformer
from .weighted_layer_pooling import WeightedLayerPooling
from .word_weights import WordWeights
from .words import BoW, WordEmbeddings

# One line a kind; the Transformer, which takes more arguments, is made apart.
_INPUTS: dict[type[ModuleSpec], Callable[[Any], Input]] = {
    StaticEmbeddingSpec: StaticEmbedding.from_spec,
    WordEmbeddingsSpec: WordEmbeddings.from_spec,
    BoWSpec: BoW.from_spec,
}
_MAKERS: dict[type[ModuleSpec], Callable[[Any], Module]] = {
    PoolingSpec: Pooling.from_spec,
    DenseSpec: Dense.from_spec,
    NormalizeSpec: Normalize.from_spec,
    LayerNormSpec: LayerNorm.from_spec,
    DropoutSpec: Dropout.from_spec,
    SpladePoolingSpec: SpladePooling.from_spec,
    SparseAutoEncoderSpec: SparseAutoEncoder.from_spec,
    WordWeightsSpec: WordWeights.from_spec,
    LogitScoreSpec: LogitScore.from_spec,
    LSTMSpec: LSTM.from_spec,
    CNNSpec: CNN.from_spec,
    WeightedLayerPoolingSpec: WeightedLayerPooling.from_spec,
    MultiVectorMaskSpec: Outside,
    HierarchicalTokenPoolingSpec: Outside,
}

_KNOWN = ", ".join([TransformerSpec.kind, *(spec.kind for spec in (*_INPUTS, *_MAKERS))])

# Tokens in a batch: on a processor few enough to stay near its cache, on an accelerator enough to keep it busy.
_CPU_TOKENS, _ACCELERATOR_TOKENS = 4096, 32_768

_forks = forks()


class TorchEngine(Engine):
    """Runs a model as an ``nn.Sequential`` of torch modules.

    Threads may share an engine: a forward pass changes nothing but its own features, and the weights do not move to
    another device while one is under way. The same batch gives the same vectors again; in another batch a text's vector
    may differ in its last bits. In a forked process it computes with one thread, since torch's do not come along.

    Args:
        spec: the model.
        dtype: ``float32``, ``bfloat16``, ``float16``, or ``auto`` for that of the checkpoint. A ``dtype`` in
            ``model_kwargs`` counts in its place.
        device: in torch's words; None for the best there is.
        model_kwargs: passed to transformers' ``AutoModel.from_pretrained``. With a ``device_map`` the network lies
            where that says, and ``device`` is not used.
        config_kwargs: changes to the network's configuration.
        trust_remote_code: whether code that comes with the model may run.

    Raises:
        UnsupportedModelError: transformers does not know the architecture, or a module is not known here.
        InputError: the device or dtype is not known, or transformers refuses an argument.
        CheckpointError: weights are missing, damaged or do not fit.
    """

    name = "torch"
    owns_weights = True

    def __init__(
        self,
        spec: ModelSpec,
        dtype: str = "float32",
        device: str | torch.device | None = None,
        model_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        wanted = choose_dtype(dtype)
        target = choose_device(device)  # before the weights are read, which takes longer than to find it wrong
        first = spec.input
        held: Input
        network: CLIPModel | Transformer
        if type(first) in _INPUTS:
            own = wanted if isinstance(wanted, torch.dtype) else torch.float32
            held = _INPUTS[type(first)](first).to(target, own)
        else:
            options: dict[str, Any] = {"dtype": wanted, "model_kwargs": model_kwargs, "config_kwargs": config_kwargs}
            if isinstance(first, ImageTextSpec):
                network = CLIPModel.from_spec(first, **options)
            else:
                network = Transformer.from_spec(spec.transformer, trust_remote_code=trust_remote_code, **options)
            if (model_kwargs or {}).get("device_map") is None:
                network.to(target)
            else:
                target = network.auto_model.device
            own, held = network.auto_model.dtype, network
        rest = [_make(module).to(target, own) for module in spec.modules[1:]]
        self.spec = spec
        self._gate = Gate()  # forward passes go through it together, a move alone
        #: All modules in order; the weights' names in its ``state_dict`` are those of checkpoints, by module number.
        self.module = nn.Sequential(held, *rest).eval()

    @classmethod
    def from_modules(cls, modules: Iterable[nn.Module], device: str | torch.device | None = None) -> TorchEngine:
        """Make an engine of modules that were put together in memory. They are used as they are, not copied.

        Args:
            modules: the steps, in order; the first one that reads texts, such as a :class:`Transformer`.
            device: where to move them; None for the best there is.

        Raises:
            UnsupportedModelError: a module is of a kind that checkpoints cannot hold.
            InputError: there are none, or the device is not known.
        """
        held = list(modules)
        if not held:
            raise InputError("modules is empty: give a Transformer and what follows it, such as a Pooling.")
        engine = cls.__new__(cls)
        engine._gate = Gate()
        engine.spec = ModelSpec(modules=tuple(_to_spec(module) for module in held))
        _ = engine.spec.input  # refuses a model that starts with what reads no texts
        engine.module = nn.Sequential(*held).eval()
        return engine.to(choose_device(device))

    @property
    def device(self) -> str:  # type: ignore[override]
        """Where the weights are now: ``cpu``, ``cuda:0`` ..."""
        return str(self._device)

    @property
    def dtype(self) -> str:  # type: ignore[override]
        """The dtype of the weights now, such as ``float32``."""
        return dtype_name(next(p.dtype for p in self._tensors() if p.is_floating_point()))

    @property
    def token_budget(self) -> int:  # type: ignore[override]
        """Tokens in a batch at which it works best where the weights are now."""
        return _CPU_TOKENS if self._device.type == "cpu" else _ACCELERATOR_TOKENS

    def to(self, device: str | torch.device) -> TorchEngine:
        """Move all modules to a device; returns the engine.

        Raises:
            InputError: the device is not known or not there.
        """
        target = choose_device(device)
        with self._gate.alone():
            self.module.to(target)
        return self

    def embed(self, batch: Batch) -> FloatArray:  # noqa: D102
        return self._run(batch, list(self.module), self.spec.output)

    def embed_images(self, pixels: FloatArray) -> FloatArray:  # noqa: D102
        if not self.spec.input.reads_images:
            return super().embed_images(pixels)
        return self._forward({PIXELS: pixels}, list(self.module), self.spec.output, pixels.shape)

    def embed_tokens(self, batch: Batch) -> FloatArray:  # noqa: D102
        modules = list(self.module)
        pooling = next(
            (i for i, module in enumerate(modules) if isinstance(module, (Pooling, SpladePooling))), len(modules)
        )
        return self._run(batch, modules[:pooling], "token_embeddings")

    def weights_digest(self) -> str:  # noqa: D102
        digest = hashlib.sha256()
        for name, tensor in sorted(self.module.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            # As bytes, since NumPy has no bfloat16.
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        digest.update(json.dumps(self._network.facts(), sort_keys=True, default=str).encode())
        return digest.hexdigest()

    def set_spec(self, spec: ModelSpec) -> None:  # noqa: D102
        for module, settings in zip(self.module, spec.modules, strict=True):
            if isinstance(module, Module):
                module.take_settings(settings)
        self.spec = spec

    def current_modules(self) -> tuple[ModuleSpec, ...]:
        """The modules as they are now.

        The weights of the small modules are in them; the network's are not: :meth:`save_weights` writes those.
        """
        return tuple(_to_spec(module) for module in self.module)

    def max_seq_length(self) -> int | None:  # noqa: D102
        return self._network.max_seq_length

    def set_max_seq_length(self, value: int | None) -> None:  # noqa: D102
        super().set_max_seq_length(value)
        self._network.max_seq_length = value

    def modules(self) -> list[Any]:  # noqa: D102
        return list(self.module)

    def network(self, purpose: str) -> nn.Sequential:  # noqa: ARG002, D102
        return self.module

    def save_weights(self, folder: Path, paths: list[str]) -> None:
        """Write the weights of all modules as they are now into a folder that :func:`sbert.checkpoints.write` laid out.

        Args:
            folder: the model's folder.
            paths: the sub-folder of each module, as :func:`sbert.checkpoints.write.module_paths` gives them.
        """
        for module, path in zip(self.module, paths, strict=True):
            if isinstance(module, Input):
                module.save_weights(Path(folder) / path)
            else:
                _to_spec(module).write(Path(folder) / path)

    @property
    def _network(self) -> Input:
        return cast("Input", self.module[0])

    @property
    def _device(self) -> torch.device:
        return next(self._tensors()).device

    def _tensors(self) -> Iterator[Tensor]:
        return chain(self.module.parameters(), self.module.buffers())

    def _run(self, batch: Batch, modules: list[nn.Module], output: str) -> FloatArray:
        inputs: dict[str, Any] = {"input_ids": batch.ids, "attention_mask": batch.mask}
        if batch.type_ids is not None:
            inputs["token_type_ids"] = batch.type_ids
        if batch.prompt_length:
            inputs["prompt_length"] = batch.prompt_length
        return self._forward(inputs, modules, output, batch.ids.shape)

    def _forward(
        self, inputs: dict[str, Any], modules: list[nn.Module], output: str, shape: tuple[int, ...]
    ) -> FloatArray:
        if self.module.training:
            self.module.eval()  # as after training: with dropout the vectors would be noise
        try:
            with WORK.shared(), self._gate.shared(), torch.inference_mode():
                _leave_lost_threads()
                features = self._features(inputs)
                for module in modules:
                    features = module(features)
                result: FloatArray = feature(features, output).float().cpu().numpy()
                return result
        # IndexError is what a processor says of a token number that the network has no vector for.
        except (RuntimeError, IndexError, ValueError) as error:
            advice = " Use smaller batches." if isinstance(error, torch.cuda.OutOfMemoryError) else ""
            raise EngineError(
                f"The forward pass of a batch of shape {shape} failed on {self.device}: {error}{advice}"
            ) from error

    def _features(self, inputs: dict[str, Any]) -> Features:
        device = self._device
        # Blocking: the arrays are small, and their memory belongs to the caller, who may use it again at once.
        return {
            name: torch.tensor(np.ascontiguousarray(value)).to(device) if isinstance(value, np.ndarray) else value
            for name, value in inputs.items()
        }


def _leave_lost_threads() -> None:
    """In a forked child, make torch compute with the one thread that is there: it would wait for the others."""
    global _forks
    if forks() != _forks:
        torch.set_num_threads(1)
        _forks = forks()


def _make(spec: ModuleSpec) -> Module:
    maker = _MAKERS.get(type(spec))
    if maker is None:
        raise UnsupportedModelError(f"The torch engine does not know the module {spec.kind} here; it knows {_KNOWN}.")
    return maker(spec)


def _to_spec(module: nn.Module) -> ModuleSpec:
    if not isinstance(module, Module):
        raise UnsupportedModelError(
            f"A module of type {type(module).__name__} cannot be part of a model; those that can are {_KNOWN}, "
            "all in sbert.models."
        )
    return module.to_spec()
