"""Every path and name of sentence-transformers is there, or says what to use instead."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sbert
import sentence_transformers
from sentence_transformers._forwarding import space_of
from sentence_transformers._missing import INSTEAD
from sentence_transformers._table import PATHS, SPACES

FILES = [f"{path}.{file}" for path, entry in PATHS.items() for file in entry.files.split()]

#: Names of the top of 6.2.0.
TOP = (
    "LoggingHandler SentencesDataset ParallelSentencesDataset SentenceTransformer SimilarityFunction InputExample "
    "CrossEncoder CrossEncoderTrainer CrossEncoderTrainingArguments CrossEncoderModelCardData "
    "SentenceTransformerTrainer SentenceTransformerTrainingArguments SentenceTransformerModelCardData SparseEncoder "
    "SparseEncoderTrainer SparseEncoderTrainingArguments SparseEncoderModelCardData MultiVectorEncoder "
    "MultiVectorEncoderTrainer MultiVectorEncoderTrainingArguments MultiVectorEncoderModelCardData "
    "quantize_embeddings export_optimized_onnx_model export_dynamic_quantized_onnx_model "
    "export_static_quantized_openvino_model DefaultBatchSampler MultiDatasetDefaultBatchSampler mine_hard_negatives "
    "resolve_ids"
)


@pytest.mark.parametrize("path", [*PATHS, *FILES])
def test_every_path_imports(path):
    module = importlib.import_module(f"sentence_transformers.{path}")
    assert set(module.__all__) == {name for names in SPACES[space_of(path)].values() for name in names.split()}


@pytest.mark.parametrize("space", SPACES)
def test_every_name_is_where_the_table_says(space):
    path = next(path for path in ["", *PATHS] if path == "" or PATHS[path].space == space) if space else ""
    module = importlib.import_module(f"sentence_transformers.{path}".rstrip("."))
    if not space or path:
        for name in module.__all__:
            assert getattr(module, name) is not None


@pytest.mark.parametrize("name", TOP.split())
def test_every_name_of_the_top_is_there_or_explained(name):
    if name in sentence_transformers.__all__:
        assert getattr(sentence_transformers, name) is not None
    else:
        assert name in INSTEAD
        with pytest.raises(ImportError, match=f"sentence_transformers.{name} is not part of sbert-compat: "):
            exec(f"from sentence_transformers import {name}")
        with pytest.raises(AttributeError, match="is not part of sbert-compat"):
            getattr(sentence_transformers, name)


@pytest.mark.parametrize(
    "statement",
    [
        "import sentence_transformers.something_else",
        "from sentence_transformers.readers import STSDataReader",
        "from sentence_transformers.datasets import NoDuplicatesDataLoader",
        "from sentence_transformers.backend import export_optimized_onnx_model",
        "from sentence_transformers.util import http_get",
        "import sentence_transformers.losses.NoSuchLoss",
    ],
)
def test_what_is_missing_says_so(statement):
    with pytest.raises(ImportError, match=r"is not part of sbert-compat: .*docs/moving.md"):
        exec(statement)


def test_nothing_is_said_to_be_missing_that_is_there():
    there = {name for space in SPACES.values() for names in space.values() for name in names.split()}
    assert not there & INSTEAD.keys()


def run(code: str) -> str:
    """What a fresh process prints that finds packages where this one does."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def test_a_class_keeps_its_name_beside_the_module_of_the_same_name():
    code = (
        "import sentence_transformers.losses.TripletLoss, sentence_transformers.SentenceTransformer\n"
        "from sentence_transformers.losses import TripletLoss\n"
        "from sentence_transformers.losses.TripletLoss import TripletLoss as Old\n"
        "from sentence_transformers import SentenceTransformer\n"
        "from sentence_transformers.SentenceTransformer import SentenceTransformer as OldModel\n"
        "assert TripletLoss is Old and isinstance(TripletLoss, type)\n"
        "assert SentenceTransformer is OldModel and isinstance(SentenceTransformer, type)"
    )
    run(code)


def test_names_that_two_packages_share_are_told_apart():
    dense = importlib.import_module("sentence_transformers.losses")
    pairs = importlib.import_module("sentence_transformers.cross_encoder.losses")
    assert dense.MSELoss is sbert.losses.MSELoss
    assert pairs.MSELoss is sbert.losses.cross_encoder.MSELoss


def test_importing_loads_nothing_heavy():
    code = "import sentence_transformers, sys; print(*sys.modules)"
    assert not {"torch", "numpy", "transformers", "sbert"} & set(run(code).split())


def test_its_version_passes_the_checks_of_libraries_and_says_what_it_is():
    version = pytest.importorskip("packaging.version")
    found = version.parse(sentence_transformers.__version__)
    assert found >= version.Version("5.0.0")
    assert found.local == "sbert"
    stand_in = Path(__file__).resolve().parents[1] / "stand-in" / "pyproject.toml"
    if stand_in.exists():
        assert f'version = "{sentence_transformers.__version__}"' in stand_in.read_text(encoding="utf-8")
