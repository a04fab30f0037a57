"""SparseEncoder with latent numbers instead of words, beside the formulas of the paper (arXiv 2503.01776)."""

import numpy as np
import pytest
import torch

from sbert import SentenceTransformer, SparseEncoder, models
from sbert.errors import CorruptCheckpointError, InputError
from sbert.search import SparseCorpus
from support.static import WIDTH, static_folder
from support.tiny import make_tiny_model

TEXTS = ["The man reads a book.", "hello", "", "Zebras quickly jumped over 42 lazy foxes!", "a book"]
LATENT, KEPT = 40, 6


def auto_encoder(width, normalize=False, k=KEPT):
    torch.manual_seed(0)
    module = models.SparseAutoEncoder(width, LATENT, k=k, k_aux=8, normalize=normalize)
    with torch.no_grad():
        module.pre_bias.normal_()
        module.latent_bias.normal_()
        module.stats_last_nonzero += torch.arange(LATENT)
    return module


def saved(folder, source, normalize=False):
    """A sparse model of a dense one's modules and an autoencoder; and the dense one."""
    dense = SentenceTransformer(source, backend="torch" if (source / "config.json").exists() else "auto", device="cpu")
    width = dense.get_embedding_dimension()
    first = models.Transformer(source) if dense.backend == "torch" else models.StaticEmbedding.from_model2vec(source)
    pooling = [models.Pooling(width)] if dense.backend == "torch" else []
    SparseEncoder(modules=[first, *pooling, auto_encoder(width, normalize)], device="cpu").save_pretrained(folder)
    return dense


def latents(vectors, normalize):
    """All latent numbers of sentence vectors, in float64."""
    module = auto_encoder(vectors.shape[1], normalize)
    x = vectors.astype(np.float64)
    if normalize:
        x = x - x.mean(1, keepdims=True)
        x = x / (x.std(1, ddof=1, keepdims=True) + 1e-5)
    weight, before, after = (
        tensor.detach().double().numpy() for tensor in (module.encoder.weight, module.pre_bias, module.latent_bias)
    )
    return np.maximum((x - before) @ weight.T + after, 0)


def kept(rows, k):
    found = np.zeros_like(rows)
    for row, out in zip(rows, found, strict=True):
        best = np.argsort(-row)[:k]
        out[best] = row[best]
    return found


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_the_greatest_latent_numbers_are_kept(backend, normalize, tmp_path):
    dense = saved(tmp_path / "csr", make_tiny_model(tmp_path / "dense", "bert", normalize=False), normalize)
    model = SparseEncoder(tmp_path / "csr", backend=backend, device="cpu")
    expected = latents(dense.encode(TEXTS), normalize)
    rows = model.encode(TEXTS)
    assert rows.shape == (len(TEXTS), LATENT)
    np.testing.assert_allclose(rows.toarray(), kept(expected, KEPT), atol=1e-4)
    np.testing.assert_allclose(model.encode(TEXTS, max_active_dims=2).toarray(), kept(expected, 2), atol=1e-4)
    np.testing.assert_allclose(model.encode(TEXTS, max_active_dims=20).toarray(), kept(expected, 20), atol=1e-4)


def test_a_static_model_needs_no_torch_for_it(tmp_path):
    dense = saved(tmp_path / "csr", static_folder(tmp_path / "dense", normalize=False))
    model = SparseEncoder(tmp_path / "csr")
    assert model.backend == "static"
    assert dense.get_embedding_dimension() == WIDTH
    np.testing.assert_allclose(
        model.encode(TEXTS).toarray(), kept(latents(dense.encode(TEXTS), False), KEPT), atol=1e-4
    )


def test_all_its_tensors_are_kept(tmp_path):
    saved(tmp_path / "csr", make_tiny_model(tmp_path / "dense", "bert", normalize=False))
    model = SparseEncoder(tmp_path / "csr", backend="openvino", max_active_dims=3)
    model.save_pretrained(tmp_path / "again")
    again = SparseEncoder(tmp_path / "again", backend="torch", device="cpu")
    assert again.max_active_dims == 3
    assert again[2].stats_last_nonzero.tolist() == list(range(LATENT))
    np.testing.assert_allclose(again.encode(TEXTS).toarray(), model.encode(TEXTS).toarray(), atol=1e-4)


def test_latent_numbers_are_searched_but_stand_for_no_words(tmp_path):
    saved(tmp_path / "csr", make_tiny_model(tmp_path / "dense", "bert", normalize=False))
    model = SparseEncoder(tmp_path / "csr", backend="openvino")
    rows = model.encode(TEXTS)
    assert SparseCorpus(rows).search(rows[[0]], 1).ids.tolist() == [[int(np.argmax((rows @ rows[[0]].T).toarray()))]]
    with pytest.raises(InputError, match="stand for no words"):
        model.decode(rows)


def test_in_training_the_module_keeps_the_greatest_itself():
    module = auto_encoder(5, k=3).train()
    x = torch.randn(4, 5, requires_grad=True)
    out = module({"sentence_embedding": x})["sentence_embedding"]
    assert ((out > 0).sum(1) <= 3).all()
    out.sum().backward()
    assert module.encoder.weight.grad.abs().sum() > 0


def test_weights_of_another_shape_are_refused(tmp_path):
    saved(tmp_path / "csr", make_tiny_model(tmp_path / "dense", "bert", normalize=False))
    path = tmp_path / "csr" / "2_SparseAutoEncoder" / "config.json"
    path.write_text(path.read_text().replace(f'"hidden_dim": {LATENT}', '"hidden_dim": 41'))
    with pytest.raises(CorruptCheckpointError, match=r"has shape \(40, 32\); the settings say \(41, 32\)"):
        SparseEncoder(tmp_path / "csr")
