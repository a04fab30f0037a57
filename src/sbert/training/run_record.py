"""What a folder of a training run says of it, so that the same command goes on where it stopped."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..data.files import atomic_write
from ..errors import InputError
from .config import Config

_FILE, FINAL, PICTURE, _STATE = "run.json", "final", "training.svg", "trainer_state.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
#: Arguments that show, measure or keep a run, and do not change it.
_NO_MATTER = re.compile(
    r"(logging|save|hub)_|eval_(?!accumulation)|(report_to|run_name|project|push_to_hub|log_level|"
    r"per_device_eval_batch_size|dataloader_(num_workers|pin_memory|persistent_workers|prefetch_factor))"
)


class RunRecord:
    """The record of a run in its folder: the config as it was checked, and what came of it.

    Args:
        config: of the run that is to be.
        processes: that train together.
    """

    def __init__(self, config: Config, processes: int) -> None:
        self.folder, self.path = config.output, config.output / _FILE
        self._config = _plain(config) | {"processes": processes}

    def read(self) -> dict[str, Any] | None:
        """The record that is there.

        Raises:
            InputError: it is damaged.
        """
        if not self.path.exists():
            return None
        try:
            found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{self.path} is damaged ({error}). --restart begins anew.") from error
        return found

    def start(self) -> None:
        """Note that the run has begun."""
        self._write({"config": self._config, "finished": None})

    def finish(self, result: Mapping[str, Any]) -> None:
        """Note how the run ended."""
        self._write({"config": self._config, "finished": dict(result)})

    def finished(self) -> dict[str, Any] | None:
        """How the run ended, if it did and the model is there."""
        found = self.read()
        whole = (self.folder / FINAL / "README.md").exists()
        return (found or {}).get("finished") if whole else None

    def check(self) -> None:
        """Raise unless what is in the folder is of this run, or there is nothing.

        Raises:
            InputError: it is of another one; what differs is named.
        """
        found = self.read()
        if found is None:
            if next(self._checkpoints(), None) is not None:
                raise InputError(
                    f"{self.folder} holds checkpoints of a run that this command did not begin. Name another output, "
                    "or delete them with --restart."
                )
            return
        before, now = (dict(_flat(config)) for config in (found["config"], self._config))
        different = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        if different:
            told = "; ".join(f"{key} was {before.get(key)!r}, is {now.get(key)!r}" for key in different)
            raise InputError(
                f"{self.folder} holds a run of another config: {told}. Name another output, or begin anew with "
                "--restart, which deletes that run's checkpoints and model."
            )

    def checkpoint(self) -> Path | None:
        """The last whole checkpoint; those that were being written when the run was killed are removed."""
        found = {}
        for step, folder in list(self._checkpoints()):
            if _is_whole(folder):
                found[step] = folder
            else:
                shutil.rmtree(folder)
        return found[max(found)] if found else None

    def clear(self) -> None:
        """Delete what a run left: its checkpoints, tables, model and record."""
        for folder in [*(folder for _, folder in self._checkpoints()), self.folder / FINAL, self.folder / "eval"]:
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.path, self.folder / PICTURE):
            file.unlink(missing_ok=True)

    def _checkpoints(self) -> Iterator[tuple[int, Path]]:
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.is_dir() and (found := _CHECKPOINT.fullmatch(path.name)):
                yield int(found[1]), path

    def _write(self, value: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path) as file:
            file.write(json.dumps(value, indent=2, ensure_ascii=False).encode())


def _is_whole(folder: Path) -> bool:
    """Whether a checkpoint was written to its end: the trainer's state is what comes last."""
    try:
        json.loads((folder / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _plain(config: Config) -> dict[str, Any]:
    """What determines the weights that come of a config."""
    loss: Any = config.loss
    if isinstance(loss, dict):
        loss = {name: one.plain() for name, one in loss.items()}
    elif loss is not None:
        loss = loss.plain()
    return {
        "model": config.model.plain(),
        "data": {
            "train": {name: source.plain() for name, source in config.train.items()},
            "eval": {name: source.plain() for name, source in config.evaluated.items()},
        },
        "loss": loss,
        "arguments": dict(config.arguments),
        "adapter": config.adapter,
        "evaluate": [str(one.path) for one in config.evaluate],
    }


def _flat(config: Mapping[str, Any], key: str = "") -> Iterator[tuple[str, Any]]:
    """Keys joined by dots and values, of what matters."""
    for name, value in config.items():
        place = f"{key}.{name}" if key and name else key or name
        if place == "evaluate" or (key == "arguments" and _NO_MATTER.match(name)):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, place)
        elif value is not None:
            yield place, value
