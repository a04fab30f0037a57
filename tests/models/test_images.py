"""Models that read texts and images, beside transformers: preprocessing, both networks, and bad images."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
import transformers
from tokenizers import Tokenizer

from sbert import SentenceTransformer, models
from sbert.checkpoints import read
from sbert.checkpoints.modules import ImagePreprocessing
from sbert.errors import CheckpointError, ImageError, InputError, NotTextError, SbertWarning, UnsupportedModelError
from sbert.images import open_image, preprocessed
from support.image_models import SIZE, TEXTS, make_image_model, picture, pictures, preprocessing
from support.tiny import make_tiny_model

ENGINES = ("openvino", "torch")
ARCHITECTURES = ("clip", "siglip")
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    return {name: make_image_model(root / name, name) for name in ARCHITECTURES}


def network_of(folder):
    return transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()


def vectors_of(output):
    return getattr(output, "pooler_output", output).numpy()


def texts_by_transformers(folder, texts):
    """One at a time; SigLIP's with the padding that it was trained to read."""
    network, tokenizer = network_of(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    length = network.config.text_config.max_position_embeddings
    tokenizer.enable_truncation(length)
    if network.config.model_type == "siglip":
        tokenizer.enable_padding(length=length, pad_id=network.config.text_config.pad_token_id, pad_token="<pad>")
    with torch.no_grad():
        return np.concatenate(
            [vectors_of(network.get_text_features(torch.tensor([tokenizer.encode(text).ids]))) for text in texts]
        )


def images_by_transformers(folder, images):
    pixels = torch.tensor(processor(json.loads((folder / "preprocessor_config.json").read_text()), images))
    with torch.no_grad():
        return vectors_of(network_of(folder).get_image_features(pixels))


def processor(settings, images):
    """What transformers' own processors make of images, those that need no torchvision."""
    kind = settings["image_processor_type"]
    made = getattr(transformers, f"{kind}Pil", getattr(transformers, kind))(**settings)
    return np.stack(
        [np.asarray(made(image.convert("RGB"), return_tensors="np")["pixel_values"][0]) for image in images]
    )


# --- preprocessing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"size": {"shortest_edge": 40}},
        {"size": 24},
        {"resample": 2},
        {"do_center_crop": False, "size": {"height": 30, "width": 20}},
        {"do_resize": False, "crop_size": 60},
        {"crop_size": {"height": 10, "width": 24}},
        {"do_normalize": False},
        {"do_rescale": False},
    ],
)
def test_pixels_are_those_of_transformers(changes, tmp_path):
    settings = preprocessing("clip") | changes
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    steps = ImagePreprocessing.read(tmp_path)
    for image in pictures():
        expected = processor(settings, [image])[0]
        np.testing.assert_allclose(preprocessed(open_image(image, "it"), steps), expected, atol=1e-3)


def test_settings_may_be_those_of_a_whole_processor(tmp_path):
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": preprocessing("siglip")}))
    steps = ImagePreprocessing.read(tmp_path)
    assert (steps.size, steps.shortest, steps.crop, steps.shape) == ((SIZE, SIZE), None, None, (SIZE, SIZE))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": {"longest_edge": 32}}, "cannot be resized"),
        ({"size": {"shortest_edge": -1}}, "whole numbers above 0"),
        ({"resample": 9}, "'resample' must be one of"),
        ({"image_mean": [0.5]}, "three channels"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message, tmp_path):
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(preprocessing("clip") | changes))
    with pytest.raises((CheckpointError, UnsupportedModelError), match=message):
        ImagePreprocessing.read(tmp_path)
    with pytest.raises(CheckpointError, match="says how images are read"):
        ImagePreprocessing.read(tmp_path / "elsewhere")


# --- the networks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_vectors_are_those_of_transformers(folders, architecture, backend):
    model = SentenceTransformer(folders[architecture], backend=backend, device="cpu")
    texts = [*TEXTS, " ".join(["dogs and cars"] * 20)]
    np.testing.assert_allclose(
        model.encode(texts, on_truncation="ignore"), texts_by_transformers(folders[architecture], texts), atol=TOLERANCE
    )
    found = model.encode(pictures())
    np.testing.assert_allclose(found, images_by_transformers(folders[architecture], pictures()), atol=TOLERANCE)
    assert found.shape == (len(pictures()), model.get_embedding_dimension())


@pytest.mark.parametrize("backend", ENGINES)
def test_the_oldest_configurations_name_the_wrong_end(backend, tmp_path):
    folder = make_image_model(tmp_path / "old", "clip", old_end=True)
    model = SentenceTransformer(folder, backend=backend, device="cpu")
    np.testing.assert_allclose(model.encode(TEXTS), texts_by_transformers(folder, TEXTS), atol=TOLERANCE)


def test_an_end_inside_a_text_ends_it(folders):
    texts = ["a red <|end|> car", "<|end|>"]
    model = SentenceTransformer(folders["clip"], backend="openvino")
    np.testing.assert_allclose(model.encode(texts), texts_by_transformers(folders["clip"], texts), atol=TOLERANCE)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_same_image_has_the_same_bits_in_any_company(folders, architecture):
    model = SentenceTransformer(folders[architecture], backend="openvino")
    together = model.encode(pictures() * 8)
    for image, vector in zip(pictures(), together, strict=False):
        np.testing.assert_allclose(model.encode(image), vector, atol=1e-6)


def test_bfloat16_is_near(folders):
    images = pictures()
    full = SentenceTransformer(folders["clip"], backend="openvino").encode(images, normalize_embeddings=True)
    half = SentenceTransformer(folders["clip"], backend="torch", dtype="bfloat16", device="cpu")
    assert (full * half.encode(images, normalize_embeddings=True)).sum(1).min() > 0.99


# --- inputs -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(folders):
    return SentenceTransformer(folders["clip"], backend="openvino")


def test_images_come_in_many_forms(model, tmp_path):
    image = picture(0)
    image.save(tmp_path / "it.png")
    expected = model.encode(image)
    assert expected.shape == (24,)
    forms = [
        tmp_path / "it.png",
        np.asarray(image),
        {"image": image},
        {"image": str(tmp_path / "it.png")},
        {"image": tmp_path / "it.png"},
    ]
    for form in forms:
        np.testing.assert_array_equal(model.encode(form), expected)
    np.testing.assert_allclose(model.encode(np.asarray(image)[None]), expected[None], atol=1e-6)
    np.testing.assert_array_equal(model.encode(np.asarray(picture(3, mode="L"))), model.encode(picture(3, mode="L")))


def test_texts_and_images_stand_in_one_list(model):
    items = ["a red car", picture(0), "two dogs", picture(1)]
    found = model.encode(items, normalize_embeddings=True)
    np.testing.assert_allclose(found[[0, 2]], model.encode(["a red car", "two dogs"], normalize_embeddings=True))
    np.testing.assert_allclose(
        found[[1, 3]], model.encode([picture(0), picture(1)], normalize_embeddings=True), atol=1e-6
    )
    assert model.encode(items, truncate_dim=5).shape == (4, 5)
    assert model.encode(iter(items)).shape == (4, 24)
    assert model.similarity(found[[0]], found).shape == (1, 4)


def test_strings_are_texts(model, tmp_path):
    picture(0).save(tmp_path / "it.png")
    path = str(tmp_path / "it.png")
    assert not np.allclose(model.encode(path, on_truncation="ignore"), model.encode(Path(path)))


def damaged(folder):
    picture(0).save(folder / "good.png")
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:200])
    (folder / "text.jpg").write_text("no image")
    (folder / "empty.gif").touch()
    return [folder / name for name in ("good.png", "cut.png", "text.jpg", "empty.gif", "missing.png", "good.png")]


def test_bad_images_are_errors_that_name_them(model, tmp_path):
    paths = damaged(tmp_path)
    for place, path in enumerate(paths[1:5]):
        with pytest.raises(ImageError, match=rf"inputs\[1\].*{path.name}"):
            model.encode(["a text", path])
        assert place < 4


def test_bad_images_are_skipped_where_asked(model, tmp_path):
    with pytest.warns(SbertWarning, match=r"4 images were skipped, and their rows are NaN: inputs\[1\]"):
        found = model.encode(damaged(tmp_path), on_bad_image="skip", normalize_embeddings=True)
    assert np.isnan(found[1:5]).all()
    np.testing.assert_allclose(found[0], found[5])
    assert np.isfinite(found[0]).all()


def test_a_huge_image_is_refused(model, tmp_path, monkeypatch):
    picture(0, 200, 200).save(tmp_path / "huge.png")
    for most in (30_000, 10_000):  # a little, and more than twice as many pixels as are allowed
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", most)
        with pytest.raises(ImageError, match=f"has more than {most:,} pixels"):
            model.encode(tmp_path / "huge.png")


def test_addresses_are_not_opened_unless_asked(model):
    with pytest.raises(ImageError, match="not opened unless you say so: pass allow_urls=True"):
        model.encode([{"image": "https://example.invalid/cat.jpg"}])


def test_addresses_are_opened_when_asked(model, tmp_path):
    import http.server
    import threading
    from functools import partial

    picture(0).save(tmp_path / "it.png")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        found = model.encode({"image": f"{address}/it.png"}, allow_urls=True)
        with pytest.raises(ImageError, match="no image that can be read"):
            model.encode({"image": f"{address}/missing.png"}, allow_urls=True)
        server.shutdown()
    np.testing.assert_array_equal(found, model.encode(picture(0)))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4, 2), np.uint8), "height, width"),
        (np.zeros((0, 4, 3), np.uint8), "height, width"),
        (np.zeros((4, 4, 3), np.float32), "must be of uint8"),
        ({"image": 3}, "got int"),
    ],
)
def test_arrays_that_are_no_images_are_refused(model, image, message):
    with pytest.raises(ImageError, match=message):
        model.encode([image])


def test_what_is_neither_text_nor_image_is_refused(model):
    with pytest.raises(NotTextError, match=r"inputs\[0\] must be a string"):
        model.encode([3])
    with pytest.raises(InputError, match="on_bad_image must be one of"):
        model.encode([picture(0)], on_bad_image="ignore")
    with pytest.raises(InputError, match="sentence embeddings alone"):
        model.encode([picture(0)], output_value="token_embeddings")
    with pytest.raises(InputError, match="no vectors of tokens"):
        model.encode(["a text"], output_value="token_embeddings")


def test_texts_that_are_filled_up_are_not_cut_into_chunks(folders):
    siglip = SentenceTransformer(folders["siglip"], backend="openvino")
    for method in ("chunk", "late"):
        with pytest.raises(InputError, match="filled up to 16 tokens"):
            siglip.encode("a text", on_long=method)


def test_models_of_texts_read_no_images(tmp_path):
    texts = SentenceTransformer(make_tiny_model(tmp_path / "bert", "bert"), backend="openvino")
    with pytest.raises(NotTextError, match="must be a string; got Image"):
        texts.encode([picture(0)])
    with pytest.raises(InputError, match="reads texts alone"):
        texts.engine.embed_images(np.zeros((1, 3, 4, 4), np.float32))


def test_int8_is_for_texts_alone(folders):
    with pytest.raises(InputError, match=r"reads images too\. Use dtype='bfloat16'"):
        SentenceTransformer(folders["clip"], dtype="int8")


# --- folders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_saved_models_are_the_same(folders, architecture, backend, tmp_path):
    model = SentenceTransformer(folders[architecture], backend=backend, device="cpu")
    model.save_pretrained(tmp_path / "saved")
    again = SentenceTransformer(tmp_path / "saved", backend=backend, device="cpu")
    assert again.fingerprint == model.fingerprint
    items = [*TEXTS, picture(0)]
    np.testing.assert_array_equal(again.encode(items), model.encode(items))


def test_the_oldest_form_has_the_networks_in_a_folder_of_their_own(folders, tmp_path):
    import shutil

    shutil.copytree(folders["clip"], tmp_path / "old" / "0_CLIPModel")
    entry = {"idx": 0, "name": "0", "path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel"}
    (tmp_path / "old" / "modules.json").write_text(json.dumps([entry]))
    spec = read(tmp_path / "old")
    assert spec.input.reads_images
    found = SentenceTransformer(tmp_path / "old", backend="openvino").encode(picture(0))
    np.testing.assert_array_equal(found, SentenceTransformer(folders["clip"], backend="openvino").encode(picture(0)))


def test_more_modules_may_follow(folders, tmp_path):
    parts = [models.CLIPModel(folders["clip"]), models.Dense(24, 6), models.Normalize()]
    model = SentenceTransformer(modules=parts, device="cpu")
    model.save_pretrained(tmp_path / "saved")
    again = SentenceTransformer(tmp_path / "saved", backend="openvino")
    items = [*TEXTS, picture(0)]
    np.testing.assert_allclose(again.encode(items), model.encode(items), atol=TOLERANCE)
    np.testing.assert_allclose(np.linalg.norm(again.encode(items), axis=1), 1, atol=1e-5)


def test_no_torch_is_needed(folders, tmp_path):
    picture(0).save(tmp_path / "it.png")
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None\n"
        "from pathlib import Path\n"
        "from sbert import SentenceTransformer\n"
        f"for folder in {[str(folder) for folder in folders.values()]!r}:\n"
        f"    print(SentenceTransformer(folder).encode(['a red car', Path({str(tmp_path / 'it.png')!r})]).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["(2, 24)", "(2, 32)"], done.stderr
