"""int8: small rounding errors, the same bits for the same text, and a cache that is never trusted blindly."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sbert import SentenceTransformer
from sbert.checkpoints import read, resolve
from sbert.checkpoints.weights import Weights
from sbert.engines.openvino import OpenVINOEngine, engine, kept_fidelity
from sbert.engines.openvino.graph import Tensors, op
from sbert.engines.openvino.int8 import cache, calibrate, texts
from sbert.engines.openvino.int8 import search as search_module
from sbert.engines.openvino.int8.linears import Int8Linears, int8_tensors
from sbert.engines.openvino.int8.observe import Observed
from sbert.engines.openvino.int8.search import quantize_weight, search
from sbert.engines.openvino.runtime import computes_int8, import_openvino, run_once
from sbert.errors import EngineError, InputError, NotTextError, SbertWarning
from support.reference import row_cosines
from support.shared import real_texts, rows
from support.tiny import ARCHITECTURES, WORDS, make_tiny_model

TEXTS = ["a man reads a book", "", "the dog sleeps", " ".join(WORDS[:40]), "hello", "what a night it is!"]

pytestmark = pytest.mark.skipif(
    not computes_int8(), reason="this processor has no int8 arithmetic that cannot overflow"
)


@pytest.fixture
def few_texts(monkeypatch, tmp_path):
    """Calibration on a few texts, which is enough for tiny models, and a cache of the test's own."""
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(" ".join(WORDS[i : i + 1 + i % 9]) for i in range(40)), encoding="utf-8")
    monkeypatch.setattr(texts, "FILE", file)
    monkeypatch.setattr(cache, "FILE", file)
    monkeypatch.setattr(calibrate, "LEAST", 0.9)  # random weights are harder than trained ones
    monkeypatch.setenv("SBERT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def tiny(tmp_path, few_texts):
    return make_tiny_model(tmp_path / "tiny", "bert")


# --- the arithmetic ---------------------------------------------------------------------------------------------------


@given(arrays(np.float32, (3, 5), elements=st.floats(-100, 100, width=32)))
def test_weights_are_at_most_half_a_step_off(weight):
    codes, scale = quantize_weight(weight)
    assert codes.dtype == np.int8
    assert codes.min(initial=0) >= -127
    assert (np.abs(codes * scale[:, None] - weight) <= scale[:, None] * 0.5001).all()


def test_weights_by_hand():
    codes, scale = quantize_weight(np.array([[1.27, -0.64], [0, 0]], np.float32))
    assert codes.tolist() == [[127, -64], [0, 0]]
    assert scale == pytest.approx([0.01, 1])


def test_an_outlying_channel_is_divided_before_rounding():
    """With one channel a hundred times the others, one range for all would leave those three steps."""
    generator = np.random.default_rng(0)
    sample = generator.normal(size=(200, 16)).astype(np.float32)
    sample[:, 3] *= 100
    weight = generator.normal(size=(8, 16)).astype(np.float32)
    weight[:, 3] /= 100
    scales = search(Observed(sample, sample.min(axis=0), sample.max(axis=0)), weight)
    assert scales.channel[3] > 10 * np.median(scales.channel)
    assert scales.error < 1e-3
    step = (scales.high - scales.low) / 255
    assert round(scales.low / step) == pytest.approx(scales.low / step)  # 0 is one of the steps


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_the_range_holds_zero_and_the_error_is_small(seed, size):
    generator = np.random.default_rng(seed)
    sample = (generator.normal(size=(50, 8)) * size + size).astype(np.float32)
    scales = search(
        Observed(sample, sample.min(axis=0), sample.max(axis=0)), generator.normal(size=(4, 8)).astype("f4")
    )
    assert scales.low <= 0 <= scales.high
    assert scales.error < 0.01


def outlying(tokens=300, width=64, outputs=24, channels=(5, 40)):
    """Inputs and weights of a layer that division alone cannot help: some channels are large in both."""
    generator = np.random.default_rng(0)
    sample = generator.normal(size=(tokens, width)).astype(np.float32)
    weight = generator.normal(size=(outputs, width)).astype(np.float32)
    for channel in channels:
        sample[::9, channel] *= 1000  # in a few tokens only, as in real networks
        weight[:, channel] *= 10
    return Observed(sample, sample.min(axis=0), sample.max(axis=0)), weight


def test_channels_that_no_division_helps_are_kept_in_float(monkeypatch):
    observed, weight = outlying()
    scales = search(observed, weight)
    assert {5, 40} <= set(scales.kept.tolist())
    monkeypatch.setattr(search_module, "_LARGE_ERROR", np.inf)
    without = search(observed, weight)
    assert not len(without.kept)
    assert scales.error < without.error / 4


def test_a_layer_with_kept_channels_computes_what_was_searched():
    observed, weight = outlying()
    scales = search(observed, weight)
    stored = Weights({"layer.weight": (weight, "")}, "here")
    tensors = Weights({name: (array, "") for name, array in int8_tensors(stored, ["layer"], scales).items()}, "here")
    x = op.parameter([-1, -1, weight.shape[1]], np.float32, "x")
    linears = Int8Linears(tensors)
    outputs = linears.apply(x, Tensors(tensors, "layer.weight", linears), ["layer"])
    run = run_once(import_openvino().Model(outputs, [x], "layer"), "f32")
    found, wanted = run([observed.sample[None]])[0][0], observed.sample @ weight.T
    error = np.square(found - wanted).sum(axis=1) / np.square(wanted).sum(axis=1)
    assert error.mean() == pytest.approx(scales.error, rel=0.1)


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_is_near_float32_and_gives_the_same_bits(architecture, tmp_path, few_texts):
    folder = make_tiny_model(tmp_path / architecture, architecture)
    exact = SentenceTransformer(folder, backend="openvino").encode(TEXTS)
    model = SentenceTransformer(folder, dtype="int8")
    together = model.encode(TEXTS)
    assert model.dtype == "int8"
    assert row_cosines(exact, together).mean() > 0.97
    assert not np.array_equal(exact, together)
    np.testing.assert_array_equal(np.stack([model.encode(text) for text in TEXTS]), together)
    np.testing.assert_array_equal(model.encode(TEXTS[::-1])[::-1], together)


@pytest.fixture(scope="module")
def minilm_int8():
    return SentenceTransformer("all-MiniLM-L6-v2", dtype="int8", on_truncation="ignore")


def test_minilm_keeps_its_quality(minilm, minilm_int8):
    found = real_texts(400)
    cosines = row_cosines(minilm.encode(found, on_truncation="ignore"), minilm_int8.encode(found))
    assert cosines.mean() >= 0.997
    assert cosines.min() >= 0.97
    fidelity = minilm_int8.engine.quantized.fidelity
    assert fidelity.mean >= 0.995
    assert kept_fidelity(minilm.spec) == fidelity


def test_minilm_gives_the_same_bits_in_any_company(minilm_int8):
    found = [row["definition"] for row in rows("corpora/wordnet-glosses.tsv.gz")[:400]]
    together = minilm_int8.encode(found)
    order = np.random.default_rng(0).permutation(len(found))
    np.testing.assert_array_equal(minilm_int8.encode([found[i] for i in order]), together[order])
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(minilm_int8.encode, found[:60]))
    np.testing.assert_array_equal(np.stack(alone), together[:60])


def test_sensitive_layers_are_left_in_float(tiny, monkeypatch):
    all_layers = SentenceTransformer(tiny, dtype="int8").engine.quantized.fidelity
    assert all_layers.float_layers == 0
    monkeypatch.setattr(calibrate, "AIM", 1.1)  # cannot be had, so as many as are allowed
    monkeypatch.setattr(cache, "_FORM", -1)
    some = SentenceTransformer(tiny, dtype="int8").engine.quantized.fidelity
    assert 0 < some.float_layers <= some.layers // 2
    assert some.mean >= all_layers.mean
    assert f"{some.float_layers} of {some.layers} linear layers stay in float" in str(some)


def test_too_great_a_loss_is_an_error(tiny, monkeypatch):
    monkeypatch.setattr(calibrate, "LEAST", 1.1)
    with pytest.raises(EngineError, match=r"int8 loses too much of .*: cosine to float32 .* Use dtype='bfloat16'"):
        SentenceTransformer(tiny, dtype="int8")


@pytest.mark.parametrize(("capabilities", "used"), [({"FP32", "BF16"}, "bfloat16"), ({"FP32"}, "float32")])
def test_a_processor_without_int8_uses_the_next_best(tiny, monkeypatch, capabilities, used):
    monkeypatch.setattr(engine, "computes_int8", lambda: False)
    monkeypatch.setattr(engine, "cpu_capabilities", lambda: capabilities)
    with pytest.warns(SbertWarning, match=rf"no int8 arithmetic that cannot overflow \(VNNI\); {used} is used instead"):
        model = SentenceTransformer(tiny, dtype="int8")
    assert model.dtype == used
    assert np.isfinite(model.encode(TEXTS)).all()


def test_torch_has_no_int8(tiny):
    with pytest.raises(InputError, match="dtype='int8' runs on the OpenVINO engine; got backend='torch'"):
        SentenceTransformer(tiny, dtype="int8", backend="torch")


# --- texts to calibrate on --------------------------------------------------------------------------------------------


def test_the_texts_of_the_package_are_of_many_lengths_and_languages():
    lines = texts.FILE.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(list(filter(str.strip, lines))) == 595
    lengths = sorted(map(len, lines))
    assert lengths[10] < 20
    assert lengths[-10] > 1500
    assert sum(not line.isascii() for line in lines) > 100


def test_own_texts_are_used_beside_them(tiny):
    plain = SentenceTransformer(tiny, dtype="int8")
    own = SentenceTransformer(tiny, dtype="int8", calibrate=(text for text in ["zebra " * 20, "fox"]))
    assert own.engine.quantized.fidelity.texts >= plain.engine.quantized.fidelity.texts
    assert own.fingerprint != plain.fingerprint


def test_prompts_are_put_in_front_of_some():
    """The model's own, and those that widely used models want though their folders do not say so."""
    shown, held_back = texts.calibration_texts(None, ["my prompt: ", ""])
    assert not set(shown) & set(held_back)
    for part in (shown, held_back):
        assert 0.25 < np.mean([text.startswith("my prompt: ") for text in part]) < 0.5
        assert 0.02 < np.mean([text.startswith("passage: ") for text in part]) < 0.1


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("one text", InputError, "calibrate must be texts in a list; got a single string"),
        ([" "], InputError, "calibrate holds no text"),
        (["a", 7], NotTextError, r"calibrate\[1\] must be a string; got int"),
    ],
)
def test_wrong_texts(tiny, value, error, message):
    with pytest.raises(error, match=message):
        SentenceTransformer(tiny, dtype="int8", calibrate=value)


def test_texts_without_int8_are_refused(tiny):
    with pytest.raises(InputError, match="calibrate is for dtype='int8'; got dtype='float32'"):
        SentenceTransformer(tiny, calibrate=["a"])


# --- the cache --------------------------------------------------------------------------------------------------------


def entry_of(folder):
    (entry,) = (folder.parent / "cache" / "int8").iterdir()
    return entry


def test_a_model_is_calibrated_once(tiny, monkeypatch):
    first = SentenceTransformer(tiny, dtype="int8")
    monkeypatch.setattr(cache, "quantize", None)  # calling it would fail
    second = SentenceTransformer(tiny, dtype="int8")
    np.testing.assert_array_equal(first.encode(TEXTS), second.encode(TEXTS))
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("file", ["model.safetensors", "about.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_entry_is_made_anew(tiny, file, damage):
    wanted = SentenceTransformer(tiny, dtype="int8").encode(TEXTS)
    path = entry_of(tiny) / file
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    elif damage == "changed":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        path.unlink()
    if (file, damage) == ("about.json", "gone"):  # an entry that never was whole
        model = SentenceTransformer(tiny, dtype="int8")
    else:
        with pytest.warns(SbertWarning, match=r"is damaged \(.*\) and is made anew"):
            model = SentenceTransformer(tiny, dtype="int8")
    np.testing.assert_array_equal(model.encode(TEXTS), wanted)
    SentenceTransformer(tiny, dtype="int8")  # warnings are errors here: the entry is whole again


def test_a_cache_that_cannot_be_written_is_told_and_the_model_works(tiny, monkeypatch, tmp_path):
    wanted = SentenceTransformer(tiny, dtype="int8").encode(TEXTS)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SBERT_CACHE", str(tmp_path / "file" / "below"))
    with pytest.warns(SbertWarning, match=r"cannot be kept in .*file.*Set SBERT_CACHE"):
        model = SentenceTransformer(tiny, dtype="int8")
    np.testing.assert_array_equal(model.encode(TEXTS), wanted)


def test_the_key_depends_on_all_that_numbers_come_from(tmp_path, few_texts, monkeypatch):
    one, other = (read(make_tiny_model(tmp_path / name, "bert", seed=seed)) for name, seed in (("a", 1), ("b", 2)))
    key = cache.cache_key(one, one.transformer.weights(), None)
    keys = {
        key,
        cache.cache_key(other, other.transformer.weights(), None),
        cache.cache_key(one, one.transformer.weights(), ["a text"]),
    }
    monkeypatch.setattr(cache, "runtime_version", lambda: "another")
    keys.add(cache.cache_key(one, one.transformer.weights(), None))
    monkeypatch.setattr(cache, "cpu_capabilities", lambda: {"FP32"})
    keys.add(cache.cache_key(one, one.transformer.weights(), None))
    assert len(keys) == 5


# --- a folder of its own ----------------------------------------------------------------------------------------------


def test_a_folder_in_int8_gives_the_same_bits(tiny, tmp_path, monkeypatch):
    model = SentenceTransformer(tiny, dtype="int8")
    model.save_int8(tmp_path / "small")
    monkeypatch.setenv("SBERT_CACHE", str(tmp_path / "empty"))
    monkeypatch.setattr(cache, "quantize", None)
    loaded = SentenceTransformer(tmp_path / "small")
    assert loaded.dtype == "int8"
    np.testing.assert_array_equal(loaded.encode(TEXTS), model.encode(TEXTS))
    assert loaded.fingerprint == model.fingerprint
    assert loaded.engine.quantized.fidelity == model.engine.quantized.fidelity == kept_fidelity(loaded.spec)
    loaded.save_pretrained(tmp_path / "again")
    np.testing.assert_array_equal(SentenceTransformer(tmp_path / "again").encode(TEXTS), model.encode(TEXTS))


def test_the_folder_of_minilm_is_a_quarter_of_the_size(minilm_int8, tmp_path):
    minilm_int8.save_int8(tmp_path)
    full = resolve("all-MiniLM-L6-v2").folder / "model.safetensors"
    assert (tmp_path / "model.int8.safetensors").stat().st_size < full.stat().st_size / 3


def test_other_dtypes_engines_and_readers_refuse_such_a_folder(tiny, tmp_path):
    import transformers

    SentenceTransformer(tiny, dtype="int8").save_int8(tmp_path / "small")
    with pytest.raises(InputError, match=r"is stored in int8; got dtype=.float32.\. Leave dtype out"):
        SentenceTransformer(tmp_path / "small", dtype="float32")
    with pytest.raises(InputError, match="got backend='torch'"):
        SentenceTransformer(tmp_path / "small", backend="torch")
    with pytest.raises(InputError, match="is stored in int8 already: leave calibrate out"):
        SentenceTransformer(tmp_path / "small", calibrate=["a"])
    with pytest.raises(OSError, match=r"no file named .*model\.safetensors"):
        transformers.AutoModel.from_pretrained(tmp_path / "small")


def test_a_processor_without_int8_widens_a_folder_in_int8(tiny, tmp_path, monkeypatch):
    model = SentenceTransformer(tiny, dtype="int8")
    model.save_int8(tmp_path / "small")
    monkeypatch.setattr(engine, "computes_int8", lambda: False)
    monkeypatch.setattr(engine, "cpu_capabilities", lambda: {"FP32"})
    with pytest.warns(SbertWarning, match="float32 is used instead"):
        wide = SentenceTransformer(tmp_path / "small")
    assert wide.dtype == "float32"
    exact = SentenceTransformer(tiny, backend="openvino").encode(TEXTS)
    assert row_cosines(wide.encode(TEXTS), exact).mean() > 0.99


def test_saving_int8_of_a_model_in_float_is_refused(tiny, tmp_path):
    with pytest.raises(InputError, match=r"load it with dtype=.int8..*computes in float32"):
        SentenceTransformer(tiny, backend="openvino").save_int8(tmp_path / "small")
    assert not (tmp_path / "small").exists()


def test_a_folder_that_does_not_tell_its_fidelity_is_damaged(tiny, tmp_path):
    from sbert.errors import CorruptCheckpointError

    SentenceTransformer(tiny, dtype="int8").save_int8(tmp_path / "small")
    config = tmp_path / "small" / "config.json"
    facts = json.loads(config.read_text())
    del facts["quantization_config"]["fidelity"]
    config.write_text(json.dumps(facts))
    with pytest.raises(CorruptCheckpointError, match="does not say how faithful"):
        SentenceTransformer(tmp_path / "small")


def test_copies_are_in_int8_too(tiny):
    import pickle

    model = SentenceTransformer(tiny, dtype="int8", calibrate=["a text", "another"])
    copied = pickle.loads(pickle.dumps(model.engine))
    assert isinstance(copied, OpenVINOEngine)
    assert copied.weights_digest() == model.engine.weights_digest()


# --- compiled graphs --------------------------------------------------------------------------------------------------


def blobs_of(folder):
    return sorted((folder.parent / "cache" / "compiled").iterdir())


def test_a_compiled_graph_is_read_back_and_gives_the_same_bits(tiny, monkeypatch):
    wanted = SentenceTransformer(tiny, dtype="int8").encode(TEXTS)
    assert len(blobs_of(tiny)) == 1
    monkeypatch.setattr(engine, "compile_for_cpu", None)  # calling it would fail
    np.testing.assert_array_equal(SentenceTransformer(tiny, dtype="int8").encode(TEXTS), wanted)


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_compiled_graph_is_made_anew(tiny, damage):
    wanted = SentenceTransformer(tiny, dtype="int8").encode(TEXTS)
    (path,) = blobs_of(tiny)
    content = bytearray(path.read_bytes())
    whole = bytes(content)
    content[len(content) // 2] ^= 1
    path.write_bytes({"cut": whole[:-7], "changed": bytes(content), "empty": b""}[damage])
    np.testing.assert_array_equal(SentenceTransformer(tiny, dtype="int8").encode(TEXTS), wanted)
    assert path.read_bytes() != bytes(content)
    assert len(path.read_bytes()) == len(whole)


def test_another_pooling_is_another_graph(tmp_path, few_texts):
    mean = make_tiny_model(tmp_path / "mean", "bert")
    largest = make_tiny_model(tmp_path / "max", "bert", pooling=("max",))
    one, other = (SentenceTransformer(folder, dtype="int8").encode(TEXTS) for folder in (mean, largest))
    assert not np.allclose(one, other)
    np.testing.assert_array_equal(SentenceTransformer(mean, dtype="int8").encode(TEXTS), one)
    np.testing.assert_array_equal(SentenceTransformer(largest, dtype="int8").encode(TEXTS), other)


def test_settings_changed_later_are_another_graph_too(tiny):
    model = SentenceTransformer(tiny, dtype="int8")
    before = model.encode(TEXTS, prompt="the dog ")
    model.set_pooling_include_prompt(False)
    after = model.encode(TEXTS, prompt="the dog ")
    assert not np.array_equal(before, after)
    again = SentenceTransformer(tiny, dtype="int8")
    np.testing.assert_array_equal(again.encode(TEXTS, prompt="the dog "), before)
