"""Models of the Hugging Face hub: in its cache on this machine first, downloaded only when they are not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import CorruptCheckpointError, ModelNotFoundError
from .files import MODULES_FILE, inside, read_json_list
from .modules import KINDS
from .modules.transformer import ADAPTER
from .weights import weight_files

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


@dataclass(frozen=True)
class Cached:
    """A model in the hub's cache.

    Args:
        folder: its folder.
        certain: whether nothing of it can be missing. A copy without ``modules.json`` may be all there is of a plain
            model, or what another library took of a model that has one.
    """

    folder: Path
    certain: bool


def find_cached(name: str, cache: Path, revision: str | None = None) -> Cached | None:
    """A model in the cache, when its weights are all there; None otherwise. Never uses the network."""
    # Looked up by hand, since importing the hub's library takes longer than loading a small model.
    repository = cache / f"models--{name.replace('/', '--')}"
    reference = repository / "refs" / (revision or "main")
    commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else revision
    if not commit:
        return None
    folder = repository / "snapshots" / commit
    if not is_complete(folder):
        return None
    # The hub's own mark of a file that was asked for and is not part of the model.
    known_absent = repository / ".no_exist" / commit / MODULES_FILE
    return Cached(folder, (folder / MODULES_FILE).is_file() or known_absent.is_file())


def is_complete(folder: Path) -> bool:
    """Whether a folder holds all that its ``modules.json`` calls for, or a plain model's settings and weights."""
    if not (folder / MODULES_FILE).is_file():
        return (folder / ADAPTER).is_file() or ((folder / "config.json").is_file() and _has_weights(folder))
    try:
        for entry in read_json_list(folder / MODULES_FILE):
            part = inside(folder, str(entry.get("path", "")))
            module = KINDS.get(str(entry.get("type")).rpartition(".")[2])
            if module is None or (part / ADAPTER).is_file():
                continue  # not read here, which reading will say; or an adapter, whose network is another model's
            if not all((part / file).is_file() for file in module.needed_files):
                return False
            if module.needs_weights and not _has_weights(part):
                return False
    except CorruptCheckpointError:
        return False
    return True


def _has_weights(folder: Path) -> bool:
    try:
        return bool(weight_files(folder))
    except CorruptCheckpointError:  # an index that names a shard which is not there
        return False


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
        skip = [*_NOT_NEEDED, *_second_copies(files)]
        folder = Path(snapshot_download(name, revision=revision, cache_dir=cache, token=token, ignore_patterns=skip))
        if MODULES_FILE not in files:
            absent = folder.parents[1] / ".no_exist" / folder.name
            absent.mkdir(parents=True, exist_ok=True)
            (absent / MODULES_FILE).touch()
        return folder
    except OfflineModeIsEnabled as error:
        raise ModelNotFoundError("the hub is switched off here (HF_HUB_OFFLINE is set)") from error
    except HFValidationError as error:
        raise ModelNotFoundError("this is not a valid model name") from error
    except HfHubHTTPError as error:
        raise ModelNotFoundError(f"the hub answered: {str(error).splitlines()[0]}") from error
    except OSError as error:
        if error.errno is None:
            raise ModelNotFoundError(f"the hub cannot be reached ({type(error).__name__})") from error
        raise ModelNotFoundError(f"its files cannot be written to {cache} ({error})") from error
    except Exception as error:  # the library's HTTP client, and so its connection errors, changed between releases
        raise ModelNotFoundError(f"the hub cannot be reached ({type(error).__name__})") from error


def _second_copies(files: list[str]) -> list[str]:
    """The pickled weights in folders that have safetensors as well; a sub-folder may have the pickle alone."""
    converted = {PurePosixPath(file).parent for file in files if file.endswith(".safetensors")}
    pickled = (".bin", ".bin.index.json", ".pt", ".pth")
    return [file for file in files if file.endswith(pickled) and PurePosixPath(file).parent in converted]
