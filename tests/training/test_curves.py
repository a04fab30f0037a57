"""Curves in characters and in SVG."""

from xml.etree import ElementTree

import numpy as np
import pytest

from sbert.training.curves import Curve, picture, plot


def test_a_curve_by_hand():
    assert plot([0, 1, 2, 3], [0, 1, 2, 3], width=4, height=1) == ["3 ▁▃▆█", "  0  3"]
    assert plot([0, 1, 2, 3], [0, 1, 2, 3], width=4, height=2) == ["3   ▃█", "0 ▁▆██", "  0  3"]


def test_stretches_with_several_values_have_their_mean_and_those_with_none_what_lies_between():
    assert plot([0, 1, 2, 3], [0, 2, 8, 10], width=2, height=1)[0] == "10 ▂▇"
    assert plot([0, 100], [0, 7], width=8, height=1)[0] == "7 ▁▂▃▄▅▆▇█"


@pytest.mark.parametrize("width", [2, 7, 60, 61])
@pytest.mark.parametrize("height", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 2, 50, 1000])
def test_the_size_is_what_was_asked_for(width, height, count):
    values = np.random.default_rng(0).normal(size=count)
    lines = plot(range(count), values, width=width, height=height)
    assert len(lines) == height + 1
    margin = max(len(line.split()[0]) for line in (lines[0], lines[-2]))
    assert max(len(line) for line in lines[:-1]) <= margin + 1 + width
    assert len(lines[-2]) == margin + 1 + width  # the lowest line has a block in every column


def test_values_that_are_no_numbers_are_left_out():
    assert plot([0, 1, 2], [1, float("nan"), 2], width=3) == plot([0, 2], [1, 2], width=3)
    assert plot([1], [float("inf")]) == plot([], []) == []


def test_equal_values_stand_in_the_middle():
    assert plot([0, 1], [3, 3], width=2, height=1) == ["3 ▅▅", "  0 1"]
    assert plot([0, 1], [3, 3], width=2, height=2) == ["3 ▁▁", "3 ██", "  0 1"]
    assert plot([5], [0.00001], width=2, height=1)[0].startswith("1.0e-05 ")


def test_the_picture_is_svg_that_needs_nothing_else():
    curves = [
        Curve("loss", range(100), np.linspace(2, 1, 100)),
        Curve("held <spearman>", [0, 50, 100], [0.5, 0.6, 0.9]),
        Curve("nothing", [1], [float("nan")]),
    ]
    drawn = picture("a & b", curves)
    root = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    lines = root.findall(f"{space}polyline")
    assert len(lines) == 2
    assert len(lines[0].get("points").split()) == 100
    texts = [text.text for text in root.iter(f"{space}text")]
    assert {"a & b", "loss", "held <spearman>", "step 0", "100", "0.9", "0.7", "0.5"} <= set(texts)
    last, first = lines[1].get("points").split()[-1], lines[1].get("points").split()[0]
    assert float(first.split(",")[1]) > float(last.split(",")[1])  # rising values go up
    assert "script" not in drawn
    assert "href" not in drawn
