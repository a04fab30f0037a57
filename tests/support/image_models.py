"""Tiny models of texts and images with random weights, and images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
import transformers

from .folders import write_json
from .tiny import tokenizer_of

SIZE = 32
TEXTS = ["a red car", "", "the man reads a book in the garden", "two dogs"]
_TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
_VISION = {
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIZE,
    "patch_size": 8,
}


def make_image_model(folder: Path, architecture: str = "clip", *, old_end: bool = False) -> Path:
    """A plain folder as transformers writes it.

    Args:
        folder: where to; made if it is not there.
        architecture: ``clip`` or ``siglip``.
        old_end: whether the configuration has the wrong number for the end of a text that the first ones had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_of("roberta")
    end = tokenizer.token_to_id("</s>")
    # CLIP's closing token has the greatest number, by which the oldest configurations find it.
    tokenizer.add_special_tokens(["<|end|>"])
    last = tokenizer.token_to_id("<|end|>")
    text = _TEXT | {"vocab_size": tokenizer.get_vocab_size(), "pad_token_id": tokenizer.token_to_id("<pad>")}
    torch.manual_seed(0)
    config: Any
    if architecture == "clip":
        from tokenizers.processors import TemplateProcessing

        start = tokenizer.token_to_id("<s>")
        tokenizer.post_processor = TemplateProcessing(
            single="<s> $A <|end|>", special_tokens=[("<s>", start), ("<|end|>", last)]
        )
        text |= {"max_position_embeddings": 20, "eos_token_id": 2 if old_end else last, "bos_token_id": start}
        config = transformers.CLIPConfig(
            text_config=text, vision_config=_VISION | {"hidden_size": 48}, projection_dim=24
        )
        network: Any = transformers.CLIPModel(config)
    else:
        text |= {"max_position_embeddings": 16, "eos_token_id": end}
        config = transformers.SiglipConfig(text_config=text, vision_config=_VISION | {"hidden_size": 32})
        network = transformers.SiglipModel(config)
    for parameter in network.parameters():  # biases too, which are zeros otherwise
        torch.nn.init.normal_(parameter, std=0.2)
    network.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": "<pad>",
            "model_max_length": text["max_position_embeddings"],
        },
    )
    write_json(folder / "preprocessor_config.json", preprocessing(architecture))
    return folder


def preprocessing(architecture: str) -> dict[str, Any]:
    """What the models' folders say of how images are read, for images of another size."""
    if architecture == "clip":
        return {
            "image_processor_type": "CLIPImageProcessor",
            "do_resize": True, "size": {"shortest_edge": SIZE}, "resample": 3,
            "do_center_crop": True, "crop_size": {"height": SIZE, "width": SIZE},
            "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "do_convert_rgb": True,
            "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        }  # fmt: skip
    return {
        "image_processor_type": "SiglipImageProcessor",
        "do_resize": True, "size": {"height": SIZE, "width": SIZE}, "resample": 3, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    }  # fmt: skip


def picture(seed: int, width: int = 50, height: int = 40, mode: str = "RGB") -> PIL.Image.Image:
    """An image of smooth random colours."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), np.uint8)
    return PIL.Image.fromarray(small).resize((width, height), PIL.Image.Resampling.BICUBIC).convert(mode)


def pictures() -> list[PIL.Image.Image]:
    """Images of several shapes and modes; one is smaller than what the networks read."""
    return [
        picture(0),
        picture(1, 33, 80),
        picture(2, 12, 20),
        picture(3, mode="L"),
        picture(4, mode="RGBA"),
        picture(5, mode="P"),
        picture(6, SIZE, SIZE),
        picture(7, 301, 47),
    ]
