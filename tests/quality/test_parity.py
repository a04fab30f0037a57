"""On real texts, 1,000 where the model is small, vectors equal those of torch, text by text."""

import numpy as np
import pytest

from sbert import SentenceTransformer
from sbert.checkpoints import resolve
from support import real_models
from support.reference import row_cosines, torch_mean_vectors
from support.shared import json_lines, real_texts, rows

CLOSE = 0.99999
LANGUAGES = "ara ben bul cmn deu ell fra heb hin jpn kat kor pol por rus spa tam tha tur vie"


def assert_parity(folder, texts, max_length):
    """Ours beside torch's, text by text; where they differ both are asked again, which tells whose slip it was."""
    model = SentenceTransformer(folder, backend="openvino", on_truncation="ignore")
    assert model.max_seq_length == max_length
    ours = model.encode(texts, normalize_embeddings=True)
    theirs = torch_mean_vectors(folder, texts, max_length)
    assert len(ours) == len(theirs) == len(texts) >= 400
    apart = np.flatnonzero(row_cosines(ours, theirs) < CLOSE)
    if len(apart):
        some = [texts[place] for place in apart]
        again = model.encode(some, normalize_embeddings=True)
        changed = [
            int(place) for place, a, b in zip(apart, ours[apart], again, strict=True) if not np.array_equal(a, b)
        ]
        assert not changed, f"ours were other vectors the first time: {changed} of {apart.tolist()}"
        theirs[apart] = torch_mean_vectors(folder, some, max_length)
    cosines = row_cosines(ours, theirs)
    assert cosines.min() >= CLOSE, (
        f"text {cosines.argmin()}: {texts[cosines.argmin()]!r}; apart at first: {apart.tolist()}"
    )


def test_minilm():
    assert_parity(resolve("all-MiniLM-L6-v2").folder, real_texts(1000), 256)


def test_paraphrase_minilm_l3(tmp_path):
    """Against torch, and against the published ONNX graph, whose pooling is its own."""
    import onnxruntime
    from transformers import AutoTokenizer

    folder, texts = real_models.paraphrase_l3(tmp_path / "l3"), real_texts(1000)
    assert_parity(folder, texts, 128)
    session = onnxruntime.InferenceSession(real_models.paraphrase_l3_onnx(), providers=["CPUExecutionProvider"])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    features = tokenizer(texts[:50], padding=True, truncation=True, max_length=128, return_tensors="np")
    feeds = {name: features[name] for name in ("input_ids", "attention_mask")}
    published = next(out for out in session.run(None, feeds) if out.shape == (50, 384))
    model = SentenceTransformer(folder, backend="openvino", on_truncation="ignore")
    assert row_cosines(model.encode(texts[:50]), published).min() >= CLOSE


@pytest.mark.slow
def test_mpnet():
    assert_parity(resolve("all-mpnet-base-v2").folder, real_texts(400), 384)  # torch takes minutes for more


@pytest.mark.slow
def test_multilingual_e5(tmp_path):
    """Twenty languages and scripts, of one sentence to one paragraph."""
    folder = real_models.multilingual_e5_small(tmp_path / "e5")
    files = [f"parallel/tatoeba/{language}.tsv.gz" for language in LANGUAGES.split()]
    texts = [row["translation"] for file in files for row in rows(file)[:45]]
    texts += [doc["text"] for doc in json_lines("retrieval/xquad-ru/corpus.jsonl.gz")]
    texts = list(dict.fromkeys(texts))[:1000]
    assert_parity(folder, texts, 512)
