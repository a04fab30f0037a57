"""Domain adaptation: the rows that each method makes, and that models learn from them."""

import numpy as np
import pytest
import torch

from sbert import CrossEncoder, SentenceTransformer, losses
from sbert.errors import InputError
from sbert.training import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sbert.training.adaptation import (
    align_to_teacher,
    drop_layers,
    extend_vocabulary,
    gpl_rows,
    silver_pairs,
    translation_rows,
)
from support.tiny import ARCHITECTURES, make_tiny_cross_encoder, make_tiny_model
from support.training import sentences, tiny


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


class Shared:
    """A cross-encoder that counts shared words."""

    def __init__(self):
        self.asked = []

    def predict(self, pairs):
        self.asked += pairs
        return np.array([len(set(a.split()) & set(b.split())) / 10 for a, b in pairs])


def train(folder, model, rows, loss, steps=20, rate=3e-3):
    args = SentenceTransformerTrainingArguments(
        str(folder / "run"),
        max_steps=steps,
        per_device_train_batch_size=16,
        learning_rate=rate,
        save_strategy="no",
        use_cpu=True,
        logging_steps=1,
    )
    trainer = SentenceTransformerTrainer(model, args, rows, loss=loss)
    trainer.train()
    told = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return np.mean(told[:4]), np.mean(told[-4:])


def test_gpl_scores_each_pair_once_and_labels_margins(tmp_path):
    model, judge = tiny(tmp_path), Shared()
    texts = sentences(20, least=5, most=9)
    corpus = {" ".join(text.split()[:3]): text for text in texts}
    rows = gpl_rows(corpus, model, judge, negatives=3)
    assert rows.column_names == ["query", "positive", "negative", "label"]
    assert len(rows) == 3 * len(corpus)
    assert len(judge.asked) == len(set(judge.asked))
    for row in rows.__getitems__(list(range(len(rows)))):
        assert row["positive"] == corpus[row["query"]] != row["negative"]
        good, bad = judge.predict([(row["query"], row["positive"]), (row["query"], row["negative"])])
        assert row["label"] == pytest.approx(good - bad)
    first, last = train(tmp_path, model, rows, losses.MarginMSELoss(model))
    assert last < first


def test_gpl_takes_queries_from_a_generator(tmp_path):
    texts = sentences(12)
    rows = gpl_rows(
        texts, tiny(tmp_path), Shared(), generator=lambda given: [[f"what is {text}"] for text in given], negatives=1
    )
    assert {row["query"] for row in rows.__getitems__(list(range(len(rows))))} == {f"what is {text}" for text in texts}
    with pytest.raises(InputError, match="GPL needs queries"):
        gpl_rows(texts, tiny(tmp_path), Shared())
    with pytest.raises(InputError, match="a list of queries for each of 12 texts; got 1"):
        gpl_rows(texts, tiny(tmp_path), Shared(), generator=lambda _: [["x"]])


def test_silver_pairs_are_near_ones_scored(tmp_path):
    model = tiny(tmp_path)
    texts = sentences(15)
    cross = CrossEncoder(str(make_tiny_cross_encoder(tmp_path / "cross", "bert")))
    rows = silver_pairs(texts, cross, model, top_k=2)
    pairs = list(zip(rows.columns["sentence1"], rows.columns["sentence2"], strict=True))
    assert len({frozenset(pair) for pair in pairs}) == len(pairs) >= 15
    np.testing.assert_allclose(rows.columns["score"], cross.predict(pairs), rtol=1e-5)
    scores = np.asarray(model.similarity(model.encode(texts), model.encode(texts)))
    np.fill_diagonal(scores, -2)
    nearest = {frozenset((texts[i], texts[int(scores[i].argmax())])) for i in range(15)}
    assert nearest <= {frozenset(pair) for pair in pairs}
    fewer = silver_pairs(texts, cross, model, top_k=2, known=pairs[:4])
    assert len(fewer) == len(rows) - 4
    more = silver_pairs(texts, cross, model, top_k=1, random_pairs=200)
    assert len(more) > len(rows)
    with pytest.raises(InputError, match="two different ones"):
        silver_pairs(["a", "a"], cross, model)


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name not in ("albert", "modernbert")])
def test_a_student_of_fewer_layers(tmp_path, architecture):
    folder = make_tiny_model(tmp_path / architecture, architecture)
    student = SentenceTransformer(str(folder), backend="torch")
    texts = sentences(4)
    whole = student.encode(texts)
    drop_layers(student, [1])
    vectors = student.encode(texts)
    assert np.abs(vectors - whole).max() > 1e-3
    student.save_pretrained(tmp_path / "student")
    for backend in ("openvino", "torch"):
        again = SentenceTransformer(str(tmp_path / "student"), backend=backend)
        np.testing.assert_allclose(again.encode(texts), vectors, atol=1e-5)


def test_layers_that_depend_on_their_number_are_not_dropped(tmp_path):
    folder = make_tiny_model(tmp_path / "modern", "modernbert")
    with pytest.raises(InputError, match="those of modernbert do"):
        drop_layers(SentenceTransformer(str(folder), backend="torch"), [1])


def test_a_student_learns_its_teachers_vectors(tmp_path):
    teacher, student = tiny(tmp_path), tiny(tmp_path)
    drop_layers(student, [0])
    texts = sentences(64)
    rows = {"text": texts, "label": teacher.encode(texts)}
    first, last = train(tmp_path, student, rows, losses.MSELoss(student), steps=30)
    assert last < 0.7 * first
    with pytest.raises(InputError, match="from 0 to 0, rising"):
        drop_layers(student, [1])


def test_new_words_start_from_their_old_pieces(tmp_path):
    model = tiny(tmp_path)
    english = sentences(6)
    before = model.encode(english)
    german = ["der zaubernde hund", "zaubernde katzen und hunde", "der hund und die katzen"] * 5
    pieces = [model.tokenizer.batch([word]).ids.tolist()[1:-1] for word in ("zaubernde", "hund")]
    table = model.trainable("a test")[0].auto_model.get_input_embeddings().weight.detach().clone()
    added = extend_vocabulary(model, german, 200)
    assert added > 0
    np.testing.assert_allclose(model.encode(english), before, atol=1e-6)
    now = model.trainable("a test")[0].auto_model.get_input_embeddings().weight.detach()
    for word, old in zip(("zaubernde", "hund"), pieces, strict=True):
        number = model.tokenizer.token_id(word)
        assert model.tokenizer.batch([word]).ids.tolist()[1:-1] == [number]
        torch.testing.assert_close(now[number], table[old].mean(dim=0))
    model.save_pretrained(tmp_path / "wider")
    again = SentenceTransformer(str(tmp_path / "wider"))
    np.testing.assert_allclose(again.encode(german[:3]), model.encode(german[:3]), atol=1e-5)
    other = tiny(tmp_path / "roberta", "roberta") if (tmp_path / "roberta").mkdir() is None else None
    with pytest.raises(InputError, match="knows tokenizers of WordPiece"):
        extend_vocabulary(other, german)


def test_a_second_language_is_learned_from_the_first(tmp_path):
    teacher, student = tiny(tmp_path), tiny(tmp_path)
    english = sentences(64)
    backwards = [" ".join(word[::-1] for word in text.split()) for text in english]
    rows = translation_rows(teacher, english, backwards)
    np.testing.assert_allclose(rows.columns["label"], teacher.encode(english))
    first, last = train(tmp_path, student, rows, losses.MSELoss(student), steps=40)
    assert last < 0.7 * first
    with pytest.raises(InputError, match="got 64 and 1"):
        translation_rows(teacher, english, ["x"])


def test_a_student_is_mapped_into_its_teachers_space(tmp_path):
    student = tiny(tmp_path)
    texts = sentences(64)
    own = student.encode(texts).astype(np.float64)
    turned = np.linalg.qr(np.random.default_rng(3).normal(size=(own.shape[1], own.shape[1])))[0]
    rows = {"source": texts[:32], "translation": texts[32:], "label": (2 * own[:32] @ turned).astype(np.float32)}
    aligned = align_to_teacher(student, {"text": texts, "label": (own @ turned + 0.5).astype(np.float32)}, ridge=1e-9)
    np.testing.assert_allclose(aligned.encode(texts), own @ turned + 0.5, atol=1e-3)
    aligned.save_pretrained(tmp_path / "aligned")
    np.testing.assert_allclose(
        SentenceTransformer(str(tmp_path / "aligned"), backend="openvino").encode(texts),
        aligned.encode(texts),
        atol=1e-4,
    )
    # The formula, over both columns.
    one = align_to_teacher(student, rows, ridge=0.01)
    both, wanted = own, np.concatenate([rows["label"], rows["label"]]).astype(np.float64)
    centred = both - both.mean(axis=0)
    held = centred.T @ centred / 64
    held += 0.01 * np.trace(held) / held.shape[0] * np.eye(held.shape[0])
    weights = np.linalg.solve(held, centred.T @ (wanted - wanted.mean(axis=0)) / 64)
    np.testing.assert_allclose(one.encode(texts), centred @ weights + wanted.mean(axis=0), atol=1e-3)


def test_vectors_of_length_one_stay_so_when_they_are_mapped(tmp_path):
    student = tiny(tmp_path)
    texts = sentences(32)
    labels = np.random.default_rng(1).normal(size=(32, 8)).astype(np.float32)
    labels /= np.linalg.norm(labels, axis=1, keepdims=True)
    aligned = align_to_teacher(student, {"text": texts, "label": labels})
    np.testing.assert_allclose(np.linalg.norm(aligned.encode(texts), axis=1), 1, atol=1e-5)
    assert aligned.get_embedding_dimension() == 8


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ({"text": ["a"]}, {}, "they have text"),
        ({"label": [[1.0]]}, {}, "rows must have texts"),
        ({"text": ["a", "b"], "label": [1.0, 2.0]}, {}, "The labels must be a teacher's vectors"),
        ({"text": ["a"], "label": [[1.0]]}, {"ridge": 0}, "ridge must be a positive number; got 0"),
        ({"text": [3], "label": [[1.0]]}, {}, "must be a string"),
    ],
)
def test_what_cannot_be_aligned_is_told(tmp_path, rows, options, message):
    with pytest.raises(InputError, match=message):
        align_to_teacher(tiny(tmp_path), rows, **options)
