"""Imports point one way, as docs/design.md says, and ``import sbert`` stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sbert
from support.static import static_folder

PACKAGE = Path(sbert.__file__).parent
LAYERS = (
    {"errors", "types", "version", "process"},
    {"vectors"},
    {"similarity", "quantization", "ranking", "late_interaction"},
    {"checkpoints"},
    {"text", "data", "images"},
    {"engines"},
    {"models"},
    {"search", "distillation", "index", "losses"},
    {"evaluation"},
    {"training"},
    {"util", "server", "integrations"},
    {"cli", "__init__"},
    {"__main__"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def room_of(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_rooms(path):
    """The rooms that a file imports at run time; imports for the type checker alone do not count."""
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(without_type_checking(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            yield from [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]


def without_type_checking(tree):
    class Remove(ast.NodeTransformer):
        def visit_If(self, node):
            return None if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else node

    return Remove().visit(tree)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    room = room_of(path)
    assert room in LEVEL, f"{room} has no layer in this test and in docs/design.md"
    for other in imported_rooms(path):
        assert other == room or LEVEL[other] < LEVEL[room], f"{room} imports {other}"


def test_every_room_is_in_the_design():
    design = (PACKAGE.parents[1] / "docs" / "design.md").read_text(encoding="utf-8")
    for room in LEVEL.keys() - {"__main__", "version"}:
        assert room in design


def loaded_after(code):
    script = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {
    "torch",
    "transformers",
    "openvino",
    "tokenizers",
    "safetensors",
    "huggingface_hub",
    "pyarrow",
    "scipy",
    "numpy",
}


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_after("import sbert, sbert.errors") & HEAVY


def test_similarity_loads_numpy_alone():
    assert loaded_after("import sbert.similarity, sbert.util") & HEAVY == {"numpy"}


def test_embedding_loads_neither_torch_nor_transformers_nor_the_hub():
    code = "import sbert; sbert.SentenceTransformer('all-MiniLM-L6-v2', backend='openvino').encode('x')"
    assert not loaded_after(code) & {"torch", "transformers", "huggingface_hub", "pyarrow", "scipy"}


def test_a_static_model_needs_no_network_library(tmp_path):
    code = f"import sbert; sbert.SentenceTransformer({str(static_folder(tmp_path))!r}).encode(['a cat'])"
    assert loaded_after(code) & HEAVY <= {"numpy", "tokenizers", "safetensors"}


def test_openvino_is_imported_without_its_telemetry():
    code = "from sbert.engines.openvino.runtime import core; core()"
    loaded = loaded_after(code)
    assert "openvino" in loaded
    assert "openvino_telemetry" not in loaded


def test_public_names():
    """What users import from the top: a list that changes on purpose only."""
    expected = {
        "CrossEncoder",
        "CrossEncoderTrainer",
        "CrossEncoderTrainingArguments",
        "Index",
        "InputExample",
        "MultiVectorEncoder",
        "MultiVectorEncoderTrainer",
        "MultiVectorEncoderTrainingArguments",
        "SentenceTransformer",
        "SentenceTransformerTrainer",
        "SentenceTransformerTrainingArguments",
        "SimilarityFunction",
        "SparseEncoder",
        "SparseEncoderTrainer",
        "SparseEncoderTrainingArguments",
        "__version__",
        "errors",
        "evaluation",
        "losses",
        "mine_hard_negatives",
        "models",
        "quantize_embeddings",
        "training",
        "util",
    }
    assert set(sbert.__all__) == expected
    assert all(getattr(sbert, name) is not None for name in expected)
    with pytest.raises(
        AttributeError, match=r"has no attribute 'SentenceTransfomer'\. Did you mean 'SentenceTransformer'"
    ):
        _ = sbert.SentenceTransfomer


def test_the_error_tree_is_drawn_as_it_is():
    from sbert import errors

    drawing = errors.__doc__
    for name, value in vars(errors).items():
        if isinstance(value, type) and value.__module__ == errors.__name__:
            assert name in drawing
            assert issubclass(value, (errors.SbertError, errors.SbertWarning))


def test_the_extras_that_messages_name_exist():
    """An error that says ``pip install 'sbert[x]'`` must name an extra that there is."""
    import re
    from importlib import metadata

    extras = set(metadata.metadata("sbert").get_all("Provides-Extra"))
    named = set()
    for path in PACKAGE.rglob("*.py"):
        named |= set(re.findall(r"sbert\[(\w+)\]", path.read_text(encoding="utf-8")))
    assert named
    assert named <= extras
    assert {"torch", "train", "index", "serve", "image", "onnx", "ray", "all", "dev"} <= extras
