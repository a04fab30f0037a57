"""Rows that are read and written back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbert.data import read_rows, read_texts
from sbert.data.tables import check_table, write_rows
from sbert.errors import DataError

FILES = {
    "a.txt": "one\ntwo\n\n three \n",
    "a.jsonl": '{"n": 1, "text": "one\\ntwo"}\n{"n": null, "text": "ü", "more": [1, {"a": 2}]}\n',
    "a.csv": 'n,text\n1,"one, ""two""\nthree"\n,ü\n',
    "a.tsv": 'n\ttext\n1\ta "b\n\tü\n',
}


@pytest.mark.parametrize("name", FILES)
def test_all_rows_give_the_same_file(name, tmp_path):
    source, copy = tmp_path / name, tmp_path / f"copy-{name}"
    source.write_text(FILES[name], encoding="utf-8")
    rows = read_rows(source)
    write_rows(copy, rows, range(len(rows)))
    assert copy.read_text(encoding="utf-8") == FILES[name]
    write_rows(copy, rows, [1])
    assert read_rows(copy).rows == [rows.rows[1]]


@pytest.mark.parametrize("name", FILES)
def test_texts_are_those_of_read_texts(name, tmp_path):
    source = tmp_path / name
    source.write_text(FILES[name], encoding="utf-8")
    assert read_rows(source).texts() == read_texts(source).texts


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\t")), min_size=1))
def test_any_texts_come_back(texts):
    import tempfile

    from sbert.data.readers import Rows

    rows = Rows([{"text": text, "n": ""} for text in texts], ["text", "n"], "here", list(range(len(texts))), "jsonl")
    with tempfile.TemporaryDirectory() as folder:
        for name in FILES:
            write_rows(Path(folder) / name, rows, range(len(texts)), "text")
            assert [row["text"] for row in read_rows(Path(folder) / name).rows] == texts


def test_forms_change_where_they_can(tmp_path):
    source = tmp_path / "a.jsonl"
    source.write_text('{"n": 1, "body": "one"}\n{"n": 2, "body": "tab\\tbed"}\n')
    rows = read_rows(source)
    write_rows(tmp_path / "b.txt", rows, [0])
    assert (tmp_path / "b.txt").read_text() == "one\n"
    write_rows(tmp_path / "b.csv", rows, [1, 0])
    assert (tmp_path / "b.csv").read_text() == "n,body\n2,tab\tbed\n1,one\n"
    with pytest.raises(DataError, match="a tab in it: 'tab"):
        write_rows(tmp_path / "b.tsv", rows, [0, 1])
    assert not (tmp_path / "b.tsv").exists()
    source.write_text('{"text": "two\\nlines"}\n')
    with pytest.raises(DataError, match="plain lines cannot hold"):
        write_rows(tmp_path / "c.txt", read_rows(source), [0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.csv", "b.txt"]


def test_wrong_places(tmp_path):
    with pytest.raises(DataError, match=r"suffix '\.parquet'; rows are written to"):
        check_table(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="there is no folder"):
        check_table(tmp_path / "nowhere" / "a.txt")


def test_texts_that_are_none_are_named_by_their_line(tmp_path):
    source = tmp_path / "a.jsonl"
    source.write_text('{"text": "one"}\n\n{"text": 7}\n')
    with pytest.raises(DataError, match=r"a\.jsonl, line 3: column 'text' is 7"):
        read_rows(source).texts()
    plain = tmp_path / "a.txt"
    plain.write_text("one\n")
    with pytest.raises(DataError, match="read as plain lines, which have no column 'body'"):
        read_rows(plain).texts("body")
