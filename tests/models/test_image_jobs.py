"""Images in streams and in jobs on disk: the vectors of encode, resumed, and what is refused."""

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.errors import DataError, ImageError, InputError, NotTextError, SbertWarning
from sbert.images import image_digest
from support.image_models import make_image_model, picture


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = make_image_model(tmp_path_factory.mktemp("images") / "clip", "clip")
    return SentenceTransformer(folder, backend="openvino")


@pytest.fixture
def files(tmp_path):
    """Paths of seven pictures."""
    paths = [tmp_path / f"{number}.png" for number in range(7)]
    for number, path in enumerate(paths):
        picture(number, 20 + number, 40).save(path)
    return paths


def mixed(files):
    return [files[0], "a red car", *files[1:5], "a blue one", {"image": str(files[5])}, picture(6), "the end"]


def test_a_stream_gives_the_vectors_of_encode(model, files):
    items = mixed(files) * 20  # several windows
    found = np.stack(list(model.encode_stream(iter(items), normalize_embeddings=True)))
    np.testing.assert_array_equal(found, model.encode(items, normalize_embeddings=True))
    assert model.truncation.texts == 3 * 20


def test_a_stream_draws_few_images_ahead(model, files):
    drawn = 0

    def items():
        nonlocal drawn
        for number in range(1000):
            drawn += 1
            yield files[number % 7]

    with_closing = model.encode_stream(items())
    next(with_closing)
    with_closing.close()
    assert drawn <= 65


def test_a_job_is_resumed_and_knows_other_images(model, files, tmp_path):
    items = mixed(files)
    folder = tmp_path / "job"
    shards = model.encode_to(folder, items, shard_size=4, truncate_dim=5)
    np.testing.assert_array_equal(shards.array(), model.encode(items, truncate_dim=5))
    last = sorted(folder.glob("*.npy"))[-1]
    before = last.read_bytes()
    last.unlink()
    with pytest.warns(SbertWarning, match="made anew"):
        model.encode_to(folder, items, shard_size=4, truncate_dim=5)
    assert last.read_bytes() == before
    picture(9).save(files[2])
    with pytest.raises(DataError, match="texts"):
        model.encode_to(folder, items, shard_size=4, truncate_dim=5)


def test_bad_images_are_named_by_their_place_in_the_whole(model, files, tmp_path):
    files[5].write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"inputs\[5\]"):
        model.encode_to(tmp_path / "job", files, shard_size=2)
    assert len(list((tmp_path / "job").glob("*.npy"))) == 2  # those before it are kept
    with pytest.warns(SbertWarning, match=r"1 images were skipped.*inputs\[5\]"):
        found = list(model.encode_stream(files, on_bad_image="skip"))
    assert np.isnan(found[5]).all()
    assert np.isfinite(found[6]).all()
    with pytest.raises(InputError, match="NaN"):
        next(model.encode_stream(files, precision="binary", on_bad_image="skip"))


def test_what_is_neither_is_named(model, files, tmp_path):
    for items, place in (([files[0], "a text", 5], 2), ([files[0]] * 64 + ["a text", 5], 65)):
        with pytest.raises(NotTextError, match=rf"inputs\[{place}\]"):
            list(model.encode_stream(items))
    with pytest.raises(NotTextError, match=r"inputs\[2\]"):
        model.encode([files[0], "a text", 5])
    with pytest.raises(NotTextError, match=r"texts\[1\] is an image"):
        model.encode_to(tmp_path / "job", ["a text", files[0]], "parquet")


def test_images_are_known_by_what_is_in_them(files):
    assert image_digest(files[0]) == image_digest({"image": str(files[0])})
    assert image_digest(files[0]) != image_digest(files[1])
    pixels = np.asarray(picture(0))
    assert image_digest(pixels) == image_digest(pixels.copy())
    assert image_digest(picture(0)) != image_digest(picture(1))
    assert image_digest({"image": "https://example.org/a.png"}) != image_digest({"image": "https://example.org/b.png"})
