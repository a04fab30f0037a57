"""Jobs spread over a local Ray cluster: the bytes of one process, also when workers are killed in the middle."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sbert
from sbert import Index, SentenceTransformer
from sbert.data import open_embeddings
from sbert.data.manifest import MANIFEST
from sbert.errors import DataError, EngineError, InputError, MissingDependencyError, NotTextError, SbertWarning
from support.tiny import WORDS, make_tiny_model

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'sbert[ray]'")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed as POSIX does it")

from sbert.integrations.ray import RayCorpus, RayWorkers, texts_of  # noqa: E402

SOURCE = os.pathsep.join([str(Path(sbert.__file__).parents[1]), str(Path(__file__).parents[1])])
chosen = random.Random(0)
TEXTS = [" ".join(chosen.choices(WORDS, k=chosen.randint(1, 30))) for _ in range(1000)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", "bert")


@pytest.fixture(scope="module")
def model(folder):
    return SentenceTransformer(folder, backend="openvino")


@pytest.fixture(scope="module")
def cluster():
    """A cluster with room for two workers and for what Ray Data does, whatever this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield
        ray.shutdown()


@pytest.fixture(scope="module")
def workers(cluster):
    with RayWorkers(count=2) as started:
        yield started


def contents(path):
    return {file.name: file.read_bytes() for file in sorted(Path(path).iterdir())}


def killing(texts, at, pids):
    """Texts, of which the one with some number ends a worker as it is drawn."""
    for number, text in enumerate(texts):
        if number == at:
            os.kill(pids[0], signal.SIGKILL)
        yield text


@pytest.mark.parametrize(("form", "precision"), [("npy", "float32"), ("safetensors", "int8")])
def test_a_worker_is_killed_and_the_bytes_are_those_of_one_process(model, workers, tmp_path, form, precision):
    options = {"format": form, "precision": precision, "shard_size": 100}
    model.encode_to(tmp_path / "one", TEXTS, **options)
    pids = workers.pids(model)
    assert len(set(pids)) == 2
    assert os.getpid() not in pids
    model.encode_to(tmp_path / "many", killing(TEXTS, 450, pids), workers=workers, **options)
    assert contents(tmp_path / "many") == contents(tmp_path / "one")
    assert set(workers.pids(model)) != set(pids)  # one was started again


def test_either_goes_on_with_what_the_other_began(model, workers, tmp_path):
    whole = model.encode_to(tmp_path / "whole", TEXTS, shard_size=100)
    for first, then in ((None, workers), (workers, None)):
        path = tmp_path / ("mine" if first is None else "theirs")
        with pytest.raises(NotTextError, match=r"inputs\[520\] must be a string; got int"):
            model.encode_to(path, [*TEXTS[:520], 7], shard_size=100, workers=first)
        assert json.loads((path / MANIFEST).read_text())["rows"] == 500
        (path / "shard-00001.npy").unlink()
        with pytest.warns(SbertWarning, match=r"shard-00001\.npy was damaged and is made anew"):
            model.encode_to(path, TEXTS, shard_size=100, workers=then)
        assert contents(path) == contents(whole.folder)


def test_a_cluster_makes_a_part(model, workers, tmp_path):
    whole = model.encode_to(tmp_path / "whole", TEXTS, precision="int8", shard_size=100)
    model.encode_to(tmp_path / "v", TEXTS, precision="int8", shard_size=100, shard=(0, 2))
    model.encode_to(tmp_path / "v", TEXTS, precision="int8", shard_size=100, shard=(1, 2), workers=workers)
    np.testing.assert_array_equal(open_embeddings(tmp_path / "v").array(), whole.array())


def test_texts_that_fail_keep_what_came_before(model, workers, tmp_path):
    def texts():
        yield from TEXTS[:250]
        raise OSError("the network went")

    with pytest.raises(OSError, match="the network went"):
        model.encode_to(tmp_path / "v", texts(), shard_size=100, workers=workers)
    assert json.loads((tmp_path / "v" / MANIFEST).read_text())["rows"] == 200
    with pytest.raises(DataError, match=r"texts have changed.*\(a worker of Ray\)"):
        model.encode_to(tmp_path / "v", ["another", *TEXTS[1:]], shard_size=100, workers=workers)


def test_a_worker_with_another_model_refuses(folder, workers, tmp_path):
    """The folder has changed since this process read it, as on a machine that has another version of it."""
    other = make_tiny_model(tmp_path / "other", "bert", seed=1)
    model = SentenceTransformer(other, backend="openvino")
    _ = model.fingerprint
    make_tiny_model(other, "bert", seed=2)
    with pytest.raises(EngineError, match="is another model than that of the job"):
        model.encode_to(tmp_path / "v", TEXTS[:10], workers=workers)


def test_room_and_arguments(cluster, model, tmp_path):
    with pytest.raises(InputError, match="5 workers of 1 cores each do not fit into the cluster, which has 4 cores"):
        RayWorkers(count=5)
    with pytest.raises(InputError, match="room for 0"):
        RayWorkers(cpus=5)
    with pytest.raises(InputError, match="count must be a whole number"):
        RayWorkers(count=0)
    with RayWorkers(cpus=2) as few:
        assert few.count == 2
    assert ray.is_initialized()  # a cluster that was there stays


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = tmp_path_factory.mktemp("texts")
    pq.write_table(pa.table({"n": list(range(400)), "text": TEXTS[:400]}), place / "a.parquet", row_group_size=90)
    lines = [json.dumps({"body": text}) for text in TEXTS[400:700]]
    lines.insert(7, "{broken")
    (place / "b.jsonl").write_text("\n".join(lines))
    (place / "c.txt").write_text("\n".join(TEXTS[700:]))
    return place


def test_ray_data_reads_files_as_this_process_does(cluster, files):
    corpus = RayCorpus([str(files)], on_bad_line="skip")
    assert list(corpus) == TEXTS
    assert [file.column for file in corpus.files] == ["text", "body", None]
    assert corpus.skipped == 1
    assert "b.jsonl, line 8: not JSON" in corpus.first_skipped
    with pytest.raises(DataError, match=r"b\.jsonl, line 8: not JSON.*Ray Data"):
        list(RayCorpus([str(files)]))


def test_paths_are_seen_from_the_folder_of_the_process_that_asks(cluster, files, folder, monkeypatch, tmp_path):
    """A cluster was started in another folder, where there are no such files."""
    monkeypatch.chdir(files.parent)
    shutil.copytree(folder, files.parent / "near")
    texts = list(RayCorpus([files.name], on_bad_line="skip"))
    assert texts == TEXTS
    model = SentenceTransformer("near")
    with RayWorkers() as workers:
        model.encode_to("vectors", texts, workers=workers)
    model.encode_to(tmp_path / "of-one", texts)
    names = sorted(path.name for path in (tmp_path / "of-one").glob("shard-*"))
    assert names
    for name in names:
        assert Path("vectors", name).read_bytes() == (tmp_path / "of-one" / name).read_bytes()
    with pytest.raises(DataError, match=rf"^{files.name}/b\.jsonl, line 8: not JSON"):
        list(RayCorpus([files.name]))


def test_texts_of_a_data_set(cluster, files):
    import ray.data

    read = ray.data.read_parquet(str(files / "a.parquet"))
    assert list(texts_of(read, "text")) == TEXTS[:400]
    with pytest.raises(DataError, match=r"no column 'body'; it has 'n', 'text'"):
        texts_of(read, "body")
    with pytest.raises(DataError, match="Row 0 of the data set: 'n' is int, not text"):
        list(texts_of(read, "n"))


def test_texts_of_lance(cluster, tmp_path):
    pytest.importorskip("lance", reason="pylance is not installed")
    import lance
    import pyarrow as pa
    import ray.data

    lance.write_dataset(pa.table({"text": TEXTS}), str(tmp_path / "t.lance"), max_rows_per_file=300)
    assert list(texts_of(ray.data.read_lance(str(tmp_path / "t.lance")), "text")) == TEXTS


def test_an_index_has_the_same_rows(model, workers, tmp_path):
    pytest.importorskip("lancedb")
    documents = [{"id": str(number), "text": text} for number, text in enumerate(TEXTS[:200])]
    rows = []
    for name, others in (("one", None), ("many", workers)):
        index = Index.create(tmp_path / f"{name}.lance", model)
        if others is not None:
            pids = others.pids(model)
            os.kill(pids[0], signal.SIGKILL)  # its part is given to it again
        assert index.add(documents, workers=others).added == 200
        found = index.contents()
        order = np.argsort([str(document) for document in found.documents])
        rows.append(([found.documents[place] for place in order], found.vectors[order]))
    assert rows[0][0] == rows[1][0]
    np.testing.assert_array_equal(rows[0][1], rows[1][1])


def test_the_command(folder, files, cluster, tmp_path):
    """In a process of its own, with a cluster of its own."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")])}
    results = {}
    for name, more in (("one", []), ("many", ["--ray", "local", "--workers", "2"])):
        command = [sys.executable, "-m", "sbert", "encode", str(files), "-m", str(folder), "-o", f"{tmp_path / name}/"]
        command += ["--backend", "openvino", "--shard-size", "90", "--on-bad-line", "skip", *more]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "1 lines were left out" in done.stderr
        results[name] = contents(tmp_path / name)
    assert results["one"] == results["many"]


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sbert\[ray\]'"):
        RayWorkers()
