"""Maps: where rows are laid, and what is in the page."""

from __future__ import annotations

import json
import re
from html import unescape

import numpy as np
import pytest

from sbert.errors import DataError, InputError
from sbert.search.maps import draw_map, layout

pytest.importorskip("umap", reason="needs the extra 'map'")


@pytest.fixture(scope="module")
def groups():
    """Rows around three directions."""
    generator = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 30)
    centres = np.linalg.qr(generator.standard_normal((12, 12)))[0][:3]
    return (centres[truth] + 0.1 * generator.standard_normal((90, 12))).astype(np.float32), truth


def data_of(path):
    page = path.read_text(encoding="utf-8")
    return page, json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL).group(1))


def test_rows_of_a_group_lie_together(groups):
    embeddings, truth = groups
    places = layout(embeddings)
    assert places.shape == (90, 2)
    assert (places.min(), places.max()) == pytest.approx((0, 1), abs=1e-6)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, 9)
    assert (truth[distances.argmin(axis=1)] == truth).all()
    np.testing.assert_array_equal(places, layout(embeddings))


@pytest.mark.parametrize("rows", [0, 1, 3, 4, 9])
def test_few_rows(rows):
    places = layout(np.eye(10, dtype=np.float32)[:rows])
    assert places.shape == (rows, 2)
    assert ((places >= 0) & (places <= 1)).all()


def test_the_page_holds_everything_and_connects_to_nothing(groups, tmp_path):
    embeddings, truth = groups
    texts = [f"text {row} </script><b> & $data ünï" for row in range(89)] + ["x" * 1000]
    names = [("cats", "dogs </script>", None)[group] for group in truth]
    names[0] = "dogs </script>"
    path = draw_map(embeddings, texts, names, tmp_path / "map.html", title="A & <B>")
    page, data = data_of(path)
    assert data["texts"] == [*texts[:89], "x" * 400]
    assert data["names"] == ["dogs </script>", "cats"]  # the largest first
    assert data["labels"] == [0] + [1] * 29 + [0] * 30 + [-1] * 30
    expected = np.rint(layout(embeddings) * (data["side"] - 1))
    np.testing.assert_array_equal(np.stack([data["x"], data["y"]], axis=1), expected)
    np.testing.assert_array_equal(data["centres"][1], np.median(expected[1:30], axis=0))
    assert unescape(re.search("<title>(.*)</title>", page).group(1)) == "A & <B>"
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|src=|href=|@import|fetch\(", page)
    assert page.count("</script>") == 2


def test_wrong_arguments(groups, tmp_path):
    embeddings, _ = groups
    with pytest.raises(InputError, match="as many as each other; got 90, 1, 90"):
        draw_map(embeddings, ["x"], [None] * 90, tmp_path / "map.html")
    with pytest.raises(InputError, match="NaN or infinity, first in row 0"):
        draw_map([[np.nan, 1.0]], ["x"], [None], tmp_path / "map.html")
    with pytest.raises(DataError, match="cannot be written"):
        draw_map(np.eye(2), ["x", "y"], [None, None], tmp_path / "nowhere" / "map.html")
    assert not list(tmp_path.iterdir())
