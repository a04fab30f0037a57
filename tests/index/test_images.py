"""Images in an index: found by texts and by images, brought in step with their folder, drawn on a map."""

import json

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.errors import DataError, ImageError, InputError
from sbert.images import thumbnail
from sbert.index import Document, FileDocuments, Index
from sbert.index.documents import ImageFile
from sbert.search.maps import draw_map
from support.image_models import make_image_model, picture
from support.tiny import make_tiny_model

pytest.importorskip("lancedb")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return SentenceTransformer(make_image_model(tmp_path_factory.mktemp("model") / "clip"), backend="openvino")


@pytest.fixture
def photos(tmp_path):
    """Nine images and a text, in two folders."""
    folder = tmp_path / "photos"
    (folder / "trips").mkdir(parents=True)
    for place in range(8):
        picture(place).save(folder / f"red-sports_car{place}.png")
    picture(8).save(folder / "trips" / "beach.JPG", "JPEG")
    (folder / "notes.md").write_text("# Garden\n\nTwo dogs in the garden.\n")
    (folder / "film.mp4").write_bytes(b"no image")
    return folder


@pytest.fixture
def index(photos, model, tmp_path):
    made = Index.create(tmp_path / "photos.lance", model)
    changes = made.sync(photos)
    assert (changes.added, changes.embedded) == (10, 10)
    return made


def test_images_are_found_by_images(index, photos):
    for name in ("red-sports_car3.png", "trips/beach.JPG"):
        (hit, *_) = index.search_image(photos / name, 3)
        assert hit.document == f"photos/{name}"
        assert hit.score == pytest.approx(1, abs=1e-4)
        assert (hit.metadata["width"], hit.metadata["height"]) == (50, 40)


def test_images_are_found_by_texts(index, model):
    hits = index.search("two dogs", 10, mode="dense")
    assert len(hits) == 10
    by_name = {hit.document: hit.score for hit in hits}
    expected = model.similarity(model.encode("two dogs"), model.encode(picture(3)))[0, 0]
    assert by_name["photos/red-sports_car3.png"] == pytest.approx(float(expected), abs=1e-4)


def test_words_find_the_names_of_images(index):
    (hit, *_) = index.search("beach", 3, mode="text")
    assert (hit.document, hit.passage) == ("photos/trips/beach.JPG", "beach")
    assert {hit.passage for hit in index.search("sports", 9, mode="text")} == {f"red sports car{n}" for n in range(8)}


def test_conditions_hold_of_images(index, photos):
    hits = index.search_image(photos / "trips" / "beach.JPG", 9, where="document LIKE '%.png'")
    assert len(hits) == 8
    assert all(hit.document.endswith(".png") for hit in hits)


def test_only_what_changed_is_embedded_again(index, photos):
    assert not index.sync(photos).written
    picture(20).save(photos / "red-sports_car0.png")
    (photos / "red-sports_car1.png").rename(photos / "trips" / "red-sports_car1.png")
    (photos / "red-sports_car2.png").unlink()
    changes = index.sync(photos)
    assert (changes.added, changes.updated, changes.removed) == (1, 1, 2)
    assert (changes.embedded, changes.reused) == (1, 1)  # the one that was moved is known
    assert index.search_image(picture(20), 1)[0].document == "photos/red-sports_car0.png"


def test_images_that_cannot_be_read_are_told_or_left_out(index, photos):
    (photos / "cut.png").write_bytes((photos / "red-sports_car0.png").read_bytes()[:100])
    with pytest.raises(DataError, match=r"cut\.png is no image that can be read"):
        index.sync(photos)
    changes = index.sync(photos, on_bad_file="skip")
    assert [name for name, _ in changes.skipped] == ["photos/cut.png"]


def test_models_of_texts_pass_images_over(photos, tmp_path):
    texts = SentenceTransformer(make_tiny_model(tmp_path / "bert", "bert"), backend="openvino")
    made = Index.create(tmp_path / "texts.lance", texts)
    assert made.sync(photos).added == 1
    with pytest.raises(DataError, match="Images need a model such as CLIP"):
        made.sync(photos / "red-sports_car0.png")
    with pytest.raises(DataError, match="Its images need a model such as CLIP"):
        made.sync(photos / "trips")
    with pytest.raises(InputError, match="reads texts alone"):
        made.search_image(picture(0))
    with pytest.raises(InputError, match=r"'it' is an image; .* reads texts alone"):
        made.add([Document("it", "a car", image=ImageFile(str(photos / "red-sports_car0.png")))])


def test_documents_may_name_an_image(model, photos, tmp_path):
    made = Index.create(tmp_path / "some.lance", model)
    made.add([{"id": "car", "text": "my first car", "year": 1990, "image": str(photos / "red-sports_car4.png")}])
    (hit,) = made.search_image(picture(4), 1)
    assert (hit.document, hit.passage, hit.metadata["year"]) == ("car", "my first car", 1990)
    with pytest.raises(DataError, match=r"missing\.png cannot be read"):
        made.add([{"id": "none", "text": "none", "image": "missing.png"}])


def test_files_of_images_are_documents_where_asked(photos):
    assert len(FileDocuments(photos).files) == 1
    assert len(FileDocuments(photos, images=True).files) == 10


def test_maps_show_small_pictures(index, photos, tmp_path):
    held = index.contents()
    paths = held.images()
    assert sum(path is not None for path in paths) == 9
    pictures = [None if path is None else thumbnail(path) for path in paths]
    page = draw_map(
        held.vectors, held.passages, ["all"] * len(held), tmp_path / "map.html", pictures=pictures
    ).read_text()
    assert page.count("data:image/jpeg;base64,") == 9
    assert "img-src data:" in page
    data = json.loads(page.partition('type="application/json">')[2].partition("</script>")[0])
    assert len(data["pictures"]) == 10
    with pytest.raises(InputError, match="pictures must be as many"):
        draw_map(held.vectors, held.passages, ["all"] * len(held), tmp_path / "map.html", pictures=[None])


def test_a_thumbnail_is_small(photos):
    assert len(thumbnail(photos / "red-sports_car0.png")) < 6000
    with pytest.raises(ImageError, match="no image"):
        thumbnail(photos / "notes.md")


def test_vectors_of_images_are_those_of_encode(index, model):
    held = index.contents("document = 'photos/red-sports_car5.png'")
    np.testing.assert_allclose(held.vectors[0], model.encode(picture(5)), atol=1e-5)
