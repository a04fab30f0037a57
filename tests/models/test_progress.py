"""The bar shows when it is asked for, and costs nothing where nobody would see it."""

import pytest

from sbert.models import progress
from sbert.models.progress import Bar, progress_bar


def test_a_bar_that_is_asked_for_shows_texts_and_tokens(capsys):
    with progress_bar(10, True) as update:
        for _ in range(5):
            update(2, 30)
    shown = capsys.readouterr().err
    assert "Encoding: 100%" in shown
    assert "10/10" in shown
    assert " texts/s" in shown
    assert "tokens/s" in shown


def test_no_bar_when_it_is_refused(capsys):
    with progress_bar(10, False) as update:
        assert update is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("patience", [0.0, 60.0])
def test_no_bar_where_there_is_no_terminal(monkeypatch, capsys, patience):
    """And a short job does not even make one, which takes longer than a short text."""
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    bar = Bar(None, None, "Encoding")
    for _ in range(3):
        bar.update(1, 1)
    assert (bar._bar is None) == (patience > 0)
    bar.close()
    assert capsys.readouterr().err == ""


def test_a_late_bar_counts_what_was_done_before_it(monkeypatch, capsys):
    """Its speed and its share are those of the whole job."""
    clock = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    bar = Bar(100, None, "Encoding")
    bar.update(40, 400)
    assert bar._bar is None
    clock[0] = 10.0
    bar.update(10, 100)
    assert bar._bar.n == 50
    assert bar._bar.postfix == "50 tokens/s"
    bar.close()
    assert "50/100" in capsys.readouterr().err
