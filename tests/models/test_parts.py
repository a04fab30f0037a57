"""Jobs that several machines share out: the parts together are the job of one machine, and nothing is lost or twice."""

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert import SentenceTransformer
from sbert.data import open_embeddings
from sbert.data.manifest import MANIFEST
from sbert.data.parts import Part
from sbert.errors import DataError, InputError, SbertWarning
from sbert.models import streaming
from support.static import static_folder
from support.tiny import WORDS, make_tiny_model

#: No two alike, so that a text which is lost, twice or out of order shows in the vectors.
TEXTS = [f"{first} {second} {third}" for first, second in pairwise(WORDS) for third in WORDS[:8]][:250]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return SentenceTransformer(make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", "bert"), backend="openvino")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return SentenceTransformer(str(static_folder(tmp_path_factory.mktemp("static"))))


def files(path):
    """The files of vectors below a folder, by their names; a name that comes twice is an error."""
    found = {}
    for file in sorted(Path(path).rglob("shard-*")):
        assert file.name not in found
        found[file.name] = file.read_bytes()
    return found


def in_parts(model, path, texts, count, **options):
    for index in reversed(range(count)):  # in no order that could help
        model.encode_to(path, texts, shard=(index, count), **options)
    return open_embeddings(path)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.integers(1, 6), st.integers(1, 9))
def test_parts_together_are_the_job_of_one_machine(quick, rows, count, size):
    texts = [f"cat {'dog ' * number}" for number in range(rows)]
    with tempfile.TemporaryDirectory() as folder:
        whole = quick.encode_to(Path(folder) / "whole", texts, "safetensors", shard_size=size)
        joined = in_parts(quick, Path(folder) / "parts", iter(texts) if count == 1 else texts, count,
                          format="safetensors", shard_size=size)  # fmt: skip
        assert files(joined.folder) == files(whole.folder)
        np.testing.assert_array_equal(joined.array(), whole.array())
        assert len(joined) == sum(map(len, joined.chunks())) == rows
        own = [len(open_embeddings(joined.folder / Part(index, count).folder)) for index in range(count)]
        assert sum(own) == rows
        assert max(own) - min(own) <= size


@pytest.mark.parametrize("form", ["npy", "parquet"])
def test_texts_and_vectors_stay_in_their_order(model, tmp_path, form):
    joined = in_parts(model, tmp_path / "v", TEXTS, 3, format=form, shard_size=40)
    np.testing.assert_array_equal(joined.array(), model.encode(TEXTS))
    joined.verify()
    if form == "parquet":
        assert list(joined.texts()) == TEXTS


def test_bytes_have_the_ranges_of_the_first_shard_in_all_parts(model, tmp_path):
    options = {"precision": "int8", "shard_size": 100}
    whole = model.encode_to(tmp_path / "whole", TEXTS, **options)
    joined = in_parts(model, tmp_path / "parts", TEXTS, 3, **options)
    assert files(joined.folder) == files(whole.folder)
    np.testing.assert_array_equal(joined.ranges, whole.ranges)
    assert in_parts(model, tmp_path / "none", [], 2, **options).ranges is None


@pytest.mark.parametrize(("share", "fits"), [(1e-6, True), (0.05, False)])
def test_ranges_of_machines_of_different_kinds(model, tmp_path, monkeypatch, share, fits):
    """Vectors that differ in their last bits give ranges that do; those that differ by more cannot be joined."""
    model.encode_to(tmp_path / "v", TEXTS, precision="int8", shard_size=100, shard=(0, 2))
    real = streaming.calibrate_ranges
    monkeypatch.setattr(streaming, "calibrate_ranges", lambda vectors: real(vectors) * np.float32(1 + share))
    model.encode_to(tmp_path / "v", TEXTS, precision="int8", shard_size=100, shard=(1, 2))
    if fits:
        np.testing.assert_array_equal(open_embeddings(tmp_path / "v").ranges, real(model.encode(TEXTS[:100])))
    else:
        with pytest.raises(DataError, match=r"part-1-of-2 and .*part-0-of-2 have bytes of different ranges"):
            open_embeddings(tmp_path / "v")


def test_a_part_that_died_goes_on(model, tmp_path, monkeypatch):
    """What is finished is not made again, a file that was lost is, and the other part is not touched."""
    path, options = tmp_path / "v", {"shard_size": 40, "shard": (1, 2)}

    def texts():
        yield from TEXTS[:130]
        raise OSError("the network went")

    model.encode_to(path, TEXTS, shard_size=40, shard=(0, 2))
    with pytest.raises(OSError, match="the network went"):
        model.encode_to(path, texts(), **options)
    with pytest.raises(DataError, match=r"has 120 vectors so far\. Missing or not finished: part-1-of-2\."):
        open_embeddings(path)
    with pytest.raises(DataError, match=r"has 40 vectors so far\. Run"):
        open_embeddings(path / "part-1-of-2")
    np.testing.assert_array_equal(open_embeddings(path, partial=True).array(), model.encode(TEXTS[:120]))
    computed = []
    real = model.engine.embed
    monkeypatch.setattr(model.engine, "embed", lambda batch: computed.append(len(batch.ids)) or real(batch))
    model.encode_to(path, TEXTS, **options)
    assert sum(computed) == 80  # of 40 to 79, 120 to 159 and 200 to 239 the first were there
    (path / "part-1-of-2" / "shard-00003.npy").unlink()
    with pytest.raises(DataError, match=r"has lost part-1-of-2/shard-00003\.npy"):
        open_embeddings(path)
    with pytest.warns(SbertWarning, match=r"shard-00003\.npy was damaged and is made anew"):
        model.encode_to(path, TEXTS, **options)
    assert files(path) == files(model.encode_to(tmp_path / "whole", TEXTS, shard_size=40).folder)


def test_more_texts_at_the_end_are_taken(quick, tmp_path):
    in_parts(quick, tmp_path / "v", TEXTS[:110], 2, shard_size=40)
    quick.encode_to(tmp_path / "v", TEXTS, shard_size=40, shard=(0, 2))
    with pytest.raises(DataError, match=r"not made of the same texts.*: 250 by part-0-of-2, 110 by part-1-of-2\."):
        open_embeddings(tmp_path / "v")
    quick.encode_to(tmp_path / "v", TEXTS, shard_size=40, shard=(1, 2))
    np.testing.assert_array_equal(open_embeddings(tmp_path / "v").array(), quick.encode(TEXTS))


def test_a_machine_with_a_text_less_is_found_out(quick, tmp_path):
    """Its shards are as many as they should be; all texts behind the one that it has not are shifted."""
    quick.encode_to(tmp_path / "v", TEXTS, shard_size=40, shard=(0, 2))
    quick.encode_to(tmp_path / "v", TEXTS[1:], shard_size=40, shard=(1, 2))
    with pytest.raises(DataError, match=r"not made of the same texts.*fit together are 250; .*249 by part-1-of-2"):
        open_embeddings(tmp_path / "v")


def test_a_part_of_another_job_is_refused_before_the_work(quick, model, tmp_path):
    path = tmp_path / "v"
    quick.encode_to(path, TEXTS, shard_size=40, shard=(0, 2))
    with pytest.raises(DataError, match=r"part-0-of-2 holds vectors of the model .*overwrite"):
        model.encode_to(path, TEXTS, shard_size=40, shard=(1, 2))
    with pytest.raises(DataError, match="shard_size=40; this call has shard_size=50"):
        quick.encode_to(path, TEXTS, shard_size=50, shard=(1, 2))
    assert [folder.name for folder in path.iterdir()] == ["part-0-of-2"]
    for index in range(2):  # all begin again, one after the other
        model.encode_to(path, TEXTS, shard_size=40, shard=(index, 2), overwrite=True)
    np.testing.assert_array_equal(open_embeddings(path).array(), model.encode(TEXTS))


def test_a_folder_that_is_cut_in_another_way_is_refused(quick, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    quick.encode_to(whole, TEXTS)
    quick.encode_to(parts, TEXTS, shard=(1, 2))
    before = files(tmp_path)
    with pytest.raises(DataError, match=r"whole holds a job that is not cut .*this call is for part-0-of-2\. Write to"):
        quick.encode_to(whole, TEXTS, shard=(0, 2), overwrite=True)
    with pytest.raises(DataError, match=r"parts holds part-1-of-2; this call is for a job that is not cut"):
        quick.encode_to(parts, TEXTS)
    with pytest.raises(DataError, match=r"parts holds part-1-of-2; this call is for part-0-of-3"):
        quick.encode_to(parts, TEXTS, shard=(0, 3))
    assert files(tmp_path) == before


def test_folders_that_are_no_parts_of_a_job(quick, tmp_path):
    in_parts(quick, tmp_path / "v", TEXTS, 2, shard_size=40)
    (tmp_path / "v" / "part-0-of-2").rename(tmp_path / "first")
    (tmp_path / "v" / "part-1-of-2").rename(tmp_path / "v" / "part-0-of-2")
    with pytest.raises(DataError, match=r"was renamed: it has shard-00001\.npy where shard 0 should be"):
        open_embeddings(tmp_path / "v")
    (tmp_path / "first").rename(tmp_path / "v" / "part-2-of-3")
    with pytest.raises(DataError, match=r"has part-0-of-2 and part-2-of-3, of two jobs"):
        open_embeddings(tmp_path / "v")
    (tmp_path / "empty" / "part-0-of-2").mkdir(parents=True)
    with pytest.raises(DataError, match=rf"no {MANIFEST} in its parts"):
        open_embeddings(tmp_path / "empty")


def test_parts_are_written_at_the_same_time_and_none_twice(quick, tmp_path):
    pytest.importorskip("fcntl")

    def texts():
        yield from TEXTS[:100]
        quick.encode_to(tmp_path / "v", TEXTS, shard_size=40, shard=(1, 2))
        with pytest.raises(DataError, match=r"Another process is writing to .*part-0-of-2"):
            quick.encode_to(tmp_path / "v", TEXTS, shard_size=40, shard=(0, 2))
        yield from TEXTS[100:]

    quick.encode_to(tmp_path / "v", texts(), shard_size=40, shard=(0, 2))
    np.testing.assert_array_equal(open_embeddings(tmp_path / "v").array(), quick.encode(TEXTS))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2/0", r"part I of N, counted from 0: I is 0 or more and below N; got 2/0\."),
        ("3/2", r"got 3/2; of 2 parts the last is 1/2\."),
        ("8/8", r"got 8/8; of 8 parts the last is 7/8\."),
        ("x", r"I/N, such as 0/8 for the first of eight parts; got 'x'"),
        ("-1/2", "got '-1/2'"),
        ("1/2/3", "got '1/2/3'"),
        ("", "got ''"),
        ("١/٢", "got"),
    ],
)
def test_bad_parts_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        Part.parse(text)


@pytest.mark.parametrize("shard", [(2, 2), (-1, 2), (0, 0), (0.5, 2), (1,), 3, "0/2"])
def test_bad_parts_of_a_call_are_refused(quick, tmp_path, shard):
    with pytest.raises(InputError, match="shard must be"):
        quick.encode_to(tmp_path / "v", TEXTS, shard=shard)
    assert not (tmp_path / "v").exists()


def test_a_part_is_parsed():
    assert Part.parse("3/8") == Part.of((3, 8)) == Part(3, 8)
