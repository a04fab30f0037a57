"""What `pip install` of the base brings to the disk: a new environment, measured without pip itself."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from harness import ROOT, record


def size(folder: Path) -> float:
    """Megabytes (2**20 bytes) of all files below a folder, as they take space on the disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 2**20


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        before = size(Path(scratch))
        pip = [str(Path(scratch) / "bin" / "pip"), "install", "--quiet", "-c", str(ROOT / "constraints.txt")]
        subprocess.run([*pip, str(ROOT)], check=True)
        installed = size(Path(scratch)) - before
        python = str(Path(scratch) / "bin" / "python")
        check = "import importlib.util as u; print(*[m for m in ('torch', 'transformers') if u.find_spec(m)])"
        heavy = subprocess.run([python, "-c", check], capture_output=True, text=True, check=True).stdout.strip()
    print(f"the base takes {installed:.0f} MB; of torch and transformers it brings {heavy or 'neither'}")
    record("install_size", {"megabytes": installed, "brings": heavy.split()})


if __name__ == "__main__":
    sys.exit(main())
