"""The arguments that loading a model takes, whatever its family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import torch


class LoadOptions(TypedDict, total=False):
    """How a model is loaded: keyword arguments of every family's constructor.

    Attributes:
        modules: torch modules to put a model together from, instead of loading one.
        device: where to compute: ``cpu``, ``cuda``, ``cuda:1``, ``mps`` ...; the best there is by default.
        prompts: text to put in front of inputs, by name; wins over the prompts saved with the model.
        default_prompt_name: the prompt used when none is named.
        cache_folder: the hub's cache; ``$SENTENCE_TRANSFORMERS_HOME`` or the hub's own by default.
        trust_remote_code: whether code that comes with the model may run; never by default.
        revision: branch, tag or commit on the hub.
        local_files_only: never use the network. Models that are on this machine cause no network call anyway.
        token: for models of the hub that need one.
        use_auth_token: the old name of ``token``.
        model_kwargs: passed to transformers by the torch engine.
        processor_kwargs: ``model_max_length`` sets ``max_seq_length``.
        tokenizer_kwargs: the old name of ``processor_kwargs``.
        config_kwargs: changes to the network's configuration, for the torch engine.
        model_card_data: taken so that scripts which pass it run.
        backend: the engine: ``auto``, ``openvino``, ``torch`` or ``static``.
        dtype: what to compute in: ``float32`` (the default), ``bfloat16`` or ``int8``; with torch also ``float16``.
            ``int8`` is calibrated when a model is first loaded so, and kept.
        on_truncation: what to do when texts are longer than the model reads: ``warn`` (one warning a call, with
            counts), ``error`` or ``ignore``.
        calibrate: texts like those that will be read, for ``dtype="int8"``: it is calibrated on them and on those of
            the package. The first 2,000 are used.
    """

    modules: Iterable[torch.nn.Module] | None
    device: str | torch.device | None
    prompts: Mapping[str, str] | None
    default_prompt_name: str | None
    cache_folder: str | Path | None
    trust_remote_code: bool
    revision: str | None
    local_files_only: bool
    token: str | bool | None
    use_auth_token: str | bool | None
    model_kwargs: Mapping[str, Any] | None
    processor_kwargs: Mapping[str, Any] | None
    tokenizer_kwargs: Mapping[str, Any] | None
    config_kwargs: Mapping[str, Any] | None
    model_card_data: object
    backend: str
    dtype: str | None
    on_truncation: str
    calibrate: Iterable[str] | None
