"""What sbert does not have by the names of sentence-transformers, and what to use instead."""

from __future__ import annotations

_CARD = "sbert writes the model card itself when a model is saved"
_LEGACY = "it served the training loop before version 3: pass rows to a trainer, or InputExample objects to model.fit"
_ONNX = "sbert runs checkpoints on OpenVINO without an export; for int8 load the model with dtype='int8'"
_SPACE = "use sbert.Index, or sbert.search.SparseCorpus"
_READER = "read the file with csv, pandas or sbert.data.read_rows, and pass rows to a trainer"
_KERAS = "use CrossEncoderClassificationEvaluator, which gives the same measures"

#: By name, wherever it stands: the reason, or what takes its place.
INSTEAD = {
    "CEBinaryAccuracyEvaluator": _KERAS,
    "CEBinaryClassificationEvaluator": _KERAS,
    "CECorrelationEvaluator": "use CrossEncoderCorrelationEvaluator",
    "CEF1Evaluator": _KERAS,
    "CERerankingEvaluator": "use CrossEncoderRerankingEvaluator",
    "CESoftmaxAccuracyEvaluator": _KERAS,
    "DenoisingAutoEncoderDataset": "make pairs with sbert.losses.noised, and pass them to a trainer",
    "InputModule": "subclass torch.nn.Module; sbert.models has the modules that checkpoints name",
    "LabelSentenceReader": _READER,
    "MLMTransformer": "use sbert.SparseEncoder, which reads such checkpoints",
    "Module": "subclass torch.nn.Module; sbert.models has the modules that checkpoints name",
    "MultiDatasetDefaultBatchSampler": "use RoundRobinBatchSampler or ProportionalBatchSampler",
    "NLIDataReader": _READER,
    "NoDuplicatesDataLoader": "use BatchSamplers.NO_DUPLICATES with a trainer",
    "PairedFilesReader": _READER,
    "ParallelSentencesDataset": "use sbert.training.adaptation, which trains a student on translations",
    "PeftAdapterMixin": "models have add_adapter, has_adapter and merge_adapter themselves",
    "STSBenchmarkDataReader": _READER,
    "STSDataReader": _READER,
    "SentenceLabelDataset": "use BatchSamplers.GROUP_BY_LABEL with a trainer",
    "SentencesDataset": _LEGACY,
    "SparseStaticEmbedding": "sbert does not read such modules yet",
    "TripletReader": _READER,
    "export_dynamic_quantized_onnx_model": _ONNX,
    "export_optimized_onnx_model": _ONNX,
    "export_static_quantized_openvino_model": _ONNX,
    "generate_model_card": _CARD,
    "http_get": "use huggingface_hub or urllib to fetch files",
    "load_onnx_model": _ONNX,
    "load_openvino_model": _ONNX,
    "resolve_ids": "join the tables with pandas or datasets before training",
    "semantic_search_elasticsearch": _SPACE,
    "semantic_search_opensearch": _SPACE,
    "semantic_search_qdrant": _SPACE,
    "semantic_search_seismic": _SPACE,
}


def advice(path: str) -> str:
    """A sentence that names what is missing and what to use instead.

    Args:
        path: the whole path, such as ``sentence_transformers.readers.STSDataReader``.

    >>> advice("sentence_transformers.datasets.SentencesDataset")[:62]
    'sentence_transformers.datasets.SentencesDataset is not part of'
    """
    name = path.rpartition(".")[2]
    instead = INSTEAD.get(name, "look for it in sbert's reference, or keep the original library for what needs it")
    return f"{path} is not part of sbert-compat: {instead}. See docs/moving.md of sbert."
