"""Tokens are those that transformers makes of the same folder, from every kind of tokenizer file."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer
from transformers import AutoTokenizer

from sbert.checkpoints import resolve
from sbert.checkpoints.modules import TransformerSpec
from sbert.errors import CorruptCheckpointError, TokenizerNotFoundError
from sbert.text import load_tokenizer
from sbert.text.tokenizer import FastTokenizer
from support.folders import bert_folder, write_json
from support.tiny import ARCHITECTURES, WORDS, tokenizer_of

TEXTS = [
    "Hello, world! It's 3.14 o'clock — isn't it?",
    "Ünïcödé naïve CAFÉ résumé ﬁnance ½ ①",
    "日本語のテキスト and 中文 mixed, плюс русский",
    "مرحبا بالعالم  two  spaces\tand\ntabs",
    "emoji 😀👩‍👩‍👧 zero​width",
    "<s> [CLS] [MASK] </s> <pad> special words",
    "",
    " ",
    "supercalifragilisticexpialidocious" * 5,
]


@pytest.fixture(scope="module")
def minilm_folder():
    return resolve("all-MiniLM-L6-v2").folder


def copy_of(source, target, *names):
    target.mkdir()
    for name in names:
        shutil.copyfile(source / name, target / name)
    return target


def change(path, **values):
    write_json(path, json.loads(path.read_text()) | values)


def assert_same_tokens(folder, texts=TEXTS):
    ours = load_tokenizer(TransformerSpec.read(folder))
    theirs = AutoTokenizer.from_pretrained(folder)
    limit = {"truncation": "longest_first", "max_length": ours.max_length} if ours.max_length else {}
    for text in texts:
        assert ours([text])["input_ids"][0] == theirs(text, **limit)["input_ids"], text
    pair = theirs("first text", "the second", **limit)
    tokens = ours.batch([("first text", "the second")])
    assert tokens.ids.tolist() == pair["input_ids"]
    if "token_type_ids" in pair:
        assert tokens.type_ids.tolist() == pair["token_type_ids"]
    assert ours.pad_id == theirs.pad_token_id


FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def test_from_tokenizer_json(minilm_folder):
    assert_same_tokens(minilm_folder)


def test_from_vocab_txt(minilm_folder, tmp_path):
    assert_same_tokens(copy_of(minilm_folder, tmp_path / "x", "config.json", "vocab.txt"))


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("files", [FILES, tuple(name for name in FILES if name != "tokenizer.json")])
def test_lower_casing_follows_the_tokenizers_settings(minilm_folder, tmp_path, lower, files):
    folder = copy_of(minilm_folder, tmp_path / "x", *files)
    change(folder / "tokenizer_config.json", do_lower_case=lower, strip_accents=lower)
    assert_same_tokens(folder)


def test_the_settings_win_over_tokenizer_json_for_berts_own_class(minilm_folder, tmp_path):
    folder = copy_of(minilm_folder, tmp_path / "x", *FILES)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["normalizer"]["lowercase"] = False
    write_json(folder / "tokenizer.json", tokenizer)
    assert_same_tokens(folder)


def test_a_generic_class_is_taken_as_it_is(minilm_folder, tmp_path):
    folder = copy_of(minilm_folder, tmp_path / "x", *FILES)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["normalizer"]["lowercase"] = False
    write_json(folder / "tokenizer.json", tokenizer)
    change(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    assert_same_tokens(folder)


def test_mpnet_from_vocab_txt(tmp_path):
    folder = bert_folder(tmp_path / "x", model_type="mpnet", pad_token_id=1, max_position_embeddings=66)
    words = "<s> <pad> </s> <unk> [UNK] <mask> hello world first second text the ##s a e o"
    (folder / "vocab.txt").write_text(words.replace(" ", "\n") + "\n")
    assert_same_tokens(folder, ["hello worlds", "Hello <mask> a", ""])


@pytest.mark.parametrize("prefix_space", [False, True])
def test_roberta_from_vocab_and_merges(tmp_path, prefix_space):
    folder = bert_folder(tmp_path / "x", model_type="roberta", pad_token_id=1, max_position_embeddings=66)
    (folder / "vocab.txt").unlink()
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXTS * 3, 400, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    trained.save_model(str(folder))
    write_json(folder / "tokenizer_config.json", {"add_prefix_space": prefix_space})
    assert_same_tokens(folder)


def test_clip_from_vocab_and_merges(tmp_path):
    from tokenizers.pre_tokenizers import ByteLevel

    folder = bert_folder(tmp_path / "x", model_type="clip", max_position_embeddings=77)
    (folder / "vocab.txt").unlink()
    letters = sorted(ByteLevel.alphabet())
    merges = ["h e", "l l", "l o</w>", "t h", "th e</w>"]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    vocabulary = {piece: number for number, piece in enumerate([*pieces, "<|startoftext|>", "<|endoftext|>"])}
    write_json(folder / "vocab.json", vocabulary)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    assert_same_tokens(folder, [text for text in TEXTS if "[MASK]" not in text and "😀" not in text])


def test_the_models_own_lower_casing_comes_first(minilm_folder, tmp_path):
    folder = copy_of(minilm_folder, tmp_path / "x", *FILES)
    change(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["normalizer"] = None
    write_json(folder / "tokenizer.json", tokenizer)
    plain = load_tokenizer(TransformerSpec.read(folder))
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 9, "do_lower_case": True})
    lowered = load_tokenizer(TransformerSpec.read(folder))
    assert plain.tokenize("HELLO") == ["[UNK]"]
    assert lowered.tokenize("HELLO") == ["hello"]
    assert lowered.max_length == 9


@given(st.lists(st.text(max_size=200), min_size=1, max_size=8), st.integers(min_value=3, max_value=20))
@settings(max_examples=60, deadline=None)
def test_what_is_cut_is_counted(texts, limit):
    spec = TransformerSpec.read(resolve("all-MiniLM-L6-v2").folder)
    whole, cut = counted(spec, None, texts), counted(spec, limit, texts)
    np.testing.assert_array_equal(cut.dropped, np.maximum(whole.lengths - limit, 0))
    np.testing.assert_array_equal(cut.lengths, np.minimum(whole.lengths, limit))
    assert not whole.dropped.any()


TOKENIZERS = {}


def counted(spec, limit, texts):
    """Tokenise with a limit; tokenizers are kept, since making one takes longer than the test."""
    from dataclasses import replace

    if limit not in TOKENIZERS:
        TOKENIZERS[limit] = load_tokenizer(replace(spec, max_seq_length=limit))
    return TOKENIZERS[limit].batch(texts)


def test_long_pairs_are_counted(minilm_folder):
    from dataclasses import replace

    tokenizer = load_tokenizer(replace(TransformerSpec.read(minilm_folder), max_seq_length=10))
    tokens = tokenizer.batch([("one two three four five", "six seven eight nine ten eleven")])
    assert tokens.lengths.tolist() == [10]
    assert tokens.dropped.tolist() == [4]  # 11 words and 3 special tokens make 14


def test_prompt_length_counts_the_leading_special_token(minilm_folder):
    tokenizer = load_tokenizer(TransformerSpec.read(minilm_folder))
    assert tokenizer.prompt_length("query: ") == 3  # [CLS] query :


def test_a_folder_without_a_tokenizer_is_told(tmp_path):
    folder = bert_folder(tmp_path / "x")
    (folder / "vocab.txt").unlink()
    with pytest.raises(TokenizerNotFoundError, match=r"has no tokenizer.*looked for tokenizer.json, vocab.txt"):
        load_tokenizer(TransformerSpec.read(folder))


def test_a_damaged_tokenizer_is_told(tmp_path):
    folder = bert_folder(tmp_path / "x")
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(CorruptCheckpointError, match=r"The tokenizer in .* cannot be read"):
        load_tokenizer(TransformerSpec.read(folder))


def test_text_and_back(minilm_folder):
    tokenizer = load_tokenizer(TransformerSpec.read(minilm_folder))
    ids = tokenizer("Hello world")["input_ids"]
    assert ids == tokenizer.encode("Hello world") == tokenizer(["Hello world"])["input_ids"][0]
    assert tokenizer.decode(ids) == "hello world"
    assert tokenizer.vocabulary()["hello"] == ids[1]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@given(data=st.data())
@settings(max_examples=40)
def test_pairs_that_share_a_text_are_tokenised_as_apart(architecture, data):
    """A query with its documents is put together from parts: to the numbers that the library gives pair by pair."""
    limit = data.draw(st.one_of(st.none(), st.integers(5, 40)))
    words = st.lists(st.sampled_from([*WORDS[:40], "日本", "<s>", "[SEP]", "zz"]), max_size=30).map(" ".join)
    pairs = [(query, text) for query in data.draw(st.lists(words, min_size=1, max_size=2)) for text in data.draw(LISTS)]
    tokenizer = FastTokenizer(tokenizer_of(architecture), limit, 0)
    together = tokenizer.batch(pairs)
    for row, pair in enumerate(pairs):
        alone = tokenizer.batch([pair])
        part = slice(together.starts[row], together.starts[row + 1])
        assert together.ids[part].tolist() == alone.ids.tolist()
        assert together.type_ids[part].tolist() == alone.type_ids.tolist()
        assert together.dropped[row] == alone.dropped[0]


LISTS = st.lists(
    st.lists(st.sampled_from([*WORDS[40:80], "ß", "</s>"]), max_size=30).map(" ".join), min_size=4, max_size=6
)
