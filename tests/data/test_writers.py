"""Writing embeddings: what is written is read back the same, and is there whole or not at all."""

import io
import json
import os
import sys

import numpy as np
import pytest

from sbert.data import read_texts, write_embeddings, write_jsonl, writers
from sbert.errors import DataError, InputError, MissingDependencyError

TEXTS = ["a cat", "zwei\nZeilen", 'a "quote"']


@pytest.fixture
def vectors():
    """(3, 5) float32, of very different sizes."""
    rng = np.random.default_rng(0)
    return (rng.standard_normal((3, 5)) * 10.0 ** rng.integers(-30, 30, (3, 5))).astype(np.float32)


def test_npy(tmp_path, vectors):
    """The array alone."""
    path = write_embeddings(tmp_path / "v.npy", vectors, TEXTS)
    assert np.array_equal(np.load(path), vectors)


def test_jsonl_is_exact(tmp_path, vectors):
    """Decimal numbers read back as the same float32, bit for bit."""
    path = write_embeddings(tmp_path / "v.jsonl", vectors, TEXTS)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in rows] == TEXTS
    assert np.array_equal(np.array([row["embedding"] for row in rows], np.float32), vectors)
    assert read_texts(path).texts == TEXTS


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8])
def test_parquet(tmp_path, vectors, dtype):
    """A column of lists of one length, of the vectors' own type."""
    pq = pytest.importorskip("pyarrow.parquet")
    given = vectors if dtype == np.float32 else np.arange(15).reshape(3, 5).astype(dtype)
    path = write_embeddings(tmp_path / "v.parquet", given, TEXTS)
    table = pq.read_table(path)
    assert table["text"].to_pylist() == TEXTS
    assert table["embedding"].type.list_size == 5
    flat = table["embedding"].combine_chunks().flatten().to_numpy()
    assert flat.dtype == dtype
    assert np.array_equal(flat.reshape(3, 5), given)
    assert read_texts(path).texts == TEXTS


@pytest.mark.parametrize("suffix", [".npy", ".jsonl", ".parquet"])
@pytest.mark.parametrize("count", [0, 1, 12_345])
def test_parts_make_a_whole(tmp_path, suffix, count):
    """Written part by part, a file holds the same; that of NumPy is the one that its own function writes."""
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    texts = [f"text {number}" for number in range(count)]
    vectors = np.arange(count * 3, dtype=np.float32).reshape(count, 3)
    path = tmp_path / f"v{suffix}"
    with writers.open_writer(path) as writer:
        for start in range(0, max(count, 1), 5000):
            writer.write(vectors[start : start + 5000], texts[start : start + 5000])
    if suffix == ".npy":
        np.save(tmp_path / "numpy.npy", vectors)
        assert path.read_bytes() == (tmp_path / "numpy.npy").read_bytes()
    elif count:
        assert read_texts(path).texts == texts


def test_integers_in_jsonl():
    """Quantised vectors are written as whole numbers."""
    out = io.BytesIO()
    write_jsonl(out, np.array([[1, -2]], np.int8), ["x"])
    assert out.getvalue() == b'{"text": "x", "embedding": [1, -2]}\n'


def test_an_old_file_stays_when_writing_fails(tmp_path, vectors, monkeypatch):
    """A failure half-way leaves what was there, and no temporary file."""
    path = write_embeddings(tmp_path / "v.npy", vectors, TEXTS)
    before = path.read_bytes()

    def fail(self, embeddings, texts):
        self.file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writers.NpyWriter, "write", fail)
    with pytest.raises(DataError, match=r"v\.npy cannot be written \(No space left on device\)"):
        write_embeddings(path, vectors, TEXTS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="permissions are of POSIX")
def test_files_have_usual_permissions(tmp_path, vectors):
    """Others may read what is written as they may read any new file."""
    plain = tmp_path / "plain"
    plain.touch()
    assert write_embeddings(tmp_path / "v.npy", vectors, TEXTS).stat().st_mode == plain.stat().st_mode


def test_errors_say_what_to_do(tmp_path, vectors, monkeypatch):
    """Wrong suffix, wrong folder, wrong count, missing library."""
    with pytest.raises(DataError, match=r"the suffix '\.bin'; embeddings are written to \.npy, \.jsonl, \.parquet"):
        write_embeddings(tmp_path / "v.bin", vectors, TEXTS)
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        write_embeddings(tmp_path / "nowhere" / "v.npy", vectors, TEXTS)
    with pytest.raises(InputError, match=r"one row for each of the 2 texts; got the shape \(3, 5\)"):
        write_embeddings(tmp_path / "v.npy", vectors, TEXTS[:2])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match="pyarrow is needed to write Parquet files"):
        write_embeddings(tmp_path / "v.parquet", vectors, TEXTS)
