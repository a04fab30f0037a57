"""Models of the Hugging Face hub: in its cache on this machine first, downloaded only when they are not."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ModelNotFoundError
from .weights import PYTORCH, PYTORCH_INDEX, SAFETENSORS, SAFETENSORS_INDEX

# Other runtimes' copies of the same weights, and files that no model needs to run.
_NOT_NEEDED = [
    "*.onnx", "*.onnx_data", "onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.tflite", "*.mlmodel", "*.gguf",
    "coreml/*", "rust_model*", "flax_model*", "tf_model*", "*.png", "*.jpg", "*.gif", ".gitattributes",
]  # fmt: skip


def hub_cache(cache_folder: str | Path | None = None) -> Path:
    """The folder of the hub's cache: the one given, else what the hub's own environment variables say."""
    if cache_folder or os.environ.get("SENTENCE_TRANSFORMERS_HOME"):
        return Path(cache_folder or os.environ["SENTENCE_TRANSFORMERS_HOME"]).expanduser()
    if configured := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(configured).expanduser()
    home = os.environ.get("HF_HOME") or f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/huggingface"
    return Path(home).expanduser() / "hub"


def cached_models(cache: Path) -> list[str]:
    """Names of all models in a cache folder."""
    return sorted(path.name[len("models--") :].replace("--", "/") for path in cache.glob("models--*"))


def find_cached(name: str, cache: Path, revision: str | None = None) -> Path | None:
    """The folder of a model in the cache, when a whole copy is there; None otherwise. Never uses the network."""
    # Looked up by hand, since importing the hub's library takes longer than loading a small model.
    repository = cache / f"models--{name.replace('/', '--')}"
    reference = repository / "refs" / (revision or "main")
    commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else revision
    if not commit:
        return None
    folder = repository / "snapshots" / commit
    return folder if is_complete(folder) else None


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a model's settings and its weights."""
    has_settings = (folder / "modules.json").is_file() or (folder / "config.json").is_file()
    weights = (SAFETENSORS, SAFETENSORS_INDEX, PYTORCH, PYTORCH_INDEX)
    # Models with their transformer in a sub-folder keep the weights there.
    return has_settings and any(next(folder.rglob(name), None) is not None for name in weights)


def download(name: str, cache: Path, revision: str | None = None, token: str | bool | None = None) -> Path:
    """Fetch a model from the hub.

    Raises:
        ModelNotFoundError: the hub does not know it, refuses it, or cannot be reached; the cause is named.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        # Listing through model_info fails at once where there is no network; listing the tree retries for long.
        files = [file.rfilename for file in HfApi(token=token).model_info(name, revision=revision).siblings or []]
        skip = list(_NOT_NEEDED)
        if any(file.endswith(".safetensors") for file in files):
            skip += ["*.bin", "*.bin.index.json", "*.pt", "*.pth"]
        return Path(snapshot_download(name, revision=revision, cache_dir=cache, token=token, ignore_patterns=skip))
    except OfflineModeIsEnabled as error:
        raise ModelNotFoundError("the hub is switched off here (HF_HUB_OFFLINE is set)") from error
    except HFValidationError as error:
        raise ModelNotFoundError("this is not a valid model name") from error
    except HfHubHTTPError as error:
        raise ModelNotFoundError(f"the hub answered: {str(error).splitlines()[0]}") from error
    except Exception as error:  # the library's HTTP client, and so its connection errors, changed between releases
        raise ModelNotFoundError(f"the hub cannot be reached ({type(error).__name__})") from error
