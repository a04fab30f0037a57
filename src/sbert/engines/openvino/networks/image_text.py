"""Networks for texts and for images: CLIP (https://arxiv.org/abs/2103.00020), SigLIP (https://arxiv.org/abs/2303.15343).

They differ in what a text's vector is made of, whether its tokens see those behind them, and how an image's patches
become one vector.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....checkpoints.modules.image_text import CLIP
from ....checkpoints.weights import Weights
from ..graph import (
    ACTIVATIONS,
    MASKED,
    Linears,
    Node,
    Tensors,
    TextInputs,
    activation,
    attention,
    constant,
    first_rows,
    first_token,
    length,
    linear,
    named_norm,
    op,
    padding_bias,
    words,
)
from .post_norm import Names, Shape
from .pre_norm import pre_norm_layers

#: Tensors by which the networks are found, whatever stands in front of their names.
_TEXTS, _IMAGES = "text_model.embeddings.token_embedding.weight", "vision_model.embeddings.patch_embedding.weight"
_NAMES = Names(
    query="self_attn.q_proj",
    key="self_attn.k_proj",
    value="self_attn.v_proj",
    attention_output="self_attn.out_proj",
    attention_norm="layer_norm1",
    inner="mlp.fc1",
    outer="mlp.fc2",
    output_norm="layer_norm2",
)
#: The token that ends a text in the oldest configurations, which say it wrongly: there it is the greatest number.
_OLD_END = 2


def why_not(config: dict[str, Any]) -> str | None:
    """Why a configuration cannot be lowered; None when it can."""
    for part in ("text_config", "vision_config"):
        named = _settings(config, part).get("hidden_act", "quick_gelu")
        if named not in ACTIVATIONS:
            return f"activation {named!r} of its {part} is not known to it"
    if not _settings(config, "vision_config").get("vision_use_head", True):
        return "its network for images has no head"
    return None


def build_text(config: dict[str, Any], weights: Weights, inputs: TextInputs) -> Node:
    """Lower the network for texts: their vectors, (B, D)."""
    settings = _settings(config, "text_config")
    tensors = Tensors(weights, _TEXTS, Linears())
    count = length(inputs)
    x = words(tensors, _TEXTS, inputs.ids)
    x = op.add(x, first_rows(tensors["text_model.embeddings.position_embedding.weight"], count))
    bias = padding_bias(inputs)
    if config["model_type"] == CLIP:
        bias = op.add(bias, _nothing_behind(count))
    shape = _shape(settings)
    x = pre_norm_layers(x, bias, tensors, _layers("text_model", settings), _NAMES, shape)
    x = named_norm(x, tensors, "text_model.final_layer_norm", shape.epsilon)
    if config["model_type"] == CLIP:
        end = _first_end(inputs.ids, int(settings.get("eos_token_id", _OLD_END)))
        return linear(_at(x, end), tensors, "text_projection")
    last = op.subtract(op.squeeze(count, constant([0])), constant(np.int64(1)))
    return linear(op.gather(x, last, constant(np.int64(1))), tensors, "text_model.head")


def build_image(config: dict[str, Any], weights: Weights, pixels: Node) -> Node:
    """Lower the network for images: their vectors, (B, D), of pixels (B, 3, height, width)."""
    settings = _settings(config, "vision_config")
    tensors = Tensors(weights, _IMAGES, Linears())
    x = _patches(pixels, tensors)
    if config["model_type"] == CLIP:
        own = op.broadcast(
            constant(tensors["vision_model.embeddings.class_embedding"].reshape(1, 1, -1)),
            op.concat([_size(x, 0), constant([1]), _size(x, 2)], 0),
        )
        x = op.concat([own, x], 1)
    x = op.add(x, tensors.constant("vision_model.embeddings.position_embedding.weight"))
    shape = _shape(settings)
    if config["model_type"] == CLIP:
        x = named_norm(x, tensors, "vision_model.pre_layrnorm", shape.epsilon)  # its name is misspelt in all of them
    x = pre_norm_layers(x, None, tensors, _layers("vision_model", settings), _NAMES, shape)
    if config["model_type"] == CLIP:
        x = op.squeeze(first_token(x), constant([1]))
        x = named_norm(x, tensors, "vision_model.post_layernorm", shape.epsilon)
        return linear(x, tensors, "visual_projection")
    return _asked(named_norm(x, tensors, "vision_model.post_layernorm", shape.epsilon), tensors, shape)


def _patches(pixels: Node, tensors: Tensors) -> Node:
    """A vector for each patch of an image: (B, P, H)."""
    name = "vision_model.embeddings.patch_embedding"
    kernel = tensors[f"{name}.weight"]
    x = op.convolution(pixels, constant(kernel), list(kernel.shape[2:]), [0, 0], [0, 0], [1, 1])
    x = op.transpose(op.reshape(x, constant([0, 0, -1]), True), constant([0, 2, 1]))
    return op.add(x, tensors.constant(f"{name}.bias")) if f"{name}.bias" in tensors else x


def _asked(x: Node, tensors: Tensors, shape: Shape) -> Node:
    """SigLIP's head: one learned question that attends to all patches (https://arxiv.org/abs/1810.00825): (B, H)."""
    head = "vision_model.head"
    width = shape.heads * shape.width
    weight, bias = tensors[f"{head}.attention.in_proj_weight"], tensors[f"{head}.attention.in_proj_bias"]
    question = op.broadcast(constant(tensors[f"{head}.probe"]), op.concat([_size(x, 0), constant([1]), _size(x, 2)], 0))
    parts = []
    for place, source in enumerate((question, x, x)):
        rows = slice(place * width, (place + 1) * width)
        product = op.matmul(source, constant(np.ascontiguousarray(weight[rows])), False, True)
        parts.append(op.add(product, constant(np.ascontiguousarray(bias[rows]))))
    x = linear(attention(parts, None, shape.heads, shape.width), tensors, f"{head}.attention.out_proj")
    y = named_norm(x, tensors, f"{head}.layernorm", shape.epsilon)
    y = activation(linear(y, tensors, f"{head}.mlp.fc1"), shape.activation)
    return op.squeeze(op.add(x, linear(y, tensors, f"{head}.mlp.fc2")), constant([1]))


def _nothing_behind(count: Node) -> Node:
    """What keeps a token from seeing those behind it: (T, T)."""
    places = op.range(constant(np.int64(0)), op.squeeze(count, constant([0])), constant(np.int64(1)), "i64")
    behind = op.greater(op.unsqueeze(places, constant([0])), op.unsqueeze(places, constant([1])))
    return op.multiply(op.convert(behind, "f32"), constant(MASKED))


def _first_end(ids: Node, end: int) -> Node:
    """Where the first token is that ends a text, (B,); 0 where there is none."""
    wanted = op.reduce_max(ids, constant([1]), True) if end == _OLD_END else constant(np.int64(end))
    found = op.convert(op.equal(ids, wanted), "i64")
    before = op.convert(op.equal(op.cum_sum(found, constant(np.int64(1))), constant(np.int64(0))), "i64")
    return op.multiply(op.reduce_sum(before, constant([1])), op.reduce_max(found, constant([1])))


def _at(x: Node, places: Node) -> Node:
    """The vectors at one place of each text: (B, T, H) to (B, H)."""
    return op.squeeze(op.gather(x, op.unsqueeze(places, constant([1])), constant(np.int64(1)), 1), constant([1]))


def _size(x: Node, axis: int) -> Node:
    """The size of an axis, as a vector of one number."""
    return op.gather(op.shape_of(x), constant([axis]), constant(np.int64(0)))


def _settings(config: dict[str, Any], part: str) -> dict[str, Any]:
    # Configurations leave out what is as in the first models of their kind.
    images = part == "vision_config"
    usual: dict[str, Any] = {"num_hidden_layers": 12}
    if config["model_type"] == CLIP:
        usual |= {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5, "eos_token_id": 49407}
        usual |= {"hidden_size": 768 if images else 512, "num_attention_heads": 12 if images else 8}
    else:
        usual |= {"hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6}
        usual |= {"hidden_size": 768, "num_attention_heads": 12}
    return usual | (config.get(part) or {})


def _shape(settings: dict[str, Any]) -> Shape:
    heads = int(settings["num_attention_heads"])
    width = int(settings["hidden_size"]) // heads
    return Shape(heads, width, float(settings["layer_norm_eps"]), str(settings["hidden_act"]))


def _layers(network: str, settings: dict[str, Any]) -> list[str]:
    return [f"{network}.encoder.layers.{index}" for index in range(int(settings["num_hidden_layers"]))]
