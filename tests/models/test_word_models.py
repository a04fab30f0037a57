"""Models older than transformers: word vectors and what makes one vector a text of them.

References are formulas in NumPy and torch's own layers, text by text; sentence-transformers is compared in
tests/interop.
"""

import gzip
import subprocess
import sys

import numpy as np
import pytest
import torch

from sbert import SentenceTransformer, models
from sbert.checkpoints import read
from sbert.checkpoints.files import read_json, write_json
from sbert.engines.static import why_not
from sbert.errors import (
    CheckpointError,
    CorruptCheckpointError,
    EngineError,
    InputError,
    SbertWarning,
    UnsupportedModelError,
)
from support.tiny import make_tiny_model, tokenizer_of
from support.words import KINDS, TEXTS, VOCABULARY, WEIGHTS, WIDTH, embeddings, glove, modules, table, write_vectors

MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")


def in_memory(kind):
    return SentenceTransformer(modules=modules(kind), device="cpu")


def saved(kind, folder):
    model = in_memory(kind)
    model.save_pretrained(folder)
    return model


def weight_of(word):
    return WEIGHTS.get(word, WEIGHTS.get(word.lower(), 0.75))


def pooled(rows, weights, mode):
    """What a pooling mode makes of the vectors of one text's words, (n, d)."""
    if not len(rows):
        return np.zeros(WIDTH, np.float32)
    places = np.arange(1, len(rows) + 1)
    return {
        "cls": lambda: rows[0],
        "lasttoken": lambda: rows[-1],
        "max": lambda: rows.max(0),
        "mean": lambda: rows.sum(0) / weights.sum(),
        "mean_sqrt_len_tokens": lambda: rows.sum(0) / np.sqrt(weights.sum()),
        "weightedmean": lambda: (rows * places[:, None]).sum(0) / places.sum(),
    }[mode]()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("weighted", [False, True])
def test_word_vectors_are_pooled_as_the_formulas_say(mode, weighted, tmp_path):
    words = [models.WordWeights(VOCABULARY, WEIGHTS, 0.75)] if weighted else []
    model = SentenceTransformer(modules=[embeddings(), *words, models.Pooling(WIDTH, mode)], device="cpu")
    model.save_pretrained(tmp_path / "model")
    tokenizer = models.WhitespaceTokenizer(VOCABULARY, ["on", "the"])
    expected = []
    for text in TEXTS:
        found = tokenizer.tokenize(text)
        weights = np.array([weight_of(word) if weighted else 1.0 for word in found])
        rows = np.array([table()[VOCABULARY.index(word)] for word in found]).reshape(-1, WIDTH)
        expected.append(pooled(rows * weights[:, None], weights, mode))
    light = SentenceTransformer(tmp_path / "model")
    assert light.backend == "static"
    np.testing.assert_allclose(light.encode(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(model.encode(TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_is_the_same_on_every_engine(kind, tmp_path):
    model = saved(kind, tmp_path / "model")
    vectors = model.encode(TEXTS)
    again = SentenceTransformer(tmp_path / "model", device="cpu")
    assert again.backend == ("torch" if "lstm" in kind or "cnn" in kind else "static")
    np.testing.assert_allclose(again.encode(TEXTS), vectors, atol=1e-5)
    on_torch = SentenceTransformer(tmp_path / "model", backend="torch", device="cpu")
    np.testing.assert_allclose(on_torch.encode(TEXTS), vectors, atol=1e-6)
    on_torch.save_pretrained(tmp_path / "again")
    assert SentenceTransformer(tmp_path / "again", device="cpu").fingerprint == again.fingerprint
    assert vectors.shape == (len(TEXTS), again.get_embedding_dimension())
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_has_the_same_vector_in_any_company(kind):
    model = in_memory(kind)
    together = model.encode([*TEXTS, " ".join(["cat dog river"] * 30)])
    for text, vector in zip(TEXTS, together, strict=False):
        np.testing.assert_allclose(model.encode(text), vector, atol=1e-5)


def test_an_lstm_reads_each_text_as_torch_s_own_does():
    torch.manual_seed(0)
    lstm = models.LSTM(WIDTH, 6, num_layers=2)
    model = SentenceTransformer(modules=[embeddings(), lstm, models.Pooling(12)], device="cpu")
    for text in TEXTS:
        ids = model.tokenizer.batch([text]).ids
        if len(ids):
            with torch.no_grad():
                expected = lstm.encoder(torch.tensor(table()[ids])[None])[0][0].mean(0).numpy()
            np.testing.assert_allclose(model.encode(text), expected, atol=1e-6)


def test_a_convolution_sees_nothing_beside_a_text():
    torch.manual_seed(0)
    cnn = models.CNN(WIDTH, 5, [1, 3])
    model = SentenceTransformer(modules=[embeddings(), cnn, models.Pooling(10, "max")], device="cpu")
    ids = model.tokenizer.batch([TEXTS[4]]).ids
    rows = np.vstack([np.zeros((1, WIDTH)), table()[ids], np.zeros((1, WIDTH))])
    one, three = (conv.weight.detach().numpy() for conv in cnn.convs)
    expected = [
        np.concatenate(
            [
                one[:, :, 0] @ rows[place + 1] + cnn.convs[0].bias.detach().numpy(),
                np.einsum("odk,kd->o", three, rows[place : place + 3]) + cnn.convs[1].bias.detach().numpy(),
            ]
        )
        for place in range(len(ids))
    ]
    np.testing.assert_allclose(model.encode(TEXTS[4]), np.max(expected, axis=0), atol=1e-5)


@pytest.mark.parametrize("counts", [True, False])
def test_a_bag_of_words_counts(counts, tmp_path):
    model = SentenceTransformer(
        modules=[models.BoW(VOCABULARY, WEIGHTS, 0.25, cumulative_term_frequency=counts)], device="cpu"
    )
    vector = model.encode("The cat, the cat: a bank in Paris")
    expected = dict.fromkeys(VOCABULARY, 0.0) | {"the": 0.25, "cat": 2.0, "bank": 1.25, "Paris": 3.0}
    if counts:
        expected |= {"the": 0.5, "cat": 4.0}
    np.testing.assert_allclose(vector, list(expected.values()))
    model.save_pretrained(tmp_path / "bag")
    np.testing.assert_array_equal(SentenceTransformer(tmp_path / "bag").encode("The cat, the cat"), model.encode(
        "The cat, the cat"
    ))  # fmt: skip


def test_a_bag_of_words_has_no_vectors_of_tokens(tmp_path):
    saved("bow", tmp_path / "bag")
    with pytest.raises(InputError, match="no vectors of tokens"):
        SentenceTransformer(tmp_path / "bag").encode("cat", output_value="token_embeddings")


@pytest.mark.parametrize("start", [0, 1, 2])
def test_layers_are_weighted(start, tmp_path):
    folder = make_tiny_model(tmp_path / "bert", "bert", normalize=False)
    network = models.Transformer(folder, config_kwargs={"output_hidden_states": True})
    layers = network.config.num_hidden_layers
    weights = torch.arange(1.0, layers + 2 - start)
    pooling = models.WeightedLayerPooling(network.config.hidden_size, layers, start, weights)
    model = SentenceTransformer(modules=[network, pooling, models.Pooling(network.config.hidden_size)], device="cpu")
    text = "the man reads a book"
    with torch.no_grad():
        tokens = {name: torch.tensor([ids]) for name, ids in model.tokenizer(text).items()}
        hidden = torch.stack(network.auto_model(**tokens, output_hidden_states=True).hidden_states)[start:, 0]
    expected = ((weights[:, None, None] * hidden).sum(0) / weights.sum()).mean(0)
    np.testing.assert_allclose(model.encode(text), expected.numpy(), atol=1e-5)
    model.save_pretrained(tmp_path / "saved")
    again = SentenceTransformer(tmp_path / "saved", device="cpu")
    assert again.backend == "torch"
    np.testing.assert_allclose(again.encode(text), expected.numpy(), atol=1e-5)


def test_a_network_that_gives_no_layers_is_told(tmp_path):
    folder = make_tiny_model(tmp_path / "bert", "bert", normalize=False)
    network = models.Transformer(folder)
    modules = [network, models.WeightedLayerPooling(network.config.hidden_size, 2, 0), models.Pooling(32)]
    with pytest.raises(UnsupportedModelError, match="output_hidden_states"):
        SentenceTransformer(modules=modules, device="cpu").encode("a text")


# --- files of word vectors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_files_of_word_vectors_are_read(header, packed, tmp_path):
    words = ["river", "bank", "cat"]
    path = write_vectors(tmp_path / "vectors.txt", words, table(words=4)[1:], header)
    if packed:
        path = tmp_path / "vectors.txt.gz"
        path.write_bytes(gzip.compress((tmp_path / "vectors.txt").read_bytes()))
    module = models.WordEmbeddings.from_text_file(path)
    assert module.tokenizer.tokenize("a bank by the river") == ["bank", "river"]
    np.testing.assert_allclose(module.emb_layer.weight.detach(), table(words=4), atol=1e-6)
    assert not module.emb_layer.weight.requires_grad
    few = models.WordEmbeddings.from_text_file(path, max_vocab_size=2, update_embeddings=True)
    assert few.emb_layer.weight.shape == (3, WIDTH)
    assert few.emb_layer.weight.requires_grad


def test_lines_that_are_no_vectors_are_counted(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1 2 3\ndog 1 2\nbird 1 2 three\ncat 7 8 9\nfish nan 1 2\nmat 4 5 6\n")
    with pytest.warns(SbertWarning, match="3 lines of .* were left out: they do not have 3 numbers"):
        module = models.WordEmbeddings.from_text_file(path)
    assert module.tokenizer.spec.vocabulary == ("PADDING_TOKEN", "cat", "mat")
    assert module.emb_layer.weight.tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]


def test_what_is_no_file_of_word_vectors_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read"):
        models.WordEmbeddings.from_text_file(tmp_path / "missing.txt")
    (tmp_path / "prose.txt").write_text("This is a sentence.\n\n")
    with pytest.raises(CorruptCheckpointError, match="holds no word vectors"):
        models.WordEmbeddings.from_text_file(tmp_path / "prose.txt")


@pytest.mark.slow
def test_glove_finds_like_words(tmp_path):
    words, vectors = glove()
    tokenizer = models.WhitespaceTokenizer(words)
    SentenceTransformer(
        modules=[models.WordEmbeddings(tokenizer, vectors), models.Pooling(50)], device="cpu"
    ).save_pretrained(tmp_path / "glove")
    model = SentenceTransformer(tmp_path / "glove")
    assert model.backend == "static"
    one, other, third = model.encode(["Paris is the capital of France", "Rome, Italy's main city", "frogs eat insects"])
    cosine = model.similarity(one, [other, third])[0]
    assert cosine[0] > cosine[1] + 0.2
    np.testing.assert_allclose(model.encode("king"), vectors[words.index("king")], atol=1e-6)


# --- static models in memory --------------------------------------------------------------------------------------


def test_a_static_model_is_made_in_memory(tmp_path):
    tokenizer = tokenizer_of("bert")
    weights = np.random.default_rng(0).standard_normal((tokenizer.get_vocab_size(), 6)).astype(np.float32)
    model = SentenceTransformer(modules=[models.StaticEmbedding(tokenizer, weights), models.Normalize()], device="cpu")
    ids = tokenizer.encode("the man reads", add_special_tokens=False).ids
    expected = weights[ids].mean(0)
    np.testing.assert_allclose(model.encode("the man reads"), expected / np.linalg.norm(expected), atol=1e-6)
    model.save_pretrained(tmp_path / "static")
    light = SentenceTransformer(tmp_path / "static")
    assert light.backend == "static"
    np.testing.assert_allclose(light.encode(["the man reads", "a"]), model.encode(["the man reads", "a"]), atol=1e-6)
    module = models.StaticEmbedding.from_model2vec(tmp_path / "static")
    np.testing.assert_array_equal(module.embedding.weight.detach(), weights)


def test_a_new_static_model_can_be_trained():
    module = models.StaticEmbedding(tokenizer_of("bert"), embedding_dim=4)
    model = SentenceTransformer(modules=[module], device="cpu")
    ids = torch.tensor([[5, 6, 0]])
    out = module({"input_ids": ids, "attention_mask": torch.tensor([[1, 1, 0]])})["sentence_embedding"]
    out.sum().backward()
    assert module.embedding.weight.grad[5].tolist() == [0.5] * 4
    assert not module.embedding.weight.grad[0].any()
    assert model.encode("").tolist() == [0, 0, 0, 0]


def test_word_vectors_take_a_tokenizer_of_subwords(tmp_path):
    tokenizer = tokenizer_of("bert")
    weights = np.random.default_rng(0).standard_normal((tokenizer.get_vocab_size(), 6)).astype(np.float32)
    model = SentenceTransformer(modules=[models.WordEmbeddings(tokenizer, weights), models.Pooling(6)], device="cpu")
    np.testing.assert_allclose(model.encode("the man"), weights[tokenizer.encode("the man").ids].mean(0), atol=1e-6)
    model.save_pretrained(tmp_path / "words")
    np.testing.assert_allclose(SentenceTransformer(tmp_path / "words").encode("the man"), model.encode("the man"))


def test_prompts_may_be_left_out_of_pooling(tmp_path):
    parts = [embeddings(), models.Pooling(WIDTH, "mean", include_prompt=False)]
    model = SentenceTransformer(modules=parts, prompts={"query": "river "}, device="cpu")
    np.testing.assert_allclose(model.encode("cat", prompt_name="query"), table()[2], atol=1e-6)
    model.save_pretrained(tmp_path / "model")
    assert why_not(read(tmp_path / "model")) == "its pooling leaves a prompt out"
    again = SentenceTransformer(tmp_path / "model", device="cpu")
    np.testing.assert_allclose(again.encode("cat", prompt_name="query"), table()[2], atol=1e-6)


# --- what cannot be -----------------------------------------------------------------------------------------------


def test_trained_weights_of_words_are_kept(tmp_path):
    """They are in a file of their own; the settings have those that training began with."""
    parts = modules("weights")
    with torch.no_grad():
        parts[1].emb_layer.weight[2] = 5.0
    model = SentenceTransformer(modules=parts, device="cpu")
    model.save_pretrained(tmp_path / "model")
    np.testing.assert_allclose(SentenceTransformer(tmp_path / "model").encode(TEXTS), model.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: models.CNN(8, 4, [2]), "kernel_sizes must be odd"),
        (lambda: models.CNN(8, 4, [3], [2]), "stride_sizes other than 1"),
        (lambda: models.WeightedLayerPooling(8, 2, 3), "layer_start must be from 0 to the 2 layers; got 3"),
        (lambda: models.WordEmbeddings("words", table()), "tokenizer must be one of the tokenizers library"),
        (lambda: models.WordEmbeddings(models.WhitespaceTokenizer(), [1.0]), r"must be \(tokens, width\)"),
        (lambda: models.StaticEmbedding(tokenizer_of("bert")), "embedding_weights"),
    ],
)
def test_modules_that_cannot_be_are_refused(make, message):
    with pytest.raises((InputError, UnsupportedModelError), match=message):
        make()


def test_fewer_rows_than_words_are_told():
    module = models.WordEmbeddings(models.WhitespaceTokenizer(VOCABULARY), table(words=3))
    model = SentenceTransformer(modules=[module, models.Pooling(WIDTH)], device="cpu")
    with pytest.raises(EngineError, match="forward pass"):
        model.encode("river")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"tokenizer_class": "evil.Tokenizer"}, UnsupportedModelError, "no other code"),
        (
            {"tokenizer_class": "sentence_transformers.models.tokenizer.WhitspaceTokenizer"},
            UnsupportedModelError,
            "Did",
        ),
        ({"max_seq_length": 0}, CorruptCheckpointError, "at least 1"),
        ({"max_seq_length": "long"}, CorruptCheckpointError, "must be of the kind int"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, error, message, tmp_path):
    saved("plain", tmp_path / "model")
    path = tmp_path / "model" / "wordembedding_config.json"
    write_json(path, read_json(path) | change)
    with pytest.raises(error, match=message):
        SentenceTransformer(tmp_path / "model")


def test_maximum_lengths_are_kept(tmp_path):
    model = in_memory("plain")
    assert model.max_seq_length is None
    model.max_seq_length = 2
    model.save_pretrained(tmp_path / "model")
    again = SentenceTransformer(tmp_path / "model", on_truncation="ignore")
    assert again.max_seq_length == 2
    np.testing.assert_allclose(again.encode("river bank cat"), again.encode("river bank"))


def test_no_torch_is_needed(tmp_path):
    for kind in ("weights", "bow"):
        saved(kind, tmp_path / kind)
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from sbert import SentenceTransformer\n"
        f"for kind in ('weights', 'bow'):\n"
        f"    print(SentenceTransformer({str(tmp_path)!r} + '/' + kind).encode(['the cat']).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["(1, 4)", f"(1, {len(VOCABULARY)})"], done.stderr
