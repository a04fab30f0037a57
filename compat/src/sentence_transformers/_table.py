"""The table: what stands at which path of sentence-transformers 6, and where it is defined here.

``SPACES`` has sets of names, each with the module that defines them: one of sbert, or one of this package (with a dot
in front) where something must be put back that sbert does otherwise. ``PATHS`` has the packages, the space of each, and
the files in it: a file has the names of its package. Old paths, with a file by the name of each class, need no entry,
since a package also has a file by every name of its space.
"""

from __future__ import annotations

from typing import NamedTuple


class Path(NamedTuple):
    """A package: the space of names that it shows, and its files, which show the same."""

    space: str
    files: str = ""


_ARGUMENTS = "BatchSamplers MultiDatasetBatchSamplers"
_SAMPLERS = (
    "BatchSamplers MultiDatasetBatchSamplers DefaultBatchSampler GroupByLabelBatchSampler NoDuplicatesBatchSampler "
    "ProportionalBatchSampler RoundRobinBatchSampler"
)
_MODULES = (
    "BoW CLIPModel CNN Dense Dropout LSTM LayerNorm LogitScore MultiVectorMask Normalize Pooling Router "
    "SparseAutoEncoder SpladePooling StaticEmbedding Transformer WeightedLayerPooling WordEmbeddings WordWeights "
    "HierarchicalTokenPooling LambdaTokenPooling PhraseTokenizer WhitespaceTokenizer WordTokenizer"
)


def _family(name: str) -> dict[str, str]:
    """The names of a family of models, but for its losses and evaluators."""
    return {
        "._models": name,
        "._model_card": f"{name}ModelCardData {name}ModelCardCallback ModelCardCallback",
        "._trainers": f"{name}Trainer",
        "sbert.training": f"{name}TrainingArguments {_ARGUMENTS}",
    }


_FAMILIES = ("SentenceTransformer", "CrossEncoder", "SparseEncoder", "MultiVectorEncoder")
_NAMES_OF_FAMILIES = {
    "._models": " ".join(_FAMILIES),
    "._model_card": " ".join(f"{name}ModelCardData" for name in _FAMILIES),
    "._trainers": " ".join(f"{name}Trainer" for name in _FAMILIES),
    "sbert.training": " ".join(f"{name}TrainingArguments" for name in _FAMILIES) + " DefaultBatchSampler",
}

SPACES: dict[str, dict[str, str]] = {
    "": _NAMES_OF_FAMILIES
    | {
        "sbert": "InputExample SimilarityFunction mine_hard_negatives quantize_embeddings",
        "._util": "LoggingHandler",
    },
    "nothing": {},
    "sentence_transformer": _family("SentenceTransformer"),
    "cross_encoder": _family("CrossEncoder"),
    "sparse_encoder": _family("SparseEncoder")
    | {"sbert.training.splade_schedule": "SpladeRegularizerWeightSchedulerCallback"},
    "multi_vector_encoder": _family("MultiVectorEncoder") | {"._late": "maxsim maxsim_pairwise"},
    "modules": {"sbert.models": _MODULES, "._modules": "Asym"},
    "samplers": {"sbert.training": _SAMPLERS},
    "readers": {"sbert": "InputExample"},
    "base": {
        "sbert.models.base": "BaseModel",
        "sbert.training": _SAMPLERS,
        "._modules": "BaseTrainer BaseTrainingArguments",
    },
    "losses": {
        "sbert.losses": (
            "AdaptiveLayerLoss AnglELoss BatchAllTripletLoss BatchHardSoftMarginTripletLoss BatchHardTripletLoss "
            "BatchHardTripletLossDistanceFunction BatchSemiHardTripletLoss CachedGISTEmbedLoss "
            "CachedMultipleNegativesRankingLoss CachedMultipleNegativesSymmetricRankingLoss CoSENTLoss "
            "ContrastiveLoss ContrastiveTensionDataLoader ContrastiveTensionLoss "
            "ContrastiveTensionLossInBatchNegatives CosineSimilarityLoss DenoisingAutoEncoderLoss DistillKLDivLoss "
            "EmbedDistillLoss GISTEmbedLoss GlobalOrthogonalRegularizationLoss MSELoss MarginMSELoss "
            "Matryoshka2dLoss MatryoshkaLoss MegaBatchMarginLoss MultipleNegativesRankingLoss "
            "MultipleNegativesSymmetricRankingLoss OnlineContrastiveLoss SiameseDistanceMetric SoftmaxLoss "
            "TripletDistanceMetric TripletLoss"
        )
    },
    "cross_encoder.losses": {
        "sbert.losses.cross_encoder": (
            "ADRMSELoss BinaryCrossEntropyLoss CachedMultipleNegativesRankingLoss CrossEntropyLoss LambdaLoss "
            "LambdaRankScheme ListMLELoss ListNetLoss MSELoss MarginMSELoss MultipleNegativesRankingLoss "
            "NDCGLoss1Scheme NDCGLoss2PPScheme NDCGLoss2Scheme NoWeightingScheme PListMLELambdaWeight PListMLELoss "
            "RankNetLoss"
        )
    },
    "sparse_encoder.losses": {
        "sbert.losses": (
            "CSRLoss CSRReconstructionLoss CachedSpladeLoss FlopsLoss SparseAnglELoss SparseCoSENTLoss "
            "SparseCosineSimilarityLoss SparseDistillKLDivLoss SparseMSELoss SparseMarginMSELoss "
            "SparseMultipleNegativesRankingLoss SparseTripletLoss SpladeLoss"
        )
    },
    "multi_vector_encoder.losses": {
        "sbert.losses": (
            "CachedMultiVectorMultipleNegativesRankingLoss MultiVectorDistillKLDivLoss MultiVectorMarginMSELoss "
            "MultiVectorMultipleNegativesRankingLoss"
        )
    },
    "evaluation": {
        "sbert": "SimilarityFunction",
        "sbert.evaluation": (
            "BaseEvaluator BinaryClassificationEvaluator EmbeddingSimilarityEvaluator InformationRetrievalEvaluator "
            "LabelAccuracyEvaluator MSEEvaluator MSEEvaluatorFromDataFrame NanoBEIREvaluator "
            "ParaphraseMiningEvaluator RerankingEvaluator SentenceEvaluator SequentialEvaluator TranslationEvaluator "
            "TripletEvaluator"
        ),
    },
    "cross_encoder.evaluation": {
        "sbert.evaluation": (
            "CrossEncoderClassificationEvaluator CrossEncoderCorrelationEvaluator CrossEncoderNanoBEIREvaluator "
            "CrossEncoderRerankingEvaluator"
        )
    },
    "sparse_encoder.evaluation": {
        "sbert.evaluation": (
            "ReciprocalRankFusionEvaluator SparseBinaryClassificationEvaluator SparseEmbeddingSimilarityEvaluator "
            "SparseInformationRetrievalEvaluator SparseMSEEvaluator SparseNanoBEIREvaluator SparseRerankingEvaluator "
            "SparseTranslationEvaluator SparseTripletEvaluator"
        )
    },
    "multi_vector_encoder.evaluation": {
        "sbert.evaluation": (
            "MultiVectorDistillationEvaluator MultiVectorInformationRetrievalEvaluator MultiVectorNanoBEIREvaluator "
            "MultiVectorRerankingEvaluator MultiVectorTripletEvaluator"
        )
    },
    "util": {
        "sbert.util": (
            "SimilarityFunction batch_to_device community_detection mine_hard_negatives quantize_embeddings "
            "semantic_search_faiss semantic_search_usearch truncate_embeddings"
        ),
        "._util": (
            "LoggingHandler cos_sim dot_score euclidean_sim fullname get_device_name information_retrieval "
            "is_sentence_transformer_model manhattan_sim normalize_embeddings pairwise_angle_sim pairwise_cos_sim "
            "pairwise_dot_score pairwise_euclidean_sim pairwise_manhattan_sim paraphrase_mining "
            "paraphrase_mining_embeddings pytorch_cos_sim semantic_search _convert_to_batch _convert_to_batch_tensor "
            "_convert_to_tensor"
        ),
        "._late": "maxsim maxsim_pairwise mean_maxsim mean_maxsim_pairwise",
    },
}

_OF_A_FAMILY = "model model_card trainer training_args data_collator"
_LOSSES = (
    "adaptive_layer angle batch_all_triplet batch_hard_soft_margin_triplet batch_hard_triplet "
    "batch_semi_hard_triplet cached_gist_embed cached_multiple_negatives_ranking "
    "cached_multiple_negatives_symmetric_ranking contrastive contrastive_tension cosent cosine_similarity "
    "denoising_auto_encoder distill_kl_div embed_distill gist_embed global_orthogonal_regularization margin_mse "
    "matryoshka matryoshka_2d mega_batch_margin mse multiple_negatives_ranking multiple_negatives_symmetric_ranking "
    "online_contrastive softmax triplet"
)
_EVALUATORS = (
    "binary_classification embedding_similarity information_retrieval label_accuracy mse mse_from_dataframe "
    "nano_beir paraphrase_mining reranking translation triplet"
)
_MODULE_FILES = (
    "bow clip_model cnn dropout layer_norm lstm pooling static_embedding weighted_layer_pooling word_embeddings "
    "word_weights normalize"
)

PATHS: dict[str, Path] = {
    # as they were before 5.4, and as scripts still have them
    "SentenceTransformer": Path("sentence_transformer"),
    "LoggingHandler": Path("util"),
    "data_collator": Path("sentence_transformer"),
    "datasets": Path("nothing"),
    "evaluation": Path("evaluation"),
    "losses": Path("losses"),
    "model_card": Path("sentence_transformer"),
    "models": Path("modules"),
    "models.tokenizer": Path("modules"),
    "quantization": Path("util"),
    "readers": Path("readers"),
    "sampler": Path("samplers"),
    "similarity_functions": Path("util"),
    "trainer": Path("sentence_transformer"),
    "training_args": Path("sentence_transformer"),
    # as they are now
    "backend": Path("nothing", "load optimize quantize utils"),
    "base": Path("base", "model trainer training_args model_card data_collator sampler peft_mixin"),
    "base.evaluation": Path("evaluation", "evaluator sequential"),
    "base.modules": Path("modules", "dense input_module module normalize router transformer"),
    "cross_encoder": Path("cross_encoder", _OF_A_FAMILY),
    "cross_encoder.evaluation": Path(
        "cross_encoder.evaluation", "classification correlation deprecated nano_beir reranking"
    ),
    "cross_encoder.losses": Path(
        "cross_encoder.losses",
        "adr_mse binary_cross_entropy cached_multiple_negatives_ranking cross_entropy lambda_loss list_mle list_net "
        "margin_mse mse multiple_negatives_ranking plist_mle rank_net",
    ),
    "cross_encoder.modules": Path("modules", "logit_score"),
    "multi_vector_encoder": Path("multi_vector_encoder", _OF_A_FAMILY),
    "multi_vector_encoder.evaluation": Path(
        "multi_vector_encoder.evaluation", "distillation information_retrieval nano_beir reranking triplet"
    ),
    "multi_vector_encoder.losses": Path(
        "multi_vector_encoder.losses",
        "cached_multiple_negatives_ranking distill_kl_div margin_mse multiple_negatives_ranking",
    ),
    "multi_vector_encoder.modules": Path("modules", "multi_vector_mask token_pooling"),
    "sentence_transformer": Path("sentence_transformer", _OF_A_FAMILY),
    "sentence_transformer.datasets": Path("nothing"),
    "sentence_transformer.evaluation": Path("evaluation", _EVALUATORS),
    "sentence_transformer.losses": Path("losses", _LOSSES),
    "sentence_transformer.modules": Path("modules", _MODULE_FILES),
    "sentence_transformer.modules.tokenizer": Path("modules", "phrase whitespace word"),
    "sentence_transformer.readers": Path("readers", "input_example"),
    "sparse_encoder": Path("sparse_encoder", _OF_A_FAMILY),
    "sparse_encoder.callbacks": Path("sparse_encoder", "splade_callbacks"),
    "sparse_encoder.evaluation": Path(
        "sparse_encoder.evaluation",
        "reciprocal_rank_fusion sparse_binary_classification sparse_embedding_similarity "
        "sparse_information_retrieval sparse_mse sparse_nano_beir sparse_reranking sparse_translation sparse_triplet",
    ),
    "sparse_encoder.losses": Path(
        "sparse_encoder.losses",
        "cached_splade csr flops sparse_angle sparse_cosent sparse_cosine_similarity sparse_distill_kl_div "
        "sparse_margin_mse sparse_mse sparse_multiple_negatives_ranking sparse_triplet splade",
    ),
    "sparse_encoder.models": Path("modules"),
    "sparse_encoder.modules": Path("modules", "sparse_auto_encoder splade_pooling"),
    "util": Path(
        "util",
        "environment file_io hard_negatives logging misc quantization retrieval similarity tensor distributed dataset",
    ),
}
