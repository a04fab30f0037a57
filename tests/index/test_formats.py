"""Files as documents: what is read, what it is called, and where headings are."""

import gzip
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbert.errors import DataError, InputError, NotTextError
from sbert.index import Document, FileDocuments, Section
from sbert.index.documents import as_documents
from sbert.index.formats.headings import Heading, sections
from sbert.index.formats.html import page
from sbert.index.formats.markdown import front_matter, headings
from sbert.index.schema import check_name, usable_name

MARKDOWN = """---
title: not a heading
---
Before all headings.

# Install *now*

## Linux

Use `apt`.

```sh
# a comment, not a heading
```

    # code, not a heading

Windows
-------

- a list
---

#hashtag, not a heading

### With [a link](x.md) ###
deep
"""


def headed(text):
    """Heading and text of each section."""
    found = sections(text, headings(text), front_matter(text))
    return [(section.heading, text[section.start : section.stop].strip()) for section in found]


def test_markdown_sections():
    """Headings are those of CommonMark; a heading with deeper ones alone goes with the first of them."""
    found = headed(MARKDOWN)
    assert [heading for heading, _ in found] == [
        None,
        "Install now > Linux",
        "Install now > Windows",
        "Install now > Windows > With a link",
    ]
    assert found[0][1] == "Before all headings."
    assert found[1][1].startswith("# Install *now*\n\n## Linux\n\nUse `apt`.")
    assert found[1][1].endswith("# code, not a heading")
    assert found[3][1].endswith("deep")


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("# a\n# b", ["a", "b"]),
        ("a\nb\n===\n", ["a b"]),
        ("\n---\n", []),
        ("> quote\n---\n", []),
        ("| a |\n---\n", []),
        ("~~~\n# no\n```\n# no\n~~~\n# yes", ["yes"]),
        ("```\n# never closed", []),
        ("#", [""]),
        ("# a #\r\n\r\nb\r\n", ["a"]),
        ("####### seven", []),
        ("---\nno: end\n# a", ["a"]),
        ("", []),
    ],
)
def test_markdown_headings(text, titles):
    assert [heading.title for heading in headings(text)] == titles


def test_sections_hold_all_but_blank_text():
    """Nothing of a text is outside its sections, and they follow one another."""
    text = MARKDOWN[front_matter(MARKDOWN) :]
    found = sections(text, headings(text))
    assert found[0].start == 0
    assert found[-1].stop == len(text)
    assert all(one.stop == other.start for one, other in pairwise(found))
    assert sections("", []) == []
    assert sections(" \n# a", [Heading(1, "a", 2, 5)]) == [Section(2, 5, "a")]


#: Bits of Markdown and HTML, in any order.
BITS = st.lists(
    st.sampled_from(["# ", "## ", "\n", "\r\n", "---", "===", "```", "~~~", "> ", "- ", "    ", "word", " ", "é", "|"])
    | st.sampled_from(
        ["<h1>", "</h1>", "<p>", "<pre>", "</pre>", "<script>", "</script>", "<td>", "&amp;", "&#", "<!--"]
    )
    | st.characters(codec="utf-8"),
    max_size=30,
).map("".join)


@given(BITS)
def test_sections_of_any_markdown(text):
    """They follow one another, lie in the text, and leave out nothing but blanks and front matter."""
    begin = front_matter(text)
    found = sections(text, headings(text), begin)
    places = [begin, *(place for section in found for place in (section.start, section.stop)), len(text)]
    assert places == sorted(places)
    between = [text[stop:start] for stop, start in zip(places[::2], places[1::2], strict=True)]
    assert not "".join(between).strip()
    assert Document("x", text, {}, found).parts


@given(BITS)
def test_any_page_can_be_read(source):
    text, found, _ = page(source)
    assert all(text[heading.start : heading.stop].split() == heading.title.split() for heading in found)
    assert Document("x", text, {}, sections(text, found)).parts


@given(st.text(max_size=8))
def test_any_name_of_a_column_can_be_used(name):
    assert check_name(usable_name(name), "x")


def test_html():
    """What is read of a page is what a reader sees."""
    source = """<!doctype html><html><head><title>The &amp; title</title><style>p {x: y}</style></head>
    <body><h1>One <em>thing</em></h1><script>var x = "<h1>no</h1>";</script><p>First&nbsp;line.<br>Second.</p>
    <table><tr><td>a</td><td>b</td></tr></table><pre>x
      y</pre><h2></h2><h2>Two</h2>tail &lt;p&gt;</body></html>"""
    text, found, title = page(source)
    assert title == "The & title"
    assert text == "One thing\nFirst line.\nSecond.\na\tb\nx\n      y\nTwo\ntail <p>\n"
    assert [(heading.level, heading.title) for heading in found] == [(1, "One thing"), (2, "Two")]
    assert all(text[heading.start :].startswith(heading.title) for heading in found)


@pytest.mark.parametrize(
    "source", ["", "<", "<h1>open", "plain & text", "</p></h1><p>a", "<p>a<svg><text>no</text></svg>b"]
)
def test_html_that_is_broken(source):
    text, found, _ = page(source)
    assert "no" not in text
    assert all(0 <= heading.start <= heading.stop <= len(text) for heading in found)


@pytest.fixture
def docs(tmp_path):
    """A folder with a file of each kind that needs no other library."""
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "old.lance").mkdir()
    for hidden in (".git/x.md", ".hidden.md", "old.lance/x.md", "picture.png"):
        (folder / hidden).write_text("no")
    (folder / "a.md").write_text("# A\nwords", encoding="utf-8")
    (folder / "sub" / "b.txt").write_text("\ufeffLine one.\nLine two.", encoding="utf-8")
    (folder / "c.html").write_text("<title>C</title><p>see")
    (folder / "d.csv").write_text("id,text,year,code,price,end,a.b\nx,one,2020,007,1.50,e,\ny,two,,008,2,f,g\n")
    (folder / "e.jsonl").write_text('{"body": "first", "tags": ["a"], "n": 1}\n{"body": "second", "n": null}\n')
    with gzip.open(folder / "f.md.gz", "wt") as file:
        file.write("zipped")
    return folder


def test_a_folder(docs):
    """Documents are called after the folder, the file, and the row; columns keep their kinds."""
    found = {document.id: document for document in FileDocuments(docs)}
    assert list(found) == [
        "docs/a.md", "docs/c.html", "docs/d.csv#x", "docs/d.csv#y", "docs/e.jsonl#1", "docs/e.jsonl#2", "docs/f.md.gz",
        "docs/sub/b.txt",
    ]  # fmt: skip
    assert found["docs/sub/b.txt"].text == "Line one.\nLine two."
    assert found["docs/c.html"].metadata == {"title": "C"}
    # A number is one where every value is written as one; a name that an index cannot have gets another.
    assert found["docs/d.csv#x"].metadata == {"year": 2020, "code": "007", "price": 1.5, "end": "e", "a_b": ""}
    assert found["docs/d.csv#y"].metadata == {"code": "008", "price": 2.0, "end": "f", "a_b": "g"}
    assert found["docs/e.jsonl#1"].metadata == {"tags": ["a"], "n": 1}
    assert found["docs/f.md.gz"].text == "zipped"


def test_one_file(docs):
    (document,) = FileDocuments(docs / "a.md")
    assert document.id == "a.md"
    assert document.sections == [Section(0, 9, "A")]
    assert FileDocuments(docs / "a.md").source == str(docs / "a.md")


def test_bad_files_are_named_or_left_out(docs):
    (docs / "b.txt").write_bytes(b"\xff\xfe\x00")
    (docs / "twice.csv").write_text("id,text\n1,a\n1,b\n")
    (docs / "number.jsonl").write_text('{"text": "a"}\n{"text": 7}\n')
    with pytest.raises(DataError, match=r"b\.txt is not UTF-8 \(byte 0xff at position 0\)"):
        list(FileDocuments(docs))
    files = FileDocuments(docs, on_bad_file="skip")
    names = {document.id for document in files}
    assert {"docs/a.md", "docs/sub/b.txt", "docs/twice.csv#1"} <= names
    assert set(files.skipped) == {"docs/b.txt", "docs/twice.csv", "docs/number.jsonl"}
    assert "row 2 has the id '1' a second time" in files.skipped["docs/twice.csv"]
    assert "row 2: column 'text' is 7" in files.skipped["docs/number.jsonl"]


def test_what_is_not_there(docs, tmp_path):
    with pytest.raises(DataError, match=r"There is no file or folder .* Did you mean 'docs'"):
        FileDocuments(tmp_path / "dosc")
    (docs / "film.mp4").touch()
    with pytest.raises(DataError, match=r"has the suffix '\.mp4', which is not read. Known are \.txt"):
        FileDocuments(docs / "film.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no file that can be read"):
        FileDocuments(tmp_path / "empty")
    with pytest.raises(InputError, match=r"on_bad_file must be one of 'error', 'skip'; got 'skp'. Did you mean 'skip'"):
        FileDocuments(docs, on_bad_file="skp")


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"text": ["a cat", "a dog"], "n": [1, 2]}), tmp_path / "t.parquet")
    found = list(FileDocuments(tmp_path / "t.parquet"))
    assert [(document.id, document.text, document.metadata) for document in found] == [
        ("t.parquet#1", "a cat", {"n": 1}),
        ("t.parquet#2", "a dog", {"n": 2}),
    ]


def written_pdf(pages):
    """A PDF with a line of text on each page, put together by hand."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode())
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.writelines(f"{place:010} 00000 n \n".encode() for place in places)
    out.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode())
    return out.getvalue()


def test_pdf(tmp_path):
    pytest.importorskip("pypdf", reason="PDFs need pypdf: pip install 'sbert[pdf]'")
    path = tmp_path / "x.pdf"
    path.write_bytes(written_pdf(["A cat sleeps", "", "A dog barks"]))
    (document,) = FileDocuments(path)
    found = [(part.heading, document.text[part.start : part.stop].strip()) for part in document.parts]
    assert found == [("page 1", "A cat sleeps"), ("page 3", "A dog barks")]
    path.write_bytes(written_pdf([""]))
    with pytest.raises(DataError, match="holds no text"):
        list(FileDocuments(path))
    path.write_bytes(b"%PDF-1.4 and then nothing")
    with pytest.raises(DataError, match="is not a readable PDF"):
        list(FileDocuments(path))


def test_pdf_without_its_library(tmp_path, monkeypatch):
    """The missing library is named, also where files that cannot be read are left out."""
    import sys

    from sbert.errors import MissingDependencyError

    monkeypatch.setitem(sys.modules, "pypdf", None)
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    with pytest.raises(MissingDependencyError, match=r"pip install 'sbert\[pdf\]'"):
        list(FileDocuments(tmp_path / "x.pdf", on_bad_file="skip"))


def test_what_stands_for_a_document():
    found = list(as_documents(["a cat", {"text": "b", "id": 7, "year": 1}, Document("c", "x")]))
    assert found[0].id.startswith("text-")
    assert found[0] == next(as_documents(["a cat"]))
    assert (found[1].id, found[1].metadata) == ("7", {"year": 1})


@pytest.mark.parametrize(
    ("items", "error", "message"),
    [
        ("a text", InputError, "got one str"),
        ([{"text": "a", "id": ""}], InputError, r"documents\[0\]: A document's id must not be empty"),
        (["a", 7], NotTextError, r"documents\[1\] must be a Document, a text or a dict with 'text'; got int"),
        ([{"id": "a"}], NotTextError, r"documents\[0\]: 'text' must be text; got NoneType"),
        (["a", "\ud800"], NotTextError, r"documents\[1\]: A document's text holds half of a surrogate pair"),
    ],
)
def test_what_does_not(items, error, message):
    with pytest.raises(error, match=message):
        list(as_documents(items))


def test_a_section_outside_the_text():
    with pytest.raises(InputError, match="has 1 characters; its section from 0 to 2 is not in it"):
        Document("a", "x", {}, [Section(0, 2)])


def test_hashes_tell_documents_apart():
    """The hash of the content is that of text and cuts; the whole one knows metadata too."""
    one = Document("a", "xy")
    assert one.content_hash() == Document("b", "xy", {"n": 1}).content_hash()
    assert one.content_hash() != Document("a", "xy", {}, [Section(0, 1), Section(1, 2)]).content_hash()
    assert one.whole_hash() != Document("a", "xy", {"n": 1}).whole_hash()
    assert Document("a", "x", {"n": 1}).whole_hash() != Document("a", "x", {"n": "1"}).whole_hash()
