"""From the name that a user types to the folder that holds the model."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, ModelNotFoundError, SbertWarning, closest
from .adapters import adapter_base, merge_adapter
from .hub import cached_models, download, find_cached, hub_cache
from .names import WELL_KNOWN, full_name, looks_like_path
from .wheels import find_installed, installed_models, wheel_for


@dataclass(frozen=True)
class Resolved:
    """Where a model was found.

    Args:
        name: the full name, or the path as given.
        folder: its folder on this machine.
        source: ``folder``, ``cache``, ``package`` or ``hub``.
    """

    name: str
    folder: Path
    source: str


def resolve(
    name: str | os.PathLike[str],
    *,
    cache_folder: str | Path | None = None,
    revision: str | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
    organisation: str = "sentence-transformers",
) -> Resolved:
    """Find a model: a folder, the hub's cache, an installed package, and only then the hub.

    A model that is on this machine causes no network call. Of an adapter, the base model is found in the same way, and
    the two are merged into a folder in the cache.

    Args:
        name: a folder, or a model's name with or without its organisation.
        cache_folder: the hub's cache to use; by default ``$SENTENCE_TRANSFORMERS_HOME`` or the hub's own.
        revision: branch, tag or commit on the hub; packages carry one revision only, so they are passed by.
        token: for models of the hub that need one.
        local_files_only: never use the network.
        organisation: put in front of a name that has none.

    Raises:
        InputError: the name is empty.
        ModelNotFoundError: it is nowhere; the message offers near names and a package where one is known.
        NotADirectoryError: the path is a file.
        IntegrityError: the package's weights are not what they should be.
    """
    options: dict[str, Any] = {"cache_folder": cache_folder, "token": token, "local_files_only": local_files_only}
    found = _find(name, revision=revision, organisation=organisation, **options)
    if base := adapter_base(found.folder):
        # The base may be any network, so no organisation is assumed.
        below = _find(base[0], revision=base[1], organisation="", **options)
        return Resolved(found.name, merge_adapter(found.folder, below.folder), found.source)
    return found


def _find(
    name: str | os.PathLike[str],
    *,
    cache_folder: str | Path | None,
    revision: str | None,
    token: str | bool | None,
    local_files_only: bool,
    organisation: str,
) -> Resolved:
    """The folder of a model, adapter or not; arguments and errors as in :func:`resolve`."""
    typed = os.fspath(name)
    if not typed.strip():  # an empty path would mean the folder one stands in
        raise InputError("model_name_or_path is empty. Give a folder or a model's name, such as 'all-MiniLM-L6-v2'.")
    try:
        # Absolute, since weights are read when they are needed, and the process may stand elsewhere by then.
        path = Path(typed).expanduser().absolute()
        is_folder = path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelNotFoundError(f"{typed!r} is neither a path nor a model's name ({error}).") from error
    if is_folder:
        return Resolved(typed, path, "folder")
    if path.is_file():
        raise NotADirectoryError(f"model_name_or_path must be a folder or a model's name; {typed} is a file.")
    if looks_like_path(typed):
        raise ModelNotFoundError(f"There is no folder {typed!r}. Check the path.")
    hub_name = full_name(typed, organisation)
    cache = hub_cache(cache_folder)
    found = find_cached(hub_name, cache, revision)
    if found is not None and found.certain:
        return Resolved(hub_name, found.folder, "cache")
    if revision is None and (folder := find_installed(hub_name)):
        return Resolved(hub_name, folder, "package")
    try:
        if local_files_only:
            raise ModelNotFoundError("local_files_only=True keeps to this machine")
        return Resolved(hub_name, download(hub_name, cache, revision, token), "hub")
    except ModelNotFoundError as error:
        if found is not None:
            warnings.warn(
                f"The cached copy of {hub_name} has no modules.json, and {error}: if the model has one, its vectors "
                "are others than these. Mean pooling is used.",
                SbertWarning,
                stacklevel=2,
            )
            return Resolved(hub_name, found.folder, "cache")
        raise ModelNotFoundError(_not_found(typed, hub_name, cache, str(error))) from error


def _not_found(typed: str, hub_name: str, cache: Path, cause: str) -> str:
    here = [*installed_models(), *cached_models(cache)]
    known = {*here, *WELL_KNOWN}
    # Short names are compared with short names: the organisation that all share would make everything look near.
    names = known if "/" in typed else {model.rpartition("/")[2] for model in known}
    near = "" if hub_name in known else closest(typed, names)
    lines = [f"Model {typed!r} is not on this machine, and {cause}.{near}"]
    if wheel := wheel_for(hub_name):
        lines.append(f"It comes as a package ({wheel.megabytes} MB, {wheel.licence}): {wheel.install}")
    else:
        lines.append(
            "Without a hub: give the path of a model's folder, or install a package that registers the model under "
            "the entry-point group 'sbert.models'."
        )
    if here:
        lines.append(f"Models on this machine: {', '.join(here)}.")
    return "\n".join(lines)
