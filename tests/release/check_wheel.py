"""The wheel alone, in an environment of its own, does what the README says: python check_wheel.py DIST, in that
environment.

Every block of the README runs, from top to bottom: Python with its output compared, ``pip`` as far as it says that it
would install, each command for real. Where a command needs an extra, it says so; what it says to install is installed,
from the wheel in DIST. Real data is taken from ``../shared/data`` where that is.

Not a test of pytest: what it imports, but for support/ and its neighbours here, must be the wheel, and nothing that
development needs may be there.
"""

import importlib.metadata
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from release.material import prepare
from release.readme_commands import Command, commands
from release.serving import serve
from support.pages import README as PAGE
from support.pages import ROOT, blocks
from support.readme import example

#: Blocks that stand for something else than commands, by how they begin.
WARNING = "TruncationWarning: "
#: What a command says where an extra is missing.
ADVICE = re.compile(r"pip install 'sbert\[(\w+)\]'")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
CONSTRAINTS = ["-c", str(ROOT / "constraints.txt")]


def main() -> None:
    """Check the wheel in a folder."""
    import sbert

    (wheel,) = Path(sys.argv[1]).resolve().glob("sbert-*.whl")
    assert ROOT / "src" not in Path(sbert.__file__).parents, "the checkout was imported, not the wheel"
    for unwanted in ("torch", "transformers"):
        assert importlib.util.find_spec(unwanted) is None, f"{unwanted} is there, which the wheel must not need"
    print(f"sbert {sbert.__version__}, {len(list(importlib.metadata.distributions()))} packages")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        os.environ["SBERT_CACHE"] = str(folder / "cache")
        for block in blocks(PAGE):
            check(block.text, wheel, folder)


def check(block: str, wheel: Path, folder: Path) -> None:
    """Run a block, or compare it with what was printed."""
    code, shown = example()
    first = block.split(maxsplit=1)[0]
    if block == code:
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
        assert done.stdout == shown, done.stdout
        print("the example prints what the README shows")
    elif block == shown:
        return  # compared above
    elif block.startswith(WARNING):
        check_warning(block)
    elif first == "make":
        check_make(block, folder)
    elif first == "pip":
        check_installs(block, wheel)
    elif first == "sbert":
        check_commands(block, wheel, folder)
    else:
        raise AssertionError(f"A block that is not checked yet:\n{block}")


def check_warning(block: str) -> None:
    """The warning comes, word for word, of texts that make it so."""
    counted = re.search(r"(\d+) of (\d+) texts were longer than (\d+) tokens and were cut: (\d+) tokens", block)
    assert counted, block
    cut, texts, most, dropped = map(int, counted.groups())
    # Two tokens stand around a text of words that are a token each.
    lengths = [most - 2 + dropped // cut + (dropped % cut if number == 0 else 0) for number in range(cut)]
    made = ["the " * length for length in lengths] + ["short"] * (texts - cut)
    code = f"from sbert import SentenceTransformer; SentenceTransformer('all-MiniLM-L6-v2').encode({made})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = block.strip().removesuffix(" ...")
    assert told in done.stderr, done.stderr
    print("the warning is what the README shows")


def check_make(block: str, folder: Path) -> None:
    """``make demo`` by the wheel; ``make test`` is all the other tests."""
    targets = re.findall(r"^make (\w+)", block, re.MULTILINE)
    assert targets == ["demo", "test"], targets
    demo = ROOT / "examples" / "reverse_dictionary" / "demo.py"
    done = subprocess.run(
        [sys.executable, demo, "--json", "--limit", "2000"],
        cwd=folder,
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "definition" in done.stdout, done.stdout
    print("make demo: its script, by the wheel, over 2,000 of the definitions: fine")
    print("make test: skipped, since it is the tests of development, which .ci/run runs")


def check_installs(block: str, wheel: Path) -> None:
    """Each line of pip can be done, with the wheel in the place of the checkout; what is small is done."""
    known = set(importlib.metadata.metadata("sbert").get_all("Provides-Extra") or ())
    for line in block.splitlines():
        command, _, comment = line.partition("#")
        words = shlex.split(command)
        if not words:
            continue
        assert words[:2] == ["pip", "install"], line
        arguments = [re.sub(r"^\.(?=$|\[)", str(wheel), word) for word in words[2:]]
        extras = set(re.findall(r"\[(\w+)\]", command))
        listed = re.search(r"; also: (.*)", comment)
        extras |= set(listed[1].split(", ")) if listed else set()
        assert extras <= known, f"{line}: there is no extra {', '.join(extras - known)}"
        by_name = [f"{wheel}[{extra}]" for extra in sorted(extras)]
        subprocess.run([*PIP, "install", "--dry-run", *CONSTRAINTS, *arguments, *by_name], check=True)
        print(f"{command.strip()}: can be done")


def check_commands(block: str, wheel: Path, folder: Path) -> None:
    """Each command does what it is there for."""
    for command in commands(block):
        missing = prepare(folder, command.files)
        if missing:
            print(f"{command.line}: skipped, {missing}")
            continue
        for line, inputs in command.before:
            assert not (why := prepare(folder, inputs)), why
            run(Command(line), wheel, folder)
        done = run(command, wheel, folder)
        assert command.check, command.line
        command.check(done.stdout, folder)
        print(f"{command.line}: fine", flush=True)


def run(command: Command, wheel: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command; install what it says is missing, and run it again."""
    program = Path(sys.executable).with_name("sbert")
    installed: set[str] = set()
    while True:
        with command.around(folder) if command.around else nullcontext({}) as environment:
            if command.arguments[0] == "serve":
                done = serve([program, *command.arguments], folder)
            else:
                done = subprocess.run(
                    [program, *command.arguments], cwd=folder, capture_output=True, text=True, check=False,
                    env=os.environ | environment,
                )  # fmt: skip
        if done.returncode == 0:
            return done
        advice = ADVICE.search(done.stderr)
        assert advice, f"{command.line}: {done.stderr}{done.stdout}"
        assert advice[1] not in installed, f"{command.line}: its advice did not help: {done.stderr}"
        print(f"  installing {advice[1]}, as it says", flush=True)
        subprocess.run([*PIP, "install", *CONSTRAINTS, f"{wheel}[{advice[1]}]"], check=True)
        installed.add(advice[1])


if __name__ == "__main__":
    main()
