"""The wheel alone, in an environment of its own, does what the README says: python check_wheel.py, in that environment.

Not a test of pytest: what it imports, but for support/, must be the wheel, and nothing that development needs may be
there.
"""

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from support.readme import README, ROOT, example

TEXTS = ["How can I change my password?", "Where is the harbour?", "I forgot my password.", "The harbour is closed."]
#: Commands that need more than the wheel: an extra, another model, data. They tell what they do.
NEEDS_MORE = ("explain", "cluster", "align", "index", "map", "rerank", "evaluate", "train", "serve")
SEARCHES_AN_INDEX = "docs.lance"


def main() -> None:
    import sbert

    assert ROOT / "src" not in Path(sbert.__file__).parents, "the checkout was imported, not the wheel"
    for unwanted in ("torch", "transformers"):
        assert importlib.util.find_spec(unwanted) is None, f"{unwanted} is there, which the wheel must not need"
    print(f"sbert {sbert.__version__}, {len(list(importlib.metadata.distributions()))} packages")
    check_example()
    check_commands()


def check_example() -> None:
    """The first example prints what is shown."""
    code, shown = example()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == shown, done.stdout
    print("the example prints what the README shows")


def check_commands() -> None:
    """Each command that is shown works, as far as the wheel alone goes."""
    command = Path(sys.executable).with_name("sbert")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "corpus.txt").write_text("\n".join(TEXTS))
        (folder / "sentences.txt").write_text("\n".join(TEXTS))
        (folder / "texts.jsonl").write_text("".join(f'{{"body": "{text}"}}\n' for text in TEXTS))
        (folder / "reviews.csv").write_text("text\n" + "".join(f'"{text}"\n' for text in TEXTS))
        lines = re.findall(r"^(sbert \w.*?)(?:\s{2,}#.*)?$", README, re.MULTILINE)
        assert len(lines) > 10
        for line in lines:
            words = re.findall(r'"([^"]*)"|(\S+)', line)
            arguments = [quoted or plain for quoted, plain in words][1:]
            if arguments[0] in NEEDS_MORE or SEARCHES_AN_INDEX in line:
                arguments = [arguments[0], "--help"]
            done = subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}: {done.stderr}"
            print(f"{' '.join(arguments)}: fine")


if __name__ == "__main__":
    main()
