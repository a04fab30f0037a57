"""Tiny language models with random weights that score pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

from .folders import write_json
from .tiny import tokenizer_of

#: A template of messages whose content is a list of parts, and one of messages whose content is a text.
STRUCTURED = (
    "{%- for m in messages if m.role == 'system' %}{{ m.content[0].text }}\n{% endfor -%}"
    "ask: {{ (messages | selectattr('role', 'eq', 'query') | first).content[0].text }}\n"
    "text: {{ (messages | selectattr('role', 'eq', 'document') | first).content[0].text }}\nanswer:"
)
FLAT = "{% for m in messages %}{{ m.role }}: {{ m.content }} {% endfor %}{{ eos_token }}answer"
PAIRS = [
    ("who reads", "the man reads a book"),
    ("who reads", "dogs and cars in the garden run quickly over the lazy fox and on"),
    ("a", ""),
    ("", "hello"),
]
_SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
_CONFIGS: dict[str, dict[str, Any]] = {
    "qwen3": _SIZES | {"num_key_value_heads": 2, "head_dim": 8},
    "llama": _SIZES | {"num_key_value_heads": 4},
    "opt": {
        "hidden_size": 32,
        "ffn_dim": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "word_embed_proj_dim": 32,
    },
}


def make_language_model(folder: Path, architecture: str = "qwen3", *, template: str | None = None) -> Path:
    """A plain folder as transformers writes it.

    Args:
        folder: where to; made if it is not there.
        architecture: ``qwen3``, ``llama`` or ``opt``.
        template: of chats; None for none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_of("roberta")
    tokenizer.add_tokens(["yes", "no"])
    pad, end = tokenizer.token_to_id("<pad>"), tokenizer.token_to_id("</s>")
    config = transformers.AutoConfig.for_model(
        architecture, **_CONFIGS[architecture], vocab_size=tokenizer.get_vocab_size(), pad_token_id=pad,
        eos_token_id=end, bos_token_id=end, max_position_embeddings=128,
    )  # fmt: skip
    torch.manual_seed(0)
    network = transformers.AutoModelForCausalLM.from_config(config)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    network.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "eos_token": "</s>", "model_max_length": 64,
    }  # fmt: skip
    write_json(folder / "tokenizer_config.json", settings)
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    return folder
