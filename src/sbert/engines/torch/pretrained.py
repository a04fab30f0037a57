"""Loading a network through transformers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from ...checkpoints.modules.transformer import CLASSIFICATION, FEATURES, FILL_MASK, NEXT_WORD
from ...errors import CheckpointError, CorruptCheckpointError, InputError, SbertWarning, UnsupportedModelError
from .devices import choose_dtype

# The name of the argument until transformers 4.56.
_OLD_DTYPE = "torch_dtype"
_DTYPE = "dtype" if tuple(map(int, transformers.__version__.split(".")[:2])) >= (4, 56) else _OLD_DTYPE


def load_network(
    folder: Path,
    dtype: str | torch.dtype,
    model_kwargs: Mapping[str, Any],
    config_kwargs: Mapping[str, Any],
    trust_remote_code: bool,
    task: str = FEATURES,
) -> Any:
    """Load the network of a folder, without its head or with that of a task.

    Args:
        folder: holds ``config.json`` and weights; nothing is fetched from elsewhere.
        dtype: what to load it in; a ``dtype`` or ``torch_dtype`` of ``model_kwargs`` counts in its place.
        model_kwargs: passed to ``AutoModel.from_pretrained``: ``attn_implementation``, ``device_map`` ...
        config_kwargs: changes to the configuration.
        trust_remote_code: whether code in the folder may run.
        task: as in :class:`~sbert.checkpoints.modules.TransformerSpec`. A head that the folder lacks, or has with
            another number of labels, is new, with random weights: a warning says so.

    Returns:
        A ``transformers.PreTrainedModel`` in evaluation mode.

    Warns:
        SbertWarning: the head is new.

    Raises:
        UnsupportedModelError: transformers does not know the architecture, or it is code that may not run.
        CheckpointError: the folder has no weights, or they are damaged.
        CorruptCheckpointError: the weights do not fit the configuration.
        InputError: transformers refuses an argument.
    """
    options = dict(model_kwargs)
    trusted = bool(options.pop("trust_remote_code", False)) or trust_remote_code
    old, new = options.pop(_OLD_DTYPE, None), options.pop("dtype", None)
    options[_DTYPE] = choose_dtype(new or old or dtype)
    shared = {"local_files_only": True, "trust_remote_code": trusted}
    with quiet():
        config = _load_config(folder, {**config_kwargs, **shared})
        try:
            network, report = _network_class(config, task).from_pretrained(
                str(folder),
                config=config,
                output_loading_info=True,
                **{**options, **shared, "ignore_mismatched_sizes": task == CLASSIFICATION},
            )
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"The weights of {folder} cannot be read: {_first_line(error)}") from error
        except RuntimeError as error:
            raise CorruptCheckpointError(f"The tensors of {folder} do not fit its config.json: {error}") from error
        except (ImportError, TypeError, ValueError) as error:
            raise InputError(f"transformers cannot load {folder} with model_kwargs={options}: {error}") from error
    # The pooler is not used without a head, and many checkpoints were saved without one. Anything else that is missing
    # would be filled with random numbers.
    missing = {name for name in report["missing_keys"] if task == CLASSIFICATION or "pooler" not in name.split(".")}
    missing |= {key[0] if isinstance(key, tuple) else key for key in report["mismatched_keys"]}
    if task == CLASSIFICATION and (new := {name for name in missing if _of_head(name, network)}):
        missing -= new
        warnings.warn(
            f"{folder} has no head with {config.num_labels} labels, so a new one was made with random weights: its "
            "scores mean nothing before it is trained.",
            SbertWarning,
            stacklevel=2,
        )
    if missing:
        raise CorruptCheckpointError(
            f"The weights of {folder} lack {len(missing)} tensors that its config.json calls for, such as "
            f"{min(missing)!r}. The files may belong to another model: download the folder again."
        )
    return network.eval()


def _of_head(name: str, network: Any) -> bool:
    """Whether a tensor is of what gives the scores: outside the network itself, or its pooler."""
    return not name.startswith(f"{network.base_model_prefix}.") or "pooler" in name.split(".")


def _load_config(folder: Path, options: dict[str, Any]) -> Any:
    try:
        return transformers.AutoConfig.from_pretrained(str(folder), **options)
    except (OSError, KeyError, ValueError, TypeError, ImportError) as error:
        if "trust_remote_code" in str(error):
            raise UnsupportedModelError(
                f"{folder} holds code of its own, which is run only if you say so: read it, then pass "
                "trust_remote_code=True."
            ) from error
        raise UnsupportedModelError(
            f"transformers {transformers.__version__} does not know how to run {folder}: {_first_line(error)}"
        ) from error


def _network_class(config: Any, task: str) -> Any:
    if task == CLASSIFICATION:
        return transformers.AutoModelForSequenceClassification
    if task == NEXT_WORD:
        return transformers.AutoModelForCausalLM
    if task == FILL_MASK:
        return transformers.AutoModelForMaskedLM
    # Of T5 and its kin the encoder alone makes the vectors; transformers has it as a class of its own.
    encoder = type(config).__name__.removesuffix("Config") + "EncoderModel"
    return getattr(transformers, encoder, transformers.AutoModel)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from showing progress bars and a table of the weights of heads that are not used."""
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
