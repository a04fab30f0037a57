"""Tiny random checkpoint folders of every architecture, whole with tokenizer and modules, made in milliseconds.

They are written by transformers and the tokenizers library, not by sbert, so that tests read what others write.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification

#: Every architecture that :func:`make_tiny_model` makes.
ARCHITECTURES = (
    "bert", "roberta", "xlm-roberta", "camembert", "distilbert", "mpnet", "electra", "albert", "modernbert",
)  # fmt: skip

WORDS = """
the a an and or but if of in on at to for from by with about as into over under after before between not no yes
is are was were be been being have has had do does did can could will would should may might must
i you he she it we they me him her us them my your his its our their this that these those who what where when why how
man woman child boy girl people person dog cat bird fish horse cow tree flower house home city country river sea
mountain road car bus train plane boat bicycle school book paper letter word story music song picture film game ball
food bread water milk coffee tea apple fruit meat table chair door window room kitchen garden street market shop money
work job day night morning evening week month year time hour sun moon star rain snow wind fire light colour red green
blue white black yellow big small long short old new young good bad happy sad fast slow hot cold high low open close
go come run walk sit stand eat drink sleep read write speak listen see look hear play sing dance buy sell give take
make find lose win think know learn teach love hate help need want begin end science computer data model sentence
language number energy health doctor world war peace law king queen
""".split()  # noqa: SIM905  (a list literal would take a line a word)

_CHARACTERS = [chr(code) for code in range(33, 127)] + list("äöüßéèêïàçñœ中文日本語привет")
_LETTERS = [character for character in _CHARACTERS if character.isalnum()]

_BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROBERTA_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_CAMEMBERT_SPECIAL = ("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>")
_ALBERT_SPECIAL = ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")

_POOLING_FLAGS = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}


def make_tiny_model(
    folder: Path,
    architecture: str,
    *,
    pooling: Sequence[str] = ("mean",),
    dense: int | dict[str, Any] | None = None,
    normalize: bool = True,
    seed: int = 0,
    **config_overrides: Any,
) -> Path:
    """Write a model folder: a network of width 32 that reads 128 tokens, with random weights and a real tokenizer.

    Args:
        folder: where to; made if it is not there.
        architecture: one of :data:`ARCHITECTURES`.
        pooling: pooling modes, in the order of the older flags.
        dense: width of a Dense module after pooling, or its settings as in its ``config.json``; None for none.
        normalize: whether a Normalize module comes last.
        seed: of the weights.
        **config_overrides: settings of ``config.json`` to change.

    Returns:
        The folder.
    """
    generator = torch.Generator().manual_seed(seed)
    config = _write_network(folder, architecture, AutoModel, generator, config_overrides)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": LENGTH, "do_lower_case": False})

    width = config.hidden_size
    entries: list[tuple[str, dict[str, Any], dict[str, torch.Tensor]]] = []
    flags = {flag: mode in pooling for mode, flag in _POOLING_FLAGS.items()}
    entries.append(("Pooling", {"word_embedding_dimension": width} | flags, {}))
    width *= len(pooling)
    if dense is not None:
        options = {"out_features": dense} if isinstance(dense, int) else dense
        plain = {"in_features": width, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"}
        dense_settings = plain | options
        entries.append(("Dense", dense_settings, dense_tensors(dense_settings, generator)))
    if normalize:
        entries.append(("Normalize", {}, {}))
    listed = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    for index, (kind, config_json, tensors) in enumerate(entries, 1):
        path = f"{index}_{kind}"
        (folder / path).mkdir(exist_ok=True)
        if config_json:
            _write(folder / path / "config.json", config_json)
        if tensors:
            save_file(tensors, folder / path / "model.safetensors")
        listed.append({"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"})
    _write(folder / "modules.json", listed)
    return folder


def make_tiny_late(
    folder: Path,
    architecture: str,
    *,
    width: int = 16,
    skiplist: Iterable[str] = (),
    kept: list[int] | None = None,
    pool_factor: float | None = None,
    pylate: bool = False,
    seed: int = 0,
) -> Path:
    """Write a folder of a late-interaction model, with prompts, that reads 16 tokens of a document.

    Args:
        folder: where to; made if it is not there.
        architecture: one of :data:`ARCHITECTURES`.
        width: of the token vectors.
        skiplist: words left out of documents.
        kept: numbers of the tokens that are kept of documents; None for all.
        pool_factor: of a HierarchicalTokenPooling at the end; None for none.
        pylate: whether it has the form of PyLate's third version.
        seed: of the weights.

    Returns:
        The folder.
    """
    generator = torch.Generator().manual_seed(seed)
    config = _write_network(folder, architecture, AutoModel, generator, {})
    tokens = {"module_input_name": "token_embeddings", "module_output_name": "token_embeddings"}
    dense: dict[str, Any] = {"in_features": config.hidden_size, "out_features": width, "bias": False}
    dense["activation_function"] = "torch.nn.modules.linear.Identity"
    mask = {"skiplist_words": list(skiplist), "skiplist_tasks": ["document"], "keep_only_token_ids": kept}
    home = "sentence_transformers.multi_vector_encoder.modules"
    entries = [
        (
            "pylate.models.Dense.Dense" if pylate else "sentence_transformers.models.Dense",
            dense | ({} if pylate else tokens),
        ),
        (f"{home}.MultiVectorMask", mask),
        ("sentence_transformers.models.Normalize", tokens),
    ][: 1 if pylate else None]
    if pool_factor is not None:
        pooling = {"pool_factor": pool_factor, "num_protected_tokens": 1, "normalize_embeddings": True}
        entries.append((f"{home}.HierarchicalTokenPooling", pooling | {"tasks": ["document"]}))
    listed = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    for index, (kind, settings) in enumerate(entries, 1):
        path = f"{index}_{kind.rpartition('.')[2]}"
        (folder / path).mkdir(exist_ok=True)
        _write(folder / path / "config.json", settings)
        listed.append({"idx": index, "name": str(index), "path": path, "type": kind})
    save_file(dense_tensors(dense, generator), folder / "1_Dense" / "model.safetensors")
    _write(folder / "modules.json", listed)
    own = {"max_seq_length": LENGTH, "do_lower_case": False}
    _write(folder / "sentence_bert_config.json", own if pylate else own | {"document_length": 16})
    if pylate:
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        vocabulary = tokenizer["model"]["vocab"]
        for rare, marker in (("日", "[unused0]"), ("本", "[unused1]")):  # markers that stand in no text
            vocabulary[marker] = vocabulary.pop(rare)
        _write(folder / "tokenizer.json", tokenizer)
        old = {"query_prefix": "[unused0] ", "document_prefix": "[unused1] ", "query_length": 9, "document_length": 20}
        _write(folder / "config_sentence_transformers.json", {"model_type": "ColBERT"} | old)
    else:
        prompts = {"query": "query: ", "document": "document: "}
        settings = {"model_type": "MultiVectorEncoder", "prompts": prompts, "similarity_fn_name": "maxsim"}
        _write(folder / "config_sentence_transformers.json", settings)
    return folder


def make_tiny_cross_encoder(
    folder: Path, architecture: str, *, labels: int = 1, seed: int = 0, **config_overrides: Any
) -> Path:
    """Write a plain Hugging Face folder of a tiny network with a head that gives scores.

    Args:
        folder: where to; made if it is not there.
        architecture: one of :data:`ARCHITECTURES`.
        labels: scores for a pair.
        seed: of the weights.
        **config_overrides: settings of ``config.json`` to change.

    Returns:
        The folder.
    """
    generator = torch.Generator().manual_seed(seed)
    overrides = {"num_labels": labels} | config_overrides
    _write_network(folder, architecture, AutoModelForSequenceClassification, generator, overrides)
    return folder


def make_tiny_splade(folder: Path, architecture: str, *, seed: int = 0, **config_overrides: Any) -> Path:
    """Write a plain Hugging Face folder of a tiny network with the head that tells words.

    Args:
        folder: where to; made if it is not there.
        architecture: one of :data:`ARCHITECTURES`.
        seed: of the weights.
        **config_overrides: settings of ``config.json`` to change.

    Returns:
        The folder.
    """
    generator = torch.Generator().manual_seed(seed)
    _write_network(folder, architecture, AutoModelForMaskedLM, generator, config_overrides)
    return folder


LENGTH = 128


def _write_network(
    folder: Path, architecture: str, kind: Any, generator: torch.Generator, config_overrides: dict[str, Any]
) -> Any:
    """Write a network with random weights and its tokenizer; gives its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, roles, class_name = _TOKENIZERS[architecture]()
    ids = {role: tokenizer.token_to_id(token) for role, token in roles.items()}
    settings = _CONFIGS[architecture] | {
        "vocab_size": tokenizer.get_vocab_size(),
        "pad_token_id": ids["pad_token"],
        "bos_token_id": ids["cls_token"],
        "eos_token_id": ids["sep_token"],
        "cls_token_id": ids["cls_token"],
        "sep_token_id": ids["sep_token"],
    }
    config = AutoConfig.for_model(architecture, **settings | config_overrides)
    network = kind.from_config(config)
    _randomise(network, generator)
    network.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    # The lower-casing of the tokenizers made here, in the words of BERT's class, which reads it from this file.
    lower = {"do_lower_case": True, "tokenize_chinese_chars": True, "strip_accents": None}
    _write(
        folder / "tokenizer_config.json", roles | lower | {"tokenizer_class": class_name, "model_max_length": LENGTH}
    )
    return config


def tokenizer_of(architecture: str) -> Tokenizer:
    """A tokenizer as an architecture has it, with special tokens around texts."""
    tokenizer: Tokenizer = _TOKENIZERS[architecture]()[0]
    return tokenizer


def dense_tensors(settings: dict[str, Any], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Random weights for a Dense module with these settings."""
    out, into = settings["out_features"], settings["in_features"]
    tensors = {"linear.weight": torch.randn(out, into, generator=generator) / into**0.5}
    if settings.get("bias", True):
        tensors["linear.bias"] = torch.randn(out, generator=generator) * 0.3
    if settings.get("use_residual") and out != into:
        tensors["residual.weight"] = torch.randn(out, into, generator=generator) / into**0.5
    return tensors


def _randomise(network: torch.nn.Module, generator: torch.Generator) -> None:
    """Weights large enough that attention, positions and activations all matter to the output."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name.lower():
                parameter.copy_(noise * 0.1 + (1.0 if name.endswith("weight") else 0.0))
            else:
                parameter.copy_(noise * (0.1 if name.endswith("bias") else 0.25))


_COMMON: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 128,
}
# Positions of this family are numbered from after the padding token's number, 1.
_OFFSET = _COMMON | {"max_position_embeddings": 130}

_CONFIGS: dict[str, dict[str, Any]] = {
    "bert": _COMMON,
    "roberta": _OFFSET | {"type_vocab_size": 1},
    "xlm-roberta": _OFFSET | {"type_vocab_size": 1},
    "camembert": _OFFSET | {"type_vocab_size": 1},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "max_position_embeddings": 128},
    "mpnet": _OFFSET | {"relative_attention_num_buckets": 32},
    "electra": _COMMON | {"embedding_size": 16},
    "albert": _COMMON | {"embedding_size": 16, "num_hidden_layers": 4, "num_hidden_groups": 2},
    # Four layers: global, local, local, global; a local layer sees 4 tokens to each side.
    "modernbert": _COMMON | {"num_hidden_layers": 4, "local_attention": 8, "global_attn_every_n_layers": 3},
}

_Made = tuple[Tokenizer, dict[str, str], str]


def _wordpiece(special: Sequence[str], roles: dict[str, str], class_name: str) -> _Made:
    continued = [f"##{letter}" for letter in _LETTERS] + ["##s", "##ing", "##ed", "##er", "##ly"]
    vocabulary = list(dict.fromkeys([*special, *_CHARACTERS, *WORDS, *continued]))
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return _finished(tokenizer, special, roles), roles, class_name


def _bpe(special: Sequence[str], roles: dict[str, str], class_name: str) -> _Made:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([" ".join(WORDS), " " + " ".join(WORDS)], trainer)
    return _finished(tokenizer, special, roles), roles, class_name


def _unigram(special: Sequence[str], roles: dict[str, str], class_name: str, *, lower: bool = False) -> _Made:
    # Whole words score better than what they could be put together from.
    pieces = [(token, 0.0) for token in special]
    pieces += [(f"▁{word}", -4.0) for word in WORDS]
    pieces += [("▁", -6.0), ("s", -6.0), ("ing", -6.0), ("ed", -6.0)]
    pieces += [(character, -8.0) for character in _CHARACTERS if character != "s"]
    unigram = models.Unigram(pieces, unk_id=special.index(roles["unk_token"]), byte_fallback=False)
    tokenizer = Tokenizer(unigram)
    lowering = [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    tokenizer.normalizer = normalizers.Sequence(lowering if lower else [normalizers.NFKC()])
    metaspace = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    return _finished(tokenizer, special, roles), roles, class_name


def _finished(tokenizer: Tokenizer, special: Sequence[str], roles: dict[str, str]) -> Tokenizer:
    """Register the special tokens and put them around texts, as the architecture does."""
    mask = roles["mask_token"]
    tokenizer.add_special_tokens([token for token in special if token != mask])
    tokenizer.add_special_tokens([AddedToken(mask, lstrip=mask == "<mask>", special=True)])
    first, last = roles["cls_token"], roles["sep_token"]
    numbers = [(first, tokenizer.token_to_id(first)), (last, tokenizer.token_to_id(last))]
    if first == "<s>":  # RoBERTa's family has two closing tokens between the parts of a pair, and one type
        single, pair = f"{first} $A {last}", f"{first} $A {last} {last} $B {last}"
    else:
        single, pair = f"{first}:0 $A:0 {last}:0", f"{first}:0 $A:0 {last}:0 $B:1 {last}:1"
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=numbers)
    return tokenizer


_BERT_ROLES = {
    "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]",
}  # fmt: skip
_ROBERTA_ROLES = {
    "pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>",
    "bos_token": "<s>", "eos_token": "</s>",
}  # fmt: skip
_MPNET_ROLES = _ROBERTA_ROLES | {"unk_token": "[UNK]"}
_ALBERT_ROLES = _BERT_ROLES | {"pad_token": "<pad>", "unk_token": "<unk>"}

_TOKENIZERS: dict[str, Any] = {
    "bert": lambda: _wordpiece(_BERT_SPECIAL, _BERT_ROLES, "BertTokenizer"),
    "distilbert": lambda: _wordpiece(_BERT_SPECIAL, _BERT_ROLES, "DistilBertTokenizer"),
    "electra": lambda: _wordpiece(_BERT_SPECIAL, _BERT_ROLES, "ElectraTokenizer"),
    "mpnet": lambda: _wordpiece(("<s>", "<pad>", "</s>", "[UNK]"), _MPNET_ROLES, "MPNetTokenizer"),
    "roberta": lambda: _bpe(_ROBERTA_SPECIAL, _ROBERTA_ROLES, "RobertaTokenizer"),
    "modernbert": lambda: _bpe(_BERT_SPECIAL, _BERT_ROLES, "PreTrainedTokenizerFast"),
    "xlm-roberta": lambda: _unigram(_ROBERTA_SPECIAL, _ROBERTA_ROLES, "XLMRobertaTokenizer"),
    "camembert": lambda: _unigram(_CAMEMBERT_SPECIAL, _ROBERTA_ROLES, "CamembertTokenizer"),
    "albert": lambda: _unigram(_ALBERT_SPECIAL, _ALBERT_ROLES, "AlbertTokenizer", lower=True),
}


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
