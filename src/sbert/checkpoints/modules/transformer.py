"""Transformer: the network that turns tokens into token vectors, in a Hugging Face folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CheckpointError, CorruptCheckpointError, InputError, UnsupportedModelError
from ..files import read_json, setting, write_json
from .chat_template import message_form, template_source
from .input import InputSpec
from .query_expansion import QueryExpansion

#: Names that the settings file has had; the first that is there is read.
SETTINGS_FILES = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
)

#: Patterns of the files that belong to the network or its tokenizer, beside its weights; they travel with it.
COMPANIONS = (
    "config.json", "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab*", "merges.txt", "*.model",
    "*.spm", "*.bpe*", "bpe.codes", "*.tiktoken", "preprocessor_config.json", "processor_config.json",
    "chat_template*", "*.py",
)  # fmt: skip

#: Model types whose position numbers start after the padding token's, so that fewer positions can be used.
OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet", "xlm-roberta-xl", "data2vec-text"})

#: Settings of an adapter that changes the network beside it.
ADAPTER = "adapter_config.json"

#: What ``quantization_config`` calls a network whose linear layers are stored in int8 by this project.
STORED_INT8 = "sbert_int8"

#: What a network is for, in the words of settings files: vectors of tokens; scores by a head of its own; a number for
#: each word of the vocabulary, by the head that it was pre-trained with; or such numbers for the word that comes next.
FEATURES, CLASSIFICATION, FILL_MASK = "feature-extraction", "sequence-classification", "fill-mask"
NEXT_WORD = "text-generation"
# What settings files say of a network with a head; of one without, older readers know no such keys.
_TASK_SETTINGS: dict[str, dict[str, Any]] = {
    task: {
        "transformer_task": task,
        "modality_config": {"text": {"method": "forward", "method_output_name": "logits"}},
        "module_output_name": output,
    }
    for task, output in ((CLASSIFICATION, "scores"), (FILL_MASK, "token_embeddings"), (NEXT_WORD, "causal_logits"))
}
_TASKS = (FEATURES, *_TASK_SETTINGS)
#: What settings files call the lengths of queries and documents, which late interaction has.
TASK_LENGTHS = ("query_length", "document_length", "query_expansion")
# What each head makes of the class of a whole network, in its configuration.
_HEADS = {CLASSIFICATION: "ForSequenceClassification", FILL_MASK: "ForMaskedLM", NEXT_WORD: "ForCausalLM"}

# What transformers writes as model_max_length when a tokenizer has no limit; anything this large means "none".
_NO_LIMIT = 10**9


@dataclass(frozen=True)
class TransformerSpec(InputSpec):
    """A transformer network with its tokenizer.

    Args:
        folder: where its files lie.
        config: its ``config.json``.
        do_lower_case: whether texts are lower-cased, beside what the tokenizer itself does.
        settings: the settings file as found, for keys that only some engines use.
        max_seq_length: number of tokens it reads of a text, special tokens included; None where nothing limits it.
        task: ``feature-extraction``; ``sequence-classification`` for one with a head that gives scores;
            ``fill-mask`` for one whose head gives, for each token, a number for each word of the vocabulary; or
            ``text-generation`` for one that gives such numbers for the word that comes after a text.
        query_length: tokens that it reads of a query; None for ``max_seq_length``. Late interaction alone has these.
        document_length: tokens that it reads of a document.
        query_expansion: how short queries are filled up; None for not at all.
    """

    config: dict[str, Any] = field(compare=False, repr=False)
    do_lower_case: bool = False
    settings: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    task: str = field(default=FEATURES, kw_only=True)
    query_length: int | None = field(default=None, kw_only=True)
    document_length: int | None = field(default=None, kw_only=True)
    query_expansion: QueryExpansion | None = field(default=None, kw_only=True)

    kind = "Transformer"
    is_network = True
    config_file = SETTINGS_FILES[0]
    needed_files = ("config.json",)

    @classmethod
    def read(cls, folder: Path) -> TransformerSpec:
        """Read a folder with ``config.json`` and, where there is one, a settings file of any of its names."""
        if (folder / ADAPTER).is_file():
            raise UnsupportedModelError(
                f"{folder} holds an adapter, not a network. Load it by its name or folder, which merges it into its "
                "base model; an adapter in a sub-folder of a model must be merged with peft's merge_and_unload()."
            )
        config = network_config(folder)
        settings: dict[str, Any] = {}
        for name in SETTINGS_FILES:
            if (folder / name).is_file():
                settings = read_json(folder / name)
                _refuse_unread(settings, folder / name)
                break
        length = _max_seq_length(folder, config, settings)
        lower = setting(settings, "do_lower_case", bool, folder, False)
        task = setting(settings, "transformer_task", str, folder, FEATURES)
        if task not in _TASKS:
            raise UnsupportedModelError(f"{folder} is for {task!r}; what is read here is one of {', '.join(_TASKS)}.")
        try:
            expansion = QueryExpansion.checked(settings.get("query_expansion"))
        except InputError as error:
            raise CorruptCheckpointError(f"{folder / cls.config_file}: {error}") from error
        return cls(
            folder,
            config,
            lower,
            settings,
            max_seq_length=length,
            task=task,
            query_length=setting(settings, "query_length", int, folder),
            document_length=setting(settings, "document_length", int, folder),
            query_expansion=expansion,
        )

    def write(self, folder: Path) -> None:
        """Copy the network and its tokenizer; ``.bin`` weights become safetensors."""
        self.write_settings(folder)
        self.copy_weights(folder)

    def write_settings(self, folder: Path) -> None:
        """Write everything but the weights."""
        for path in self.companions():
            shutil.copyfile(path, folder / path.name)
        replaced = ("max_seq_length", "do_lower_case", *_TASK_SETTINGS[CLASSIFICATION], *TASK_LENGTHS)
        kept = {key: value for key, value in self.settings.items() if key not in replaced}
        own: dict[str, Any] = {"max_seq_length": self.max_seq_length, "do_lower_case": self.do_lower_case}
        expansion = self.query_expansion and self.query_expansion.to_dict()
        lengths = zip(TASK_LENGTHS, (self.query_length, self.document_length, expansion), strict=True)
        own |= {key: value for key, value in lengths if value is not None}
        task = dict(_TASK_SETTINGS.get(self.task, {}))
        if (chat := self.chat) is not None:
            message = {"format": chat[0], "method": "forward", "method_output_name": "logits"}
            task["modality_config"] = task["modality_config"] | {"message": message}
        write_json(folder / self.config_file, own | kept | task)

    def companions(self) -> list[Path]:
        """The files that belong to the network or its tokenizer, beside its weights."""
        return companions(self.folder)

    @property
    def model_type(self) -> str:
        """The architecture's short name, such as ``bert``."""
        return str(self.config.get("model_type", ""))

    @property
    def stored_int8(self) -> dict[str, Any] | None:
        """What ``quantization_config`` says where it is this project's: ``fidelity`` and more."""
        stored = self.config.get("quantization_config")
        return stored if isinstance(stored, dict) and stored.get("quant_method") == STORED_INT8 else None

    @property
    def architecture(self) -> str:
        """The same as :attr:`model_type`."""
        return self.model_type

    @property
    def facts(self) -> dict[str, Any]:
        """The network's configuration, and how queries and documents are read where that differs."""
        config = {key: value for key, value in self.config.items() if key != "_name_or_path"}
        if not self.task_settings:
            return config
        return config | {"lengths": [self.query_length, self.document_length, repr(self.query_expansion)]}

    @property
    def positions(self) -> int | None:
        """Number of tokens that its position table can number."""
        return usable_positions(self.config)

    @property
    def dimension(self) -> int:
        """Width of the token vectors.

        Raises:
            CorruptCheckpointError: the configuration does not say.
        """
        # Composite models keep the text tower's settings apart.
        for config in (self.config, self.config.get("text_config") or {}):
            for key in ("hidden_size", "dim", "d_model", "n_embd", "word_embed_proj_dim"):
                if isinstance(config.get(key), int):
                    return int(config[key])
        raise CorruptCheckpointError(f"{self.folder / 'config.json'} does not say how wide the network is.")

    @property
    def scores(self) -> bool:
        """Whether a head of the network's own gives scores of a text, and no vectors come out."""
        return self.task == CLASSIFICATION

    @property
    def labels(self) -> int:
        """Number of scores that the head gives; 2 where the configuration does not say, as transformers has it."""
        named = self.config.get("num_labels") or len(self.config.get("id2label") or ()) or 2
        return int(named)

    @property
    def task_settings(self) -> list[str]:
        """The names of those settings by which queries and documents are read in ways of their own."""
        values = (self.query_length, self.document_length, self.query_expansion)
        return [name for name, value in zip(TASK_LENGTHS, values, strict=True) if value is not None]

    @property
    def chat(self) -> tuple[str, dict[str, Any]] | None:
        """The form of messages and the values for the chat template of a network that scores pairs by what it says.

        None where pairs are read as they are: it has no template, the settings name no messages, or another task.
        """
        source = template_source(self.folder)[0] if self.task == NEXT_WORD else None
        where = self.folder / self.config_file
        messages = setting(self.settings, "modality_config", dict, where, {"message": {}}).get("message")
        if source is None or messages is None:
            return None
        kwargs = setting(self.settings, "processing_kwargs", dict, where, {})
        form = setting(messages, "format", str, where, message_form(source))
        return form, setting(kwargs, "chat_template", dict, where, {})

    @property
    def has_head(self) -> bool:
        """Whether the folder's weights hold the head that the task needs, as far as its configuration tells."""
        names = map(str, self.config.get("architectures") or ())
        return self.task == FEATURES or any(name.endswith(_HEADS[self.task]) for name in names)

    @property
    def vocabulary(self) -> int:
        """Number of words in the vocabulary.

        Raises:
            CorruptCheckpointError: the configuration does not say.
        """
        if not isinstance(self.config.get("vocab_size"), int):
            raise CorruptCheckpointError(f"{self.folder / 'config.json'} does not say how large the vocabulary is.")
        return int(self.config["vocab_size"])

    def output_dimension(self, dimension: int) -> int:  # noqa: ARG002
        """The network's own width, or the number of its scores, or of its words."""
        if self.task in (FILL_MASK, NEXT_WORD):
            return self.vocabulary
        return self.labels if self.scores else self.dimension


def network_config(folder: Path) -> dict[str, Any]:
    """The configuration of the network in a folder.

    Raises:
        CheckpointError: there is none, so it is no model's folder.
    """
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder} has no config.json, so it is not a model folder. Check the path.")
    return read_json(folder / "config.json")


def companions(folder: Path) -> list[Path]:
    """The files of a folder that belong to a network or its tokenizer, beside its weights."""
    return sorted({path for pattern in COMPANIONS for path in folder.glob(pattern) if path.is_file()})


def padding_id(config: dict[str, Any]) -> int:
    """Number of the padding token, for architectures that count positions from it; theirs is 1 unless they say."""
    named = config.get("pad_token_id")
    return 1 if named is None else int(named)


def usable_positions(config: dict[str, Any]) -> int | None:
    """Number of tokens that a network's position table can number; None where it has no table."""
    positions = config.get("max_position_embeddings")
    if not isinstance(positions, int) or positions <= 0:
        return None
    if config.get("model_type") in OFFSET_POSITIONS:
        return positions - padding_id(config) - 1
    return positions


def _max_seq_length(folder: Path, config: dict[str, Any], settings: dict[str, Any]) -> int | None:
    positions = usable_positions(config)
    length = setting(settings, "max_seq_length", int, folder)
    for key in ("processor_kwargs", "tokenizer_args"):
        length = length or setting(setting(settings, key, dict, folder, {}), "model_max_length", int, folder)
    if length is None and (folder / "tokenizer_config.json").is_file():
        # Some tokenizers write "no limit" as a float too large for an integer type, so any number is taken.
        length = setting(read_json(folder / "tokenizer_config.json"), "model_max_length", float, folder)
    if length is not None and length < 1:
        raise CorruptCheckpointError(f"{folder}: the maximum length must be at least 1; got {length}.")
    known = [int(value) for value in (length, positions) if value and value < _NO_LIMIT]
    return min(known) if known else None


def _refuse_unread(settings: dict[str, Any], path: Path) -> None:
    """Refuse settings that would change the vectors and are not read here: a wrong vector is worse than none."""
    harmless = {"dtype", "torch_dtype", "attn_implementation", "trust_remote_code", "model_max_length", "use_fast"}
    for key in ("model_args", "model_kwargs", "config_args", "config_kwargs", "tokenizer_args", "processor_kwargs"):
        values = setting(settings, key, dict, path, {})
        if unread := sorted(name for name, value in values.items() if name not in harmless and value is not None):
            raise UnsupportedModelError(
                f"{path}: {key}[{unread[0]!r}] changes the model in a way that is not read here."
            )
    if unread := sorted(setting(settings, "processing_kwargs", dict, path, {}).keys() - {"chat_template"}):
        raise UnsupportedModelError(
            f"{path}: 'processing_kwargs' changes {unread[0]!r} in a way that is not read here."
        )
    text = setting(setting(settings, "modality_config", dict, path, {}), "text", dict, path, {})
    if text.get("method_output_name", "last_hidden_state") not in ("last_hidden_state", "logits"):
        raise UnsupportedModelError(
            f"{path}: the model reads {text['method_output_name']!r} of its network; only its last layer is read here."
        )
