"""sbert-compat and its stand-in, from their wheels alone: pip is content, and the README's example runs."""

import importlib.metadata
import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

from support.readme import ROOT


def main() -> None:
    """Check the wheels that are installed."""
    import sentence_transformers

    import sbert

    for module in (sbert, sentence_transformers):
        place = Path(module.__file__)
        assert not any((ROOT / source) in place.parents for source in ("src", "compat/src")), f"{place} is the checkout"
    stated = importlib.metadata.version("sentence-transformers")
    assert stated == sentence_transformers.__version__, (stated, sentence_transformers.__version__)
    assert "+sbert" in stated, "the stand-in must say that it is not the original"
    owners = importlib.metadata.packages_distributions()["sentence_transformers"]
    assert owners == ["sbert-compat"], f"the stand-in must bring no files: {owners}"
    subprocess.run([sys.executable, "-m", "pip", "check"], check=True)
    examples = re.findall(r"^```python\n(.*?)^```$", (ROOT / "compat/README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert examples
    with redirect_stdout(io.StringIO()) as out:
        for example in examples:
            exec(example, {})
    assert "tensor([[0." in out.getvalue(), out.getvalue()
    print(f"sbert-compat {importlib.metadata.version('sbert-compat')} as sentence-transformers {stated}: fine")


if __name__ == "__main__":
    main()
