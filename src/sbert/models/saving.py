"""Writing a model to a folder, with a card that says what it is, and to the hub."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..checkpoints import write
from ..errors import CheckpointError, InputError

if TYPE_CHECKING:
    from .base import BaseModel

CARD = "README.md"


@dataclass(frozen=True)
class Card:
    """What a family's model cards say.

    Args:
        pipeline_tag: what the models are for, in the hub's words.
        tags: further words to find them by.
        usage: lines of Python that use ``model``.
    """

    pipeline_tag: str
    tags: tuple[str, ...]
    usage: tuple[str, ...]


@dataclass(frozen=True)
class Upload:
    """How a model goes to the hub; the fields are the arguments of ``push_to_hub``."""

    token: str | None = None
    private: bool | None = None
    commit_message: str | None = None
    exist_ok: bool = False
    replace_model_card: bool = False
    revision: str | None = None
    create_pr: bool = False


def save(
    model: BaseModel,
    folder: Path,
    name: str | None,
    card: bool,
    train_datasets: list[str] | None,
    safe_serialization: bool,
    int8: bool = False,
) -> None:
    """Write a model to a folder; the arguments are those of ``save_pretrained``, and whether to write int8 weights."""
    if not safe_serialization:
        raise InputError("safe_serialization=False asks for a pickle, which is not written. Leave it out.")
    if folder.is_file():
        raise InputError(f"path must be a folder; {folder} is a file.")
    if int8 and model.spec.router is not None:
        raise InputError("A model with a Router is not written in int8; save_pretrained writes its float weights.")
    # A card that somebody has written is kept.
    text = model_card(model, name or folder.name, train_datasets) if card and not (folder / CARD).is_file() else None

    def finish(scratch: Path, paths: list[str]) -> None:
        model.write_to(scratch, paths)
        if int8:
            model.engine.save_int8(scratch / paths[0])
        if text is not None:
            (scratch / CARD).write_text(text, encoding="utf-8")

    write(model.current_spec(), folder, finish, weights=not (model.engine.owns_weights or int8))


def push(
    model: BaseModel,
    repo_id: str,
    upload: Upload,
    local_model_path: str | None,
    train_datasets: list[str] | None,
    safe_serialization: bool,
) -> str:
    """Upload a model; the arguments are those of ``push_to_hub``."""
    from huggingface_hub import HfApi

    api = HfApi(token=upload.token)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(local_model_path or scratch)
        try:
            api.create_repo(repo_id, private=upload.private, exist_ok=upload.exist_ok or upload.create_pr)
            if upload.revision is not None:
                api.create_branch(repo_id, branch=upload.revision, exist_ok=True)
            if local_model_path is None:
                keep_card = not upload.replace_model_card and api.file_exists(repo_id, CARD, revision=upload.revision)
                save(model, folder, repo_id, not keep_card, train_datasets, safe_serialization)
            commit = api.upload_folder(
                repo_id=repo_id,
                folder_path=folder,
                commit_message=upload.commit_message or f"Add {type(model).__name__} model",
                revision=upload.revision,
                create_pr=upload.create_pr,
            )
        except (InputError, CheckpointError):
            raise
        except Exception as error:  # the hub's library raises its own and its HTTP client's errors
            raise CheckpointError(f"{repo_id} could not be uploaded: {error}") from error
    return str(commit.pr_url if upload.create_pr else commit.commit_url)


def model_card(model: BaseModel, name: str, train_datasets: list[str] | None) -> str:
    """A model card of recorded facts alone: nothing is run, looked up or guessed for it."""
    spec, card = model.current_spec(), model.card
    front = ["---", "library_name: sentence-transformers", f"pipeline_tag: {card.pipeline_tag}", "tags:"]
    front += [f"- {tag}" for tag in ("sbert", "sentence-transformers", *card.tags)]
    if train_datasets:
        front += ["datasets:", *(f"- {dataset}" for dataset in train_datasets)]
    rows = {
        "Modules": ", ".join(module.kind for module in spec.listed),
        "Network": spec.input.architecture,
        "Maximum length": "any" if model.max_seq_length is None else f"{model.max_seq_length} tokens",
        **model.card_rows(),
        "Prompts": ", ".join(f"{key}: {text!r}" for key, text in spec.prompts.items() if text) or "none",
    }
    table = ["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())]
    kind = type(model).__name__
    usage = ["```python", f"from sbert import {kind}", "", f'model = {kind}("{name}")', *card.usage, "```"]
    notes = [model.training_notes] if model.training_notes else []
    return "\n".join([*front, "---", "", f"# {name}", "", *table, "", "## Use", "", *usage, "", *notes])
