"""Rows from whatever holds them, and what is refused before the first step."""

import gzip

import numpy as np
import pytest

from sbert import InputExample, losses
from sbert.errors import DataError, InputError
from sbert.training.layout import check_rows, layout_of
from sbert.training.tables import Table, as_rows, is_several
from support.given import GivenModel

ROWS = [{"question": "a", "answer": "b", "score": 0.5}, {"question": "c", "answer": "d", "score": 1.0}]
COLUMNS = {"question": ["a", "c"], "answer": ["b", "d"], "score": [0.5, 1.0]}


def rows_of(table):
    return table.__getitems__(list(range(len(table))))


def test_lists_columns_and_examples_are_the_same():
    assert rows_of(as_rows(ROWS)) == rows_of(as_rows(COLUMNS)) == ROWS
    found = as_rows([InputExample(texts=["a", "b"], label=1)])
    assert rows_of(found) == [{"sentence_0": "a", "sentence_1": "b", "label": 1}]
    assert rows_of(as_rows(iter(ROWS))) == ROWS
    assert not is_several(COLUMNS)
    assert is_several({"one": ROWS, "two": COLUMNS})


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv.gz", "rows.jsonl", "rows.parquet"])
def test_files(tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow").parquet  # noqa: B018
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(COLUMNS), path)
    elif "jsonl" in name:
        path.write_text(
            '{"question": "a", "answer": "b", "score": 0.5}\n{"question": "c", "answer": "d", "score": 1.0}'
        )
    else:
        mark = "," if "csv" in name else "\t"
        text = "\n".join(
            mark.join(line) for line in (("question", "answer", "score"), ("a", "b", "0.5"), ("c", "d", "1.0"))
        )
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert rows_of(as_rows(str(path))) == ROWS
    assert rows_of(as_rows(path)) == ROWS


def test_datasets_of_the_library():
    datasets = pytest.importorskip("datasets")
    held = datasets.Dataset.from_list(ROWS)
    assert as_rows(held) is held
    layout = layout_of(held, "data")
    assert (layout.inputs, layout.label) == (("question", "answer"), "score")
    check_rows(held, layout, losses.CoSENTLoss(GivenModel()), "data")
    holed = datasets.Dataset.from_list([*ROWS, {"question": None, "answer": "x", "score": 0.0}])
    with pytest.raises(DataError, match="row 2 has None in the column 'question'"):
        check_rows(holed, layout, losses.CoSENTLoss(GivenModel()), "data")
    stream = held.to_iterable_dataset()
    assert as_rows(stream) is stream


def test_what_is_no_data_is_refused(tmp_path):
    for wrong, message in (
        ([], "has no rows"),
        ({}, "has no columns"),
        ({"a": ["x"], "b": []}, "a 1, b 0"),
        ([{"a": "x"}, {"b": "y"}], "row 1 differs from the first in its columns: a, b"),
        ([{"a": "x"}, "y"], "row 1 must be a dict"),
    ):
        with pytest.raises(DataError, match=message):
            as_rows(wrong)
    with pytest.raises(InputError, match="got int"):
        as_rows(3)
    path = tmp_path / "x.csv"
    path.write_text("a,b,score\nx,y,high\n")
    with pytest.raises(DataError, match=r"x.csv: line 2 has 'high' in the column 'score'"):
        as_rows(path)


def test_columns_by_name():
    table = Table(COLUMNS | {"id": [1, 2]}, "faq.csv")
    layout = layout_of(table, "faq.csv", columns=["answer", "question"])
    assert layout.inputs == ("answer", "question")
    with pytest.raises(DataError, match=r"has no column 'anwser'.*[Dd]id you mean.*answer"):
        layout_of(table, "faq.csv", columns=["anwser"])
    with pytest.raises(DataError, match="has no column 'querry'"):
        layout_of(table, "faq.csv", prompts={"querry": "q: "})
    assert layout_of(table, "faq.csv", columns=["question"], prompts="q: ").prompts == {"question": "q: "}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": ["b", None]}, "row 1 has None in the column 'answer'"),
        ({"answer": ["b", 3.0]}, "row 1 has 3.0 in the column 'answer'"),
        ({"score": [0.5, None]}, "row 1 has None in the column 'score'"),
        ({"score": [0.5, float("nan")]}, "row 1 has nan in the column 'score'"),
        ({"score": ["low", "high"]}, "row 0 has 'low' in the column 'score'"),
    ],
)
def test_values_are_looked_at(change, message):
    table = Table(COLUMNS | change)
    with pytest.raises(DataError, match=message):
        check_rows(table, layout_of(table, "data"), losses.CoSENTLoss(GivenModel()), "data")


def test_columns_must_be_those_of_the_loss():
    table = Table({"a": ["x"], "b": ["y"]})
    with pytest.raises(InputError, match=r"data: CoSENTLoss needs labels.*'a', 'b'; no column of labels"):
        check_rows(table, layout_of(table, "data"), losses.CoSENTLoss(GivenModel()), "data")
    with pytest.raises(InputError, match="TripletLoss takes 3 columns of texts; got 2"):
        check_rows(table, layout_of(table, "data"), losses.TripletLoss(GivenModel()), "data")


def test_labels_must_be_those_of_the_loss():
    table = Table({"a": ["x", "y"], "b": ["y", "z"], "score": [5.0, 0.0]})
    with pytest.raises(InputError, match="from -1 to 1"):
        check_rows(table, layout_of(table, "data"), losses.CosineSimilarityLoss(GivenModel()), "data")
    with pytest.raises(InputError, match="0 or 1"):
        check_rows(table, layout_of(table, "data"), losses.ContrastiveLoss(GivenModel()), "data")
    with pytest.raises(InputError, match="from 0 to 2"):
        check_rows(table, layout_of(table, "data"), losses.SoftmaxLoss(GivenModel(), num_labels=3), "data")
    fine = Table({"a": ["x", "y"], "b": ["y", "z"], "score": [1.0, 0.0]})
    for loss in (losses.CosineSimilarityLoss(GivenModel()), losses.ContrastiveLoss(GivenModel())):
        assert check_rows(fine, layout_of(fine, "data"), loss, "data") is None
    assert np.isfinite(fine.columns["score"]).all()
