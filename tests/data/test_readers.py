"""Reading texts: every form, which column is chosen, and what each error says."""

import gzip
import io
import json
import lzma
import operator
import sys

import pytest

from sbert.data import iter_texts, read_rows, read_texts
from sbert.errors import DataError, InputError, MissingDependencyError

TEXTS = ["a cat", "ein Hund mit Ümlaut", 'three, with a comma and a "quote"']


@pytest.fixture
def write(tmp_path):
    """Write a file into a folder of the test's own."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def _csv(rows):
    import csv

    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


CONTENTS = {
    "a.txt": "\n".join(TEXTS) + "\n",
    "a": "\n".join(TEXTS),
    "a.jsonl": "".join(json.dumps({"n": n, "text": text}) + "\n" for n, text in enumerate(TEXTS)),
    "a.csv": _csv([["n", "text"], *enumerate(TEXTS)]),
    "a.tsv": "n\ttext\n" + "".join(f"{n}\t{text}\n" for n, text in enumerate(TEXTS)),
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_every_form_gives_the_same_texts(write, name, suffix):
    """Compressed or not, with or without a suffix, the texts are the same."""
    compress = {"": lambda data: data, ".gz": gzip.compress, ".xz": lzma.compress}[suffix]
    path = write(name + suffix, compress(CONTENTS[name].encode()))
    found = read_texts(path)
    assert found.texts == TEXTS
    assert found.path == path
    assert found.source == str(path)
    assert found.column == (None if name in ("a", "a.txt") else "text")


def test_parquet(tmp_path):
    """Strings are found beside columns of other types."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": [1, 2, 3], "vector": [[1.0], [2.0], [3.0]], "note": TEXTS}), path)
    assert read_texts(path).texts == TEXTS
    assert read_texts(path).column == "note"
    assert read_rows(path).columns == ["n", "vector", "note"]
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert read_texts(tmp_path / "a.parquet.gz").texts == TEXTS
    with pytest.raises(DataError, match=r"has no column 'n'; it has 'note'\."):
        read_texts(path, column="n")


def test_parquet_without_pyarrow(write, monkeypatch):
    """The error says how to install what is missing."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"pyarrow is needed to read .*a\.parquet.*'sbert\[parquet\]'"):
        read_texts(write("a.parquet", b"PAR1"))


def test_damaged_parquet(write):
    """A file that is no Parquet is told by name."""
    pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match=r"a\.parquet is not a readable Parquet file"):
        read_texts(write("a.parquet", b"no parquet at all"))


def test_standard_input(monkeypatch):
    """``-`` reads lines by default, and any form that is named."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\r\ntwo\n")))
    found = read_texts("-")
    assert (found.texts, found.path, found.source) == (["one", "two"], None, "standard input")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"body": "x"}\n')))
    assert read_texts("-", form="jsonl").texts == ["x"]


def test_lines_keep_their_numbers(write):
    """An empty line is an empty text, so that line i is text i; odd separators do not end a line."""
    assert read_texts(write("a.txt", "one\n\nthree\u2028still\x0cthree\n")).texts == [
        "one",
        "",
        "three\u2028still\x0cthree",
    ]


def test_byte_order_mark_is_no_text(write):
    """What some editors put in front of a file is left out."""
    assert read_texts(write("a.csv", b"\xef\xbb\xbftext,n\nhello,1\n")).texts == ["hello"]


def test_limit(write):
    """Only as many as asked for; what follows is not looked at."""
    path = write("a.jsonl", '{"text": "x"}\n' * 150 + "broken\n")
    assert len(read_texts(path, limit=120)) == 120
    with pytest.raises(InputError, match="limit must be at least 1, or None; got 0"):
        read_texts(path, limit=0)


def test_csv_with_long_and_folded_fields(write):
    """Fields may hold line breaks and more than the csv module's own limit."""
    long = "word " * 50_000
    assert read_texts(write("a.csv", _csv([["id", "text"], ["x", "a\nb"], ["y", long]])), column="text").texts == [
        "a\nb",
        long,
    ]


def test_tsv_has_no_quotes(write):
    """A quote at the start of a field of TSV is a character like any other."""
    assert read_texts(write("a.tsv", 'n\ttext\n1\t"quoted" start\n2\t"open\n')).texts == ['"quoted" start', '"open']


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"id": "7", "anything": "a cat"}, "anything"),  # the only one that holds text
        ({"author": "me", "Text": "a cat"}, "Text"),
        ({"title": "me", "body": "a cat"}, "body"),  # body goes before title
        ({"sentence": "me", "text": "a cat"}, "text"),
    ],
)
def test_default_column(write, columns, chosen):
    """The only column of text, else a usual name."""
    assert read_texts(write("a.jsonl", json.dumps(columns))).column == chosen
    assert read_texts(write("a.csv", _csv([columns.keys(), columns.values()]))).column == chosen


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("a.jsonl", '{"left": "x", "right": "y"}', {}, "several columns of text: its columns are 'left', 'right'"),
        ("a.jsonl", '{"n": 1}', {}, "no column of text: its columns are 'n'"),
        ("a.jsonl", '{"text": "x"}', {"column": "txt"}, "no column 'txt'; it has 'text'. Did you mean 'text'?"),
        ("a.jsonl", '{"text": "x"}\n\n{"text": \n', {}, "a.jsonl, line 3: not JSON (Expecting value at column"),
        ("a.jsonl", '{"text": "x"}\n[1]\n', {}, "a.jsonl, line 2: holds a JSON array; an object was expected"),
        ("a.jsonl", '{"text": "x"}\n{"text": null}\n', {}, "line 2: column 'text' is null; text was expected"),
        ("a.jsonl", '{"text": "x"}\n{"other": 1}\n', {}, "line 2: column 'text' is missing; text was expected"),
        ("a.jsonl", '{"text": "x"}\n{"text": "\\ud800"}\n', {}, "line 2: column 'text' holds half of a surrogate pair"),
        ("a.csv", "n,text\n1,x\n2\n", {}, "a.csv, line 3: has 1 fields; the header has 2"),
        ("a.csv", 'n,text\n1,"never closed\n2,x\n', {}, "line 3: not readable as a table (unexpected end of data)"),
        ("a.csv", "text,text\nx,y\n", {}, "has two columns 'text'. Rename one"),
        ("a.csv", "text,n\n", {}, "a.csv is empty: it holds no text"),
        ("a.txt", "", {}, "a.txt is empty: it holds no text"),
        ("a.txt", "x", {"column": "text"}, "is read as plain lines, which have no column 'text'"),
        (
            "a.txt",
            b"fine\nna\xefve\n",
            {},
            "a.txt, line 2: not UTF-8 (byte 0xef at position 2). Save the file as UTF-8",
        ),
        ("a.txt.gz", b"no gzip", {}, "a.txt.gz is damaged or cut short"),
        ("a.txt.gz", gzip.compress(b"hello" * 99, mtime=0)[:-9], {}, "a.txt.gz is damaged or cut short"),
        ("a.txt.xz", b"no xz", {}, "a.txt.xz is damaged or cut short"),
        ("a.docx", "x", {}, "has the suffix '.docx', which is not read. Known are .txt, .jsonl, .ndjson, .csv, .tsv"),
    ],
)
def test_errors_say_what_and_where(write, name, content, options, message):
    """Each error names the file, the line where there is one, and what to do."""
    with pytest.raises(DataError) as error:
        read_texts(write(name, content), **options)
    assert message in str(error.value)


def test_unknown_form(write):
    """A form that is not known is an error of the argument."""
    with pytest.raises(InputError, match=r"form must be one of 'lines', 'jsonl'.*got 'jsn'"):
        read_texts(write("a.txt", "x"), form="jsn")


def test_missing_file(write, tmp_path):
    """A name that is nearly right is offered."""
    write("reviews.txt", "x")
    with pytest.raises(DataError, match=r"There is no file .*review\.txt\. Did you mean 'reviews\.txt'\?"):
        read_texts(tmp_path / "review.txt")
    with pytest.raises(DataError, match=r"There is no file .*a\.txt\.$"):
        read_texts(tmp_path / "nowhere" / "a.txt")


def test_folder_is_no_file(tmp_path):
    """A folder is told as what it is."""
    with pytest.raises(DataError, match="is a folder; a file was expected"):
        read_texts(tmp_path)


def test_rows(write):
    """All columns, those of later rows too."""
    found = read_rows(write("a.jsonl", '{"a": 1}\n{"b": 2, "a": 3}\n'))
    assert found.rows == [{"a": 1}, {"b": 2, "a": 3}]
    assert found.columns == ["a", "b"]
    assert len(found) == 2
    with pytest.raises(DataError, match="is empty: it holds no row"):
        read_rows(write("b.jsonl", "\n"))


def test_repr(write):
    """What people see says how many and from where."""
    assert "Texts(1 from" in repr(read_texts(write("a.csv", "text\nx\n")))
    assert "column 'text')" in repr(read_texts(write("a.csv", "text\nx\n")))


def test_plain_lines_of_numbers_are_texts(tmp_path):
    (tmp_path / "numbers.txt").write_text("1\n\n3\n")
    assert read_texts(tmp_path / "numbers.txt").texts == ["1", "", "3"]


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".csv", ".tsv", ".parquet"])
def test_a_stream_reads_what_read_texts_reads(tmp_path, suffix):
    """Text by text, again from the start each time, with about the right number for a progress bar."""
    texts = [f"text {number}" for number in range(300)]
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.table({"body": texts}), path, row_group_size=70)
    else:
        make = {".txt": "{}", ".jsonl": '{{"body": "{}"}}', ".csv": "{}", ".tsv": "{}"}[suffix]
        header = ["body"] if suffix in (".csv", ".tsv") else []
        path.write_text("".join(line + "\n" for line in header + [make.format(text) for text in texts]))
    stream = iter_texts(path)
    for _ in range(2):
        assert list(iter(stream)) == read_texts(path).texts == texts
    assert stream.column == (None if suffix == ".txt" else "body")
    assert operator.length_hint(stream) == 300
    assert operator.length_hint(iter_texts(path, limit=7)) == 7
    assert list(iter(iter_texts(path, limit=7))) == texts[:7]


def test_a_stream_reads_no_more_than_is_asked_for(write):
    """A bad line is met when its turn comes, and not before."""
    lines = ['{"text": "good"}'] * 500 + ["bad"]
    stream = iter(iter_texts(write("a.jsonl", "\n".join(lines))))
    assert [next(stream) for _ in range(500)] == ["good"] * 500
    with pytest.raises(DataError, match=r"a\.jsonl, line 501: not JSON"):
        next(stream)


@pytest.mark.parametrize(
    ("name", "content", "first"),
    [
        ("a.txt", b"good\n\xff\ngood\n", "line 2: not UTF-8"),
        ("a.jsonl", b'{"text": "good"}\nno\n[1]\n{"text": 5}\n{"text": "good"}\n', "line 2: not JSON"),
        ("a.csv", b"text,n\ngood,1\nbad\ngood,2\n", "line 3: has 1 fields"),
    ],
)
def test_bad_lines_are_left_out_and_counted(write, name, content, first):
    """With on_bad_line="skip"; the first of them can be told."""
    path = write(name, content)
    stream = iter_texts(path, on_bad_line="skip")
    assert list(iter(stream)) == ["good", "good"]
    assert stream.skipped == (3 if name == "a.jsonl" else 1)
    assert first in stream.first_skipped
    with pytest.raises(DataError, match=first):
        list(iter(iter_texts(path)))
    with pytest.raises(InputError, match="on_bad_line must be one of 'error', 'skip'"):
        iter_texts(path, on_bad_line="skp")
