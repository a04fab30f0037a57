"""Streams of vectors, and jobs on disk that can be killed and resumed."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import sbert
from sbert import SentenceTransformer
from sbert.data import open_embeddings
from sbert.data.manifest import MANIFEST
from sbert.errors import DataError, InputError, NotTextError, SbertWarning, TruncationError, TruncationWarning
from sbert.models import streaming
from sbert.quantization import calibrate_ranges, quantize_embeddings
from support.tiny import WORDS, make_tiny_model

random_words = random.Random(0)
TEXTS = [" ".join(random_words.choices(WORDS, k=random_words.randint(1, 30))) for _ in range(230)]
TEXTS += TEXTS[:20]  # some come twice


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", "bert")


@pytest.fixture(scope="module")
def model(folder):
    return SentenceTransformer(folder, backend="openvino")


@pytest.fixture(scope="module")
def expected(model):
    return model.encode(TEXTS)


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr(streaming, "STREAM_TEXTS", 32)


def contents(path):
    return {file.name: file.read_bytes() for file in sorted(Path(path).iterdir())}


# --- streams --------------------------------------------------------------------------------------------------------


def test_a_stream_gives_a_vector_a_text(model, expected, small_windows):
    pairs = list(zip(TEXTS, model.encode_stream(text for text in TEXTS), strict=True))
    assert [text for text, _ in pairs] == TEXTS
    np.testing.assert_array_equal(np.stack([vector for _, vector in pairs]), expected)
    assert list(model.encode_stream([])) == []


def test_a_stream_is_lazy_and_leaves_nothing_behind(model, small_windows, threads):
    """One window is read ahead, in the caller's thread, whatever there may be after it."""
    drawn = []

    def endless():
        while True:
            drawn.append(threading.current_thread())
            yield TEXTS[len(drawn) % 200]

    stream = model.encode_stream(endless())
    assert drawn == []
    for _ in range(32):
        next(stream)
    assert len(drawn) == 64
    next(stream)
    assert len(drawn) == 96
    assert set(drawn) == {threading.current_thread()}
    stream.close()
    assert not threads()


def test_long_texts_make_small_windows(model, monkeypatch):
    monkeypatch.setattr(streaming, "STREAM_CHARACTERS", 100)
    drawn = []
    stream = model.encode_stream(drawn.append(number) or "a long text " * 10 for number in range(50))
    next(stream)
    assert len(drawn) == 2
    stream.close()


def test_options_of_a_stream(model, expected, small_windows):
    def rows(**options):
        return np.stack(list(model.encode_stream(TEXTS, **options)))

    np.testing.assert_array_equal(rows(prompt="the "), model.encode(TEXTS, prompt="the "))
    np.testing.assert_array_equal(
        rows(truncate_dim=8, normalize_embeddings=True), model.encode(TEXTS, truncate_dim=8, normalize_embeddings=True)
    )
    np.testing.assert_array_equal(rows(precision="ubinary"), model.encode(TEXTS, precision="ubinary"))
    ranges = calibrate_ranges(expected)
    np.testing.assert_array_equal(rows(precision="int8", ranges=ranges), model.encode(TEXTS, precision="int8"))


def test_what_a_stream_cuts_is_told_at_its_end(folder, small_windows):
    model = SentenceTransformer(folder, backend="openvino")
    long = "the " * 200
    stream = model.encode_stream(["the"] * 40 + [long] * 2)
    for _ in range(41):
        next(stream)
    assert model.truncation.truncated == 2
    with pytest.warns(TruncationWarning, match="2 of 42 texts were longer") as told:
        list(stream)
    assert told[0].filename == __file__
    with pytest.raises(TruncationError, match=r"inputs\[40\] has 202 tokens"):
        list(model.encode_stream(["the"] * 40 + [long], on_truncation="error"))


def test_bad_items_are_named_and_come_after_good_vectors(model, small_windows):
    stream = model.encode_stream(["the"] * 40 + [None])
    assert len([next(stream) for _ in range(32)]) == 32
    with pytest.raises(NotTextError, match=r"inputs\[40\] must be a string; got NoneType"):
        next(stream)
    stream = model.encode_stream(["the"] * 33 + ["\ud800"])
    with pytest.raises(NotTextError, match=r"inputs\[33\] is not valid Unicode"):
        list(stream)


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        ("one text", {}, "inputs must be texts in a list, generator or column; got one text"),
        ({"a": 1}, {}, "inputs must be texts; got dict"),
        (3, {}, "inputs must be texts; got int"),
        (["a"], {"precision": "int8"}, "ranges are needed for a stream of int8"),
        (["a"], {"precision": "int8", "ranges": [[0.0], [1.0]]}, "ranges are for 1 dimensions"),
        (["a"], {"precision": "int4"}, "precision must be one of"),
        (["a"], {"batch_size": 0}, "batch_size must be a whole number"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_drawn(model, inputs, options, message):
    with pytest.raises(InputError, match=message):
        model.encode_stream(inputs, **options)


# --- jobs on disk ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["npy", "safetensors", "parquet"])
def test_a_job_on_disk_is_what_encode_gives(model, expected, tmp_path, form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    shards = model.encode_to(tmp_path / "v", (text for text in TEXTS), form, shard_size=100)
    assert (len(shards), shards.shape, shards.dtype) == (250, (250, 32), np.float32)
    assert [len(chunk) for chunk in shards.chunks()] == [100, 100, 50]
    np.testing.assert_array_equal(shards.array(), expected)
    np.testing.assert_array_equal(open_embeddings(tmp_path / "v").array(), expected)
    shards.verify()
    names = {MANIFEST} | {f"shard-0000{number}.{form}" for number in range(3)}
    assert set(contents(tmp_path / "v")) == names
    if form == "parquet":
        assert list(shards.texts()) == TEXTS
    else:
        with pytest.raises(DataError, match="keep no texts"):
            list(shards.texts())


def test_safetensors_shards_are_read_by_its_own_library(model, expected, tmp_path):
    from safetensors.numpy import load_file

    model.encode_to(tmp_path / "v", TEXTS, "safetensors", shard_size=200)
    np.testing.assert_array_equal(load_file(tmp_path / "v" / "shard-00001.safetensors")["embeddings"], expected[200:])


@pytest.mark.parametrize("given", [True, False])
def test_one_byte_vectors_have_the_same_ranges_in_all_shards(model, expected, tmp_path, given):
    ranges = calibrate_ranges(expected[:100])
    options = {"precision": "int8", "shard_size": 100}
    shards = model.encode_to(tmp_path / "v", TEXTS, ranges=ranges if given else None, **options)
    np.testing.assert_array_equal(shards.ranges, ranges)
    np.testing.assert_array_equal(shards.array(), quantize_embeddings(expected, "int8", ranges))
    before = contents(tmp_path / "v")
    (tmp_path / "v" / "shard-00000.npy").unlink()
    with pytest.warns(SbertWarning, match=r"shard-00000\.npy was damaged and is made anew"):
        model.encode_to(tmp_path / "v", TEXTS, ranges=ranges if given else None, **options)
    assert contents(tmp_path / "v") == before
    (tmp_path / "v" / "ranges.npy").unlink()
    (tmp_path / "v" / "shard-00001.npy").unlink()
    with pytest.raises(DataError, match=r"ranges\.npy is missing or damaged"):
        model.encode_to(tmp_path / "v", TEXTS, ranges=ranges if given else None, **options)


def test_bits(model, tmp_path):
    shards = model.encode_to(tmp_path / "v", TEXTS, precision="ubinary", shard_size=100)
    assert (shards.manifest.dimension, shards.shape, shards.dtype, shards.ranges) == (32, (250, 4), np.uint8, None)
    np.testing.assert_array_equal(shards.array(), model.encode(TEXTS, precision="ubinary"))


def test_no_texts_make_an_empty_folder_of_vectors(model, tmp_path):
    shards = model.encode_to(tmp_path / "v", [])
    assert (len(shards), shards.array().shape) == (0, (0, 32))


def test_what_is_finished_is_not_made_again(model, monkeypatch, tmp_path):
    """A second run computes nothing; more texts at the end are taken; a damaged shard is made anew."""
    computed = []
    real = model.engine.embed
    monkeypatch.setattr(model.engine, "embed", lambda batch: computed.append(len(batch.ids)) or real(batch))
    path = tmp_path / "v"
    model.encode_to(path, TEXTS[:230], shard_size=50)
    assert sum(computed) == 230
    before = contents(path)
    computed.clear()
    model.encode_to(path, iter(TEXTS[:230]), shard_size=50)
    assert computed == []
    assert contents(path) == before
    data = bytearray((path / "shard-00002.npy").read_bytes())
    data[-1] ^= 1
    (path / "shard-00002.npy").write_bytes(data)
    with pytest.raises(DataError, match=r"shard-00002\.npy is damaged"):
        open_embeddings(path).verify()
    with pytest.warns(SbertWarning, match=r"shard-00002\.npy was damaged and is made anew"):
        model.encode_to(path, TEXTS[:230], shard_size=50)
    assert sum(computed) == 50
    assert contents(path) == before
    grown = model.encode_to(path, TEXTS, shard_size=50)
    np.testing.assert_array_equal(grown.array(), model.encode(TEXTS))


def test_truncation_is_counted_over_the_whole_job(model, tmp_path):
    long = "the " * 200
    texts = [long, "a", long, "b"]
    for _ in range(2):  # the second time nothing is computed, and the counts are the same
        with pytest.warns(TruncationWarning, match="2 of 4 texts") as told:
            model.encode_to(tmp_path / "v", texts, shard_size=2)
        assert told[0].filename == __file__
        assert model.truncation.dropped_tokens == 2 * 74


def test_another_job_s_folder_is_refused(model, folder, tmp_path):
    path = tmp_path / "v"
    model.encode_to(path, TEXTS, shard_size=100)
    before = contents(path)
    with pytest.raises(DataError, match=r"made with precision='float32'; this call has precision='ubinary'.*overwrite"):
        model.encode_to(path, TEXTS, shard_size=100, precision="ubinary")
    with pytest.raises(DataError, match="shard_size=100; this call has shard_size=50"):
        model.encode_to(path, TEXTS, shard_size=50)
    with pytest.raises(DataError, match="prompt=''; this call has prompt='the '"):
        model.encode_to(path, TEXTS, shard_size=100, prompt="the ")
    other = SentenceTransformer(make_tiny_model(tmp_path / "other", "bert", seed=1), backend="openvino")
    with pytest.raises(DataError, match=r"vectors of the model '.*tiny'.*; this call has '.*other'"):
        other.encode_to(path, TEXTS, shard_size=100)
    changed = [*TEXTS[:120], "another", *TEXTS[121:]]
    with pytest.raises(DataError, match=r"texts have changed: .*shard-00001\.npy was made of others than texts 100 to"):
        model.encode_to(path, changed, shard_size=100)
    with pytest.raises(DataError, match=r"they end before .*shard-00002\.npy"):
        model.encode_to(path, TEXTS[:200], shard_size=100)
    assert contents(path) == before
    replaced = other.encode_to(path, changed[:150], shard_size=100, overwrite=True)
    np.testing.assert_array_equal(replaced.array(), other.encode(changed[:150]))
    assert len(contents(path)) == 3


def test_folders_that_cannot_be_used(model, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"file cannot be a folder of embeddings \(File exists\)"):
        model.encode_to(tmp_path / "file", TEXTS)
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "shard-00000.npy").write_text("x")
    with pytest.raises(DataError, match=r"has shards \(shard-00000\.npy \.\.\.\) but no manifest\.json"):
        model.encode_to(tmp_path / "strange", TEXTS)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / MANIFEST).write_text('{"form": 1, "sha')
    with pytest.raises(DataError, match=r"manifest\.json is damaged .*overwrite=True"):
        model.encode_to(tmp_path / "broken", TEXTS)
    assert len(model.encode_to(tmp_path / "broken", TEXTS, overwrite=True)) == 250
    with pytest.raises(DataError, match="holds no embeddings"):
        open_embeddings(tmp_path)
    with pytest.raises(NotTextError, match=r"texts\[1\] is a pair"):
        model.encode_to(tmp_path / "pairs", ["a", ("b", "c")], "parquet")
    with pytest.raises(InputError, match="format must be one of 'npy'"):
        model.encode_to(tmp_path / "v", TEXTS, "nyp")
    with pytest.raises(InputError, match="shard_size must be a whole number"):
        model.encode_to(tmp_path / "v", TEXTS, shard_size=0)


def test_two_jobs_do_not_write_to_one_folder(model, tmp_path):
    pytest.importorskip("fcntl")

    def texts():
        yield from TEXTS[:100]
        with pytest.raises(DataError, match="Another process is writing to"):
            model.encode_to(tmp_path / "v", TEXTS, shard_size=100)
        yield from TEXTS[100:]

    assert len(model.encode_to(tmp_path / "v", texts(), shard_size=100)) == 250


def test_a_full_disk_keeps_what_is_finished(model, monkeypatch, tmp_path):
    from sbert.data.writers import NpyWriter

    real, calls = NpyWriter.write, []

    def write(self, vectors, texts):
        calls.append(len(vectors))
        real(self, vectors[: len(vectors) // 2], texts)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(self, vectors[len(vectors) // 2 :], texts)

    monkeypatch.setattr(NpyWriter, "write", write)
    with pytest.raises(DataError, match=r"No space left on device\)\. The shards before it are kept"):
        model.encode_to(tmp_path / "v", TEXTS, shard_size=100)
    assert set(contents(tmp_path / "v")) == {MANIFEST, "shard-00000.npy"}
    with pytest.raises(DataError, match="is not finished: it has 100 vectors so far"):
        open_embeddings(tmp_path / "v")
    assert len(open_embeddings(tmp_path / "v", partial=True)) == 100
    np.testing.assert_array_equal(model.encode_to(tmp_path / "v", TEXTS, shard_size=100).array(), model.encode(TEXTS))


def test_an_error_of_the_texts_keeps_what_is_finished(model, tmp_path):
    def texts():
        yield from TEXTS[:150]
        raise OSError("the network went")

    with pytest.raises(OSError, match="the network went"):
        model.encode_to(tmp_path / "v", texts(), shard_size=100)
    assert len(open_embeddings(tmp_path / "v", partial=True)) == 100
    with pytest.raises(NotTextError, match=r"inputs\[100\] must be a string"):
        model.encode_to(tmp_path / "v", [*TEXTS[:100], 7], shard_size=100)


def test_readers_compare_files_with_the_manifest(model, tmp_path):
    path = tmp_path / "v"
    model.encode_to(path, TEXTS, shard_size=100)
    np.save(path / "shard-00001.npy", np.zeros((99, 32), np.float32))
    with pytest.raises(DataError, match=r"holds float32 vectors of the shape \(99, 32\); its manifest says"):
        open_embeddings(path).array()
    (path / "shard-00001.npy").write_bytes(b"x")
    with pytest.raises(DataError, match="cannot be read as a shard"):
        open_embeddings(path).array()
    (path / "shard-00001.npy").unlink()
    with pytest.raises(DataError, match=r"has lost shard-00001\.npy"):
        open_embeddings(path)
    manifest = json.loads((path / MANIFEST).read_text())
    (path / MANIFEST).write_text(json.dumps(manifest | {"form": 99}))
    with pytest.raises(DataError, match="is of form 99; this version reads 1"):
        open_embeddings(path)


def test_death_between_a_file_and_its_entry(model, tmp_path):
    """A file that the manifest does not name yet is made again, to the same bytes; scratch files go."""
    path, options = tmp_path / "v", {"precision": "int8", "shard_size": 100}
    model.encode_to(path, TEXTS, **options)
    before = contents(path)
    manifest = json.loads((path / MANIFEST).read_text())
    for kept in (0, 1):
        shards = manifest["shards"][:kept]
        cut = manifest | {"shards": shards, "rows": 100 * kept, "complete": False}
        cut["ranges"] = manifest["ranges"] if kept else None
        (path / MANIFEST).write_text(json.dumps(cut))
        (path / ".shard-00003.npy.123.abcd.tmp").write_bytes(b"half")
        model.encode_to(path, TEXTS, **options)
        assert contents(path) == before


# --- kill -9 --------------------------------------------------------------------------------------------------------

JOB = """
import sys
from sbert import SentenceTransformer
WORDS = sys.stdin.readline().split()  # importing them would bring torch along, six times
model = SentenceTransformer(sys.argv[1], backend="openvino")
texts = (f"{WORDS[n % 200]} {WORDS[n // 7 % 200]} {WORDS[n // 3 % 200]}" for n in range(3000))
print("loaded", flush=True)
model.encode_to(sys.argv[2], texts, sys.argv[3], precision=sys.argv[4], shard_size=150)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
@pytest.mark.parametrize(("form", "precision"), [("npy", "float32"), ("safetensors", "int8")])
def test_killed_at_any_moment_the_bytes_are_the_same(folder, tmp_path, form, precision):
    def start(path):
        source = os.pathsep.join([str(Path(sbert.__file__).parents[1]), str(Path(__file__).parents[1])])
        command = [sys.executable, "-c", JOB, str(folder), str(path), form, precision]
        process = subprocess.Popen(
            command, env=os.environ | {"PYTHONPATH": source}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        process.stdin.write(" ".join(WORDS) + "\n")
        process.stdin.close()
        assert process.stdout.readline() == "loaded\n"
        return process

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    began = time.monotonic()
    assert start(whole).wait() == 0
    lasts = time.monotonic() - began
    moments, progress = random.Random(form), []
    for _ in range(4):
        process = start(killed)
        time.sleep(moments.uniform(0, lasts / 3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (killed / MANIFEST).exists():
            progress.append(json.loads((killed / MANIFEST).read_text())["rows"])
    assert progress == sorted(progress)  # nothing that was finished is lost
    assert start(killed).wait() == 0
    assert contents(killed) == contents(whole)
    assert open_embeddings(killed).shape == (3000, 32)


def test_nothing_is_warned_of_in_a_plain_job(model, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.encode_to(tmp_path / "v", TEXTS, shard_size=100)
