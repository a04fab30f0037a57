"""What the README shows."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """The blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def example():
    """The first example, and what it is said to print."""
    code = blocks("python")[0]
    return code, README.partition(code)[2].partition("```\n\n```\n")[2].partition("```")[0]
