"""Find and configure a model's tokenizer, with the settings that transformers would give it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..checkpoints.files import read_json
from ..checkpoints.modules import (
    BoWSpec,
    ImageTextSpec,
    InputSpec,
    SparseStaticEmbeddingSpec,
    StaticEmbeddingSpec,
    TransformerSpec,
    WordEmbeddingsSpec,
)
from ..checkpoints.modules.image_text import SIGLIP
from ..checkpoints.modules.table import TOKENIZER, TableSpec
from ..errors import CorruptCheckpointError, TokenizerNotFoundError, UnsupportedModelError
from .chat import chat_tokenizer, read_chat_template
from .filled import FilledTokenizer
from .plain import PlainTokenizer
from .tokenizer import FastTokenizer, Tokenizer
from .word_tokenizer import WORD_TOKENIZERS

# Architectures whose tokenizer is BERT's WordPiece. Their class sets the normaliser from tokenizer_config.json,
# whatever tokenizer.json says, so the same is done here.
_WORDPIECE_TYPES = frozenset({"bert", "distilbert", "electra", "mpnet", "mobilebert", "squeezebert", "layoutlm"})
_WORDPIECE_CLASSES = frozenset(
    f"{family}Tokenizer{fast}" for family in ("Bert", "DistilBert", "Electra", "MPNet") for fast in ("", "Fast")
)
_BYTE_LEVEL_TYPES = frozenset({"roberta", "longformer", "bart", "gpt2", "data2vec-text"})


def load_tokenizer(module: InputSpec, *, trust_remote_code: bool = False) -> Tokenizer:
    """Load the tokenizer of a model's first module.

    Args:
        module: whose folder is searched.
        trust_remote_code: whether code in the folder may run, where transformers makes the tokenizer.

    Raises:
        TokenizerNotFoundError: the folder has none.
        CorruptCheckpointError: a file is there but damaged.
        UnsupportedModelError: the module is of a kind that reads no text here.
    """
    if isinstance(module, TransformerSpec):
        found = _of_transformer(module, trust_remote_code)
        chat = module.chat
        template = None if chat is None else read_chat_template(module.folder, *chat)
        return found if template is None else chat_tokenizer(found, template)
    if isinstance(module, ImageTextSpec):
        found = _of_transformer(module, trust_remote_code)
        return FilledTokenizer(found) if module.model_type == SIGLIP else found
    if isinstance(module, (StaticEmbeddingSpec, SparseStaticEmbeddingSpec)):
        skip = isinstance(module, StaticEmbeddingSpec) and module.skip_unknown
        return PlainTokenizer(_backend(module), module.max_seq_length, skip_unknown=skip)
    if isinstance(module, (WordEmbeddingsSpec, BoWSpec)):
        if module.words is not None:
            return WORD_TOKENIZERS[module.words.kind].from_spec(module.words, module.max_seq_length)
        backend = _backend(module)
        return FastTokenizer(backend, module.max_seq_length, int((backend.padding or {}).get("pad_id", 0)))
    raise UnsupportedModelError(f"No tokenizer is known for a module of the kind {module.kind}.")


def _backend(module: InputSpec) -> Any:
    """The tokenizer of a module without a network, of the ``tokenizers`` library."""
    from tokenizers import Tokenizer as Backend

    held = module.tokenizer_json if isinstance(module, TableSpec) else None
    path = module.folder / TOKENIZER
    if held is None and not path.is_file():
        raise TokenizerNotFoundError(f"{path} is missing; a static model has no other form of tokenizer.")
    try:
        return Backend.from_file(str(path)) if held is None else Backend.from_str(held)
    except Exception as error:  # the tokenizers library raises bare Exception for every damaged file
        raise CorruptCheckpointError(f"The tokenizer in {module.folder} cannot be read ({error}).") from error


def _of_transformer(transformer: TransformerSpec | ImageTextSpec, trust_remote_code: bool) -> Tokenizer:
    """Load the tokenizer of a transformer's folder.

    Tried in order: ``tokenizer.json``; BERT's ``vocab.txt``; RoBERTa's or CLIP's ``vocab.json`` with ``merges.txt``;
    whatever transformers makes of the folder, where it is installed.
    """
    folder = transformer.folder
    settings = read_json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").is_file() else {}
    special = _special_tokens(folder, settings)
    try:
        backend = _from_files(transformer, settings, special)
    except Exception as error:  # the tokenizers library raises bare Exception for every damaged file
        raise CorruptCheckpointError(f"The tokenizer in {folder} cannot be read ({error}).") from error
    if backend is None:
        return _through_transformers(transformer, trust_remote_code)
    if transformer.do_lower_case:
        _lower_case(backend)
    pad_id = _pad_id(backend, special, transformer.config)
    keep_end = settings.get("truncation_side") == "left"
    return FastTokenizer(backend, transformer.max_seq_length, pad_id, keep_end=keep_end)


def _from_files(
    transformer: TransformerSpec | ImageTextSpec, settings: dict[str, Any], special: dict[str, str]
) -> Any | None:
    from tokenizers import Tokenizer as Backend

    folder, model_type = transformer.folder, transformer.model_type
    if (folder / "tokenizer.json").is_file():
        backend = Backend.from_file(str(folder / "tokenizer.json"))
        class_name = settings.get("tokenizer_class")
        wordpiece = class_name in _WORDPIECE_CLASSES if class_name else model_type in _WORDPIECE_TYPES
        if wordpiece and type(backend.model).__name__ == "WordPiece":
            backend.normalizer = _bert_normalizer(settings)
        return backend
    if (folder / "vocab.txt").is_file() and model_type in _WORDPIECE_TYPES:
        return _wordpiece(folder / "vocab.txt", settings, special, model_type)
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        if model_type in _BYTE_LEVEL_TYPES:
            return _byte_level(folder, settings, special)
        if model_type.startswith("clip"):
            special.setdefault("pad_token", "<|endoftext|>")  # CLIP pads with its closing token
            return _clip(folder, special)
    return None


def _special_tokens(folder: Path, settings: dict[str, Any]) -> dict[str, str]:
    """Special tokens by role; ``tokenizer_config.json`` wins over ``special_tokens_map.json``."""
    path = folder / "special_tokens_map.json"
    found = (read_json(path) if path.is_file() else {}) | settings
    roles = ("cls_token", "sep_token", "pad_token", "unk_token", "mask_token", "bos_token", "eos_token")
    tokens = {}
    for role in roles:
        value = found.get(role)
        if isinstance(value, dict):  # an added token with its options
            value = value.get("content")
        if isinstance(value, str):
            tokens[role] = value
    return tokens


def _pad_id(backend: Any, special: dict[str, str], config: dict[str, Any]) -> int:
    named = backend.token_to_id(special["pad_token"]) if "pad_token" in special else None
    if named is not None:
        return int(named)
    return int(config.get("pad_token_id") or 0)


def _bert_normalizer(settings: dict[str, Any]) -> Any:
    from tokenizers.normalizers import BertNormalizer

    return BertNormalizer(
        clean_text=True,
        handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
        strip_accents=settings.get("strip_accents"),
        lowercase=bool(settings.get("do_lower_case", True)),
    )


def _wordpiece(path: Path, settings: dict[str, Any], special: dict[str, str], model_type: str) -> Any:
    from tokenizers import AddedToken, decoders, models, pre_tokenizers, processors
    from tokenizers import Tokenizer as Backend

    mpnet = model_type == "mpnet"
    first, last, pad, mask = ("<s>", "</s>", "<pad>", "<mask>") if mpnet else ("[CLS]", "[SEP]", "[PAD]", "[MASK]")
    first, last = special.get("cls_token", first), special.get("sep_token", last)
    unknown = special.get("unk_token", "[UNK]")
    # Read by hand: the library's own reader refuses vocabularies with a blank or doubled line, which are about.
    lines = path.read_text(encoding="utf-8").split("\n")
    vocabulary = {token.rstrip("\r"): number for number, token in enumerate(lines[:-1] if not lines[-1] else lines)}
    backend = Backend(models.WordPiece(vocabulary, unk_token=unknown, max_input_chars_per_word=100))
    backend.normalizer = _bert_normalizer(settings)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(prefix="##")
    roles = (first, last, special.get("pad_token", pad), unknown)
    backend.add_special_tokens([token for token in dict.fromkeys(roles) if token in vocabulary])
    mask = special.get("mask_token", mask)
    if mask in vocabulary:
        backend.add_special_tokens([AddedToken(mask, lstrip=mpnet, special=True)])
    numbers = [(first, vocabulary[first]), (last, vocabulary[last])]
    if mpnet:
        backend.post_processor = processors.RobertaProcessing(numbers[1], numbers[0], True, False)
    else:
        backend.post_processor = processors.TemplateProcessing(
            single=f"{first}:0 $A:0 {last}:0", pair=f"{first}:0 $A:0 {last}:0 $B:1 {last}:1", special_tokens=numbers
        )
    return backend


def _byte_level(folder: Path, settings: dict[str, Any], special: dict[str, str]) -> Any:
    from tokenizers import AddedToken, decoders, models, pre_tokenizers, processors
    from tokenizers import Tokenizer as Backend

    prefix_space = bool(settings.get("add_prefix_space", False))
    backend = Backend(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    backend.decoder = decoders.ByteLevel()
    first, last = special.get("cls_token", "<s>"), special.get("sep_token", "</s>")
    plain = (first, special.get("pad_token", "<pad>"), last, special.get("unk_token", "<unk>"))
    # normalized=True is what this family's own class says for its plain special tokens; it changes nothing here,
    # as there is no normaliser, but keeps the saved form the same.
    backend.add_special_tokens([AddedToken(token, special=True) for token in dict.fromkeys(plain)])
    backend.add_special_tokens([AddedToken(special.get("mask_token", "<mask>"), lstrip=True, special=True)])
    backend.post_processor = processors.RobertaProcessing(
        _numbered(backend, last), _numbered(backend, first), True, prefix_space
    )
    return backend


def _clip(folder: Path, special: dict[str, str]) -> Any:
    from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors
    from tokenizers import Tokenizer as Backend

    first = special.get("bos_token", "<|startoftext|>")
    last = special.get("eos_token", "<|endoftext|>")
    backend = Backend(
        models.BPE.from_file(
            str(folder / "vocab.json"),
            str(folder / "merges.txt"),
            unk_token=special.get("unk_token", last),
            continuing_subword_prefix="",
            end_of_word_suffix="</w>",
        )
    )
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    # The pattern of CLIP's original tokenizer: contractions, runs of letters, single digits, runs of the rest.
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([first, last])
    backend.post_processor = processors.RobertaProcessing(
        _numbered(backend, last), _numbered(backend, first), False, False
    )
    return backend


def _numbered(backend: Any, token: str) -> tuple[str, int]:
    return token, int(backend.token_to_id(token))


def _lower_case(backend: Any) -> None:
    from tokenizers import normalizers

    existing = backend.normalizer
    backend.normalizer = (
        normalizers.Lowercase() if existing is None else normalizers.Sequence([normalizers.Lowercase(), existing])
    )


def _through_transformers(transformer: TransformerSpec | ImageTextSpec, trust_remote_code: bool) -> Tokenizer:
    missing = (
        f"{transformer.folder} has no tokenizer that is read here: looked for tokenizer.json, vocab.txt, and "
        "vocab.json with merges.txt. Copy tokenizer.json into the folder"
    )
    # Without any file of a tokenizer, transformers would make one that knows no words.
    if {path.name for path in transformer.companions()} <= {"config.json"}:
        raise TokenizerNotFoundError(f"{missing}.")
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise TokenizerNotFoundError(
            f"{missing}, or let transformers make one of what is there: pip install 'sbert[torch]'"
        ) from error
    from .fallback import TransformersTokenizer

    try:
        found = AutoTokenizer.from_pretrained(
            str(transformer.folder), local_files_only=True, trust_remote_code=trust_remote_code
        )
    except Exception as error:  # transformers raises many kinds for a folder that it cannot read
        raise TokenizerNotFoundError(f"{missing}. transformers was asked too: {str(error).splitlines()[0]}") from error
    length, pad = transformer.max_seq_length, int(found.pad_token_id or 0)
    backend = getattr(found, "backend_tokenizer", None)
    if backend is None:
        return TransformersTokenizer(found, length, pad, lower_case=transformer.do_lower_case)
    if transformer.do_lower_case:
        _lower_case(backend)
    return FastTokenizer(backend, length, pad, keep_end=found.truncation_side == "left")
