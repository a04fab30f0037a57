"""What is in the wheels and archives of a folder, and what is not: python check_contents.py DIST."""

import re
import sys
import tarfile
import zipfile
from pathlib import Path

#: What must not be published: caches, machines' own paths, notes, environments.
UNWANTED = re.compile(r"__pycache__|\.pyc$|\.venv|\.sbert-cache|(^|/)\.git/|\.DS_Store|\.orig$")
#: By the beginning of the name: files that must be there.
WANTED = {
    "sbert-": ("sbert/py.typed", "sbert/server/page/index.html", "sbert/version.py", "LICENSE"),
    "sbert_compat-": ("sentence_transformers/__init__.py", "sentence_transformers/py.typed", "LICENSE"),
    "sentence_transformers-": ("METADATA",),
}


def main() -> None:
    """Check all files."""
    files = sorted(Path(sys.argv[1]).rglob("*.whl")) + sorted(Path(sys.argv[1]).rglob("*.tar.gz"))
    for beginning in WANTED:
        assert any(file.name.startswith(beginning) for file in files), f"no {beginning}* was built"
    for file in files:
        names = content(file)
        unwanted = [name for name in names if UNWANTED.search(name)]
        assert not unwanted, f"{file.name} has {unwanted[:5]}"
        wanted = next(each for beginning, each in WANTED.items() if file.name.startswith(beginning))
        missing = [name for name in wanted if not any(there.endswith(name) for there in names)]
        assert not missing, f"{file.name} is without {missing}"
        print(f"{file.name}: {len(names)} files")
    (stand_in,) = [file for file in files if file.name.startswith("sentence_transformers-")]
    own = [name for name in content(stand_in) if ".dist-info/" not in name]
    assert not own, f"the stand-in brings files, which are sbert-compat's: {own}"
    metadata = zipfile.ZipFile(stand_in).read(next(name for name in content(stand_in) if name.endswith("METADATA")))
    assert b"Private :: Do Not Upload" in metadata, "an index would take the stand-in"


def content(file: Path) -> list[str]:
    """The names of the files in a wheel or an archive."""
    if file.suffix == ".whl":
        return zipfile.ZipFile(file).namelist()
    with tarfile.open(file) as archive:
        return [member.name for member in archive if member.isfile()]


if __name__ == "__main__":
    main()
