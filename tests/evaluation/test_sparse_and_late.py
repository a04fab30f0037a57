"""Sparse encoders with their sparsity, late interaction with a teacher, two rankings fused, several languages."""

import numpy as np
import pytest
import scipy.special
import scipy.stats

from sbert import MultiVectorEncoder, SentenceTransformer, SparseEncoder, evaluation
from sbert.errors import DimensionError, InputError
from support.tiny import make_tiny_late, make_tiny_model, make_tiny_splade
from support.training import sentences

TEXTS = sentences(30, seed=8)
LEFT, MIDDLE, RIGHT = TEXTS[:10], TEXTS[10:20], TEXTS[20:]
NUMBERS = [place % 4 for place in range(10)]
LABELS = [place % 2 for place in range(10)]
QUERIES, CORPUS = ({f"{kind}{n}": text for n, text in enumerate(of)} for kind, of in (("q", LEFT), ("d", TEXTS[10:])))
RELEVANT = {f"q{place}": {f"d{place}", f"d{place + 7}"} for place in range(10)}
SAMPLES = [{"query": one, "positive": [two], "negative": RIGHT[:4]} for one, two in zip(LEFT, MIDDLE, strict=True)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("families")
    return {
        "dense": make_tiny_model(root / "dense", "bert"),
        "sparse": make_tiny_splade(root / "sparse", "bert"),
        "late": make_tiny_late(root / "late", "bert"),
    }


@pytest.fixture(scope="module")
def sparse(folders):
    return SparseEncoder(folders["sparse"], backend="openvino", on_truncation="ignore")


@pytest.fixture(scope="module")
def late(folders):
    return MultiVectorEncoder(folders["late"], backend="openvino", on_truncation="ignore")


def told(model, texts, keep):
    """``active_dims`` and ``sparsity_ratio`` of texts, by counting."""
    rows = model.encode(texts, max_active_dims=keep).toarray()
    active = np.mean([(row != 0).sum() for row in rows])
    return pytest.approx(active), pytest.approx(1 - active / rows.shape[1])


@pytest.mark.parametrize("keep", [None, 5])
@pytest.mark.parametrize(
    ("kind", "arguments", "sets"),
    [
        ("EmbeddingSimilarity", (LEFT, RIGHT, NUMBERS), {"": LEFT + RIGHT}),
        ("BinaryClassification", (LEFT, RIGHT, LABELS), {"": LEFT + RIGHT}),
        ("Translation", (LEFT, RIGHT), {"": LEFT + RIGHT}),
        ("Triplet", (LEFT, MIDDLE, RIGHT), {"anchor_": LEFT, "positive_": MIDDLE, "negative_": RIGHT}),
        ("InformationRetrieval", (QUERIES, CORPUS, RELEVANT), {"query_": LEFT, "corpus_": TEXTS[10:]}),
    ],
)
def test_sparse_evaluators_tell_of_sparsity(sparse, kind, arguments, sets, keep):
    evaluator = getattr(evaluation, f"Sparse{kind}Evaluator")(*arguments, max_active_dims=keep, name="x")
    found = evaluator(sparse)
    for front, texts in sets.items():
        assert (found[f"x_{front}active_dims"], found[f"x_{front}sparsity_ratio"]) == told(sparse, texts, keep)
    model = SparseEncoder(sparse.spec.folder, backend="openvino", on_truncation="ignore", max_active_dims=keep)
    plain = getattr(evaluation, f"{kind}Evaluator")(*arguments, name="x")
    measures = plain(model)
    assert {key: found[key] for key in measures} == measures
    assert evaluator.primary_metric == plain.primary_metric
    if keep:
        assert max(value for key, value in found.items() if key.endswith("active_dims")) <= keep


def test_what_comparing_costs_is_counted(sparse):
    """For each query and document the words that both have, on average."""
    found = evaluation.SparseInformationRetrievalEvaluator(
        QUERIES, CORPUS, RELEVANT, corpus_chunk_size=7, max_active_dims=6
    )(sparse)
    asked, read = (sparse.encode(texts, max_active_dims=6).toarray() != 0 for texts in (LEFT, TEXTS[10:]))
    common = [(one & other).sum() for one in asked for other in read]
    assert found["avg_flops"] == pytest.approx(np.mean(common))
    assert found["corpus_active_dims"] == pytest.approx(read.sum() / 20)


def test_sparse_rerankers_and_pupils(sparse):
    found = evaluation.SparseRerankingEvaluator(SAMPLES, max_active_dims=5)(sparse)
    assert set(found) >= {"map", "ndcg@10", "query_active_dims", "corpus_sparsity_ratio"}
    rows = sparse.encode(LEFT, max_active_dims=5)
    assert found["query_active_dims"] == pytest.approx(rows.nnz / 10)
    found = evaluation.SparseMSEEvaluator(LEFT, RIGHT, sparse, max_active_dims=5)(sparse)
    wanted, given = (sparse.encode(texts, max_active_dims=5).toarray().astype(np.float64) for texts in (LEFT, RIGHT))
    assert found["negative_mse"] == pytest.approx(-100 * np.square(wanted - given).mean(), abs=1e-9)
    assert found["active_dims"] == pytest.approx((given != 0).sum() / 10)


def test_sparse_rows_are_compared_by_any_name(sparse):
    names = ["cosine", "euclidean", "dot"]
    found = evaluation.EmbeddingSimilarityEvaluator(LEFT, RIGHT, NUMBERS, similarity_fn_names=names)(sparse)
    a, b = (sparse.encode(texts).toarray().astype(np.float64) for texts in (LEFT, RIGHT))
    lengths = [np.linalg.norm(rows, axis=1) for rows in (a, b)]
    expected = {
        "cosine": (a * b).sum(axis=1) / lengths[0] / lengths[1],
        "euclidean": -np.linalg.norm(a - b, axis=1),
        "dot": (a * b).sum(axis=1),
    }
    for name, scores in expected.items():
        assert found[f"pearson_{name}"] == pytest.approx(scipy.stats.pearsonr(scores, NUMBERS)[0], abs=1e-5)
    found = evaluation.InformationRetrievalEvaluator(QUERIES, CORPUS, RELEVANT, score_functions=names)(sparse)
    asked, read = (sparse.encode(texts).toarray() for texts in (LEFT, TEXTS[10:]))
    near = -np.linalg.norm(asked[:, None] - read[None], axis=2)
    best = near.argmax(axis=1)
    right = np.mean([f"d{place}" in RELEVANT[f"q{number}"] for number, place in enumerate(best)])
    assert found["euclidean_accuracy@1"] == pytest.approx(right)
    assert found["euclidean_ndcg@10"] != found["dot_ndcg@10"]


def test_what_is_not_sparse_is_refused(sparse, late):
    with pytest.raises(InputError, match="for a SparseEncoder; got a MultiVectorEncoder"):
        evaluation.SparseTripletEvaluator(LEFT, MIDDLE, RIGHT)(late)
    with pytest.raises(InputError, match="pass max_active_dims"):
        evaluation.SparseTripletEvaluator(LEFT, MIDDLE, RIGHT, truncate_dim=3)
    with pytest.raises(InputError, match="max_active_dims must be a whole number"):
        evaluation.SparseTripletEvaluator(LEFT, MIDDLE, RIGHT, max_active_dims=0)
    with pytest.raises(InputError, match="'maxsim', 'meanmaxsim'; got 'cosine'"):
        evaluation.TripletEvaluator(LEFT, MIDDLE, RIGHT, ["cosine"])(late)


def test_late_interaction_has_evaluators_of_its_own_names(late):
    found = evaluation.MultiVectorInformationRetrievalEvaluator(
        QUERIES, CORPUS, RELEVANT, corpus_chunk_size=3, chunk_elements=10, score_functions=["maxsim", "meanmaxsim"]
    )(late)
    # The mean over the query's tokens changes no order of its documents.
    assert found["maxsim_ndcg@10"] == found["meanmaxsim_ndcg@10"]
    assert found == evaluation.InformationRetrievalEvaluator(
        QUERIES, CORPUS, RELEVANT, score_functions=["maxsim", "meanmaxsim"]
    )(late)
    names = ["maxsim", "meanmaxsim"]
    found = evaluation.MultiVectorTripletEvaluator(LEFT, MIDDLE, RIGHT, names, margin={"maxsim": 0, "meanmaxsim": 2})(
        late
    )
    assert found["meanmaxsim_accuracy"] == 0  # no two means of cosines are so far apart
    near, far = (late.similarity_pairwise(late.encode_query(LEFT), late.encode_document(of)) for of in (MIDDLE, RIGHT))
    assert found["maxsim_accuracy"] == (near > far).mean()
    assert evaluation.MultiVectorRerankingEvaluator(SAMPLES)(late) == evaluation.RerankingEvaluator(SAMPLES)(late)
    for make in (
        lambda: evaluation.MultiVectorInformationRetrievalEvaluator(QUERIES, CORPUS, RELEVANT, truncate_dim=2),
        lambda: evaluation.MultiVectorTripletEvaluator(LEFT, MIDDLE, RIGHT, truncate_dim=2),
        lambda: evaluation.MultiVectorRerankingEvaluator(SAMPLES, truncate_dim=2),
    ):
        with pytest.raises(InputError, match="truncate_dim"):
            make()


def test_a_teachers_scores_by_query(late):
    documents = [TEXTS[place : place + 5] for place in range(10, 20)]
    wanted = np.random.default_rng(0).normal(size=(10, 5)) * 3
    wanted[4] = 1.0  # of a query whose scores are all equal there is no correlation
    evaluator = evaluation.MultiVectorDistillationEvaluator(
        LEFT, documents, wanted, temperature=2, teacher_temperature=3
    )
    found = evaluator(late)
    scores = np.stack(
        [
            late.similarity_pairwise(late.encode_query(LEFT), late.encode_document([of[way] for of in documents]))
            for way in range(5)
        ],
        axis=1,
    )
    of_each = [scipy.stats.spearmanr(*both)[0] for row, both in enumerate(zip(scores, wanted, strict=True)) if row != 4]
    assert found["spearman"] == pytest.approx(np.mean(of_each), abs=1e-9)
    p, q = scipy.special.softmax(wanted / 3, axis=1), scipy.special.softmax(scores.astype(float) / 2, axis=1)
    assert found["kl_divergence"] == pytest.approx(
        4 * np.mean([scipy.stats.entropy(*both) for both in zip(p, q, strict=True)]), abs=1e-9
    )
    assert len(evaluator.outcomes) == 10
    assert evaluator.outcomes.value == pytest.approx(found["spearman"])


def test_a_teachers_scores_of_pairs(late):
    evaluator = evaluation.MultiVectorDistillationEvaluator(LEFT, RIGHT, NUMBERS, name="flat")
    found = evaluator(late)
    scores = late.similarity_pairwise(late.encode_query(LEFT), late.encode_document(RIGHT)).astype(float)
    assert found["flat_spearman"] == pytest.approx(scipy.stats.spearmanr(scores, NUMBERS)[0], abs=1e-9)
    p, q = (scipy.special.softmax(of) for of in (np.array(NUMBERS, float), scores))
    assert found["flat_kl_divergence"] == pytest.approx(scipy.stats.entropy(p, q), abs=1e-9)
    own = evaluation.MultiVectorDistillationEvaluator(
        LEFT, RIGHT, NUMBERS, similarity_fct=lambda a, _: [float(place % 4) for place in range(len(a))]
    )(late)
    assert own["spearman"] == pytest.approx(1)
    assert own["kl_divergence"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((LEFT, RIGHT, NUMBERS[:3]), {}, "scores 3"),
        ((LEFT, [[text] for text in RIGHT], NUMBERS), {}, "the shape \\(10,\\)"),
        ((LEFT[:2], [["a"], ["b", "c"]], [[1], [2]]), {}, r"\[1, 2\] documents"),
        ((LEFT[:1], RIGHT[:1], [float("inf")]), {}, "finite"),
        ((LEFT, RIGHT, NUMBERS), {"temperature": 0}, "temperature must be above 0"),
        ((LEFT, RIGHT, NUMBERS), {"student_temperature": float("inf")}, "student_temperature"),
    ],
)
def test_scores_that_do_not_fit_are_refused(arguments, options, message):
    with pytest.raises(InputError, match=message):
        evaluation.MultiVectorDistillationEvaluator(*arguments, **options)


def test_two_rankings_are_fused_by_hand(tmp_path):
    """Ranks 1 and 3 beat ranks 2 and none; d has 1/61 + 1/63, a 1/61 + 0, b 1/62 + 1/62."""
    dense = [{"query_id": "q", "query": "?", "positive": ["d"], "documents": ["a", "b", "d"]}]
    sparse = [{"query_id": "q", "query": "?", "positive": ["d"], "documents": ["d", "b"]}]
    evaluator = evaluation.ReciprocalRankFusionEvaluator(dense, sparse, at_k=2, name="x")
    found = evaluator(tmp_path)  # as scripts call it: the folder in the first place
    assert len(list(tmp_path.glob("ReciprocalRankFusion_evaluation_x_results.csv"))) == 1
    scores = {"a": 1 / 61, "b": 2 / 62, "d": 1 / 63 + 1 / 61}
    assert sorted(scores, key=scores.get) == ["a", "b", "d"]
    assert found["x_mrr@2"] == found["x_ndcg@2"] == found["x_map"] == 1
    assert found["x_dense_map"] == pytest.approx(1 / 3)
    assert found["x_dense_mrr@2"] == 0
    assert found["x_sparse_ndcg@2"] == 1
    assert evaluator.primary_metric == "x_ndcg@2"
    # With rrf_k=1 the first ranks stand out: a has 1/2 of one side, b 1/3 twice, d 1/4 and 1/2.
    assert evaluation.ReciprocalRankFusionEvaluator(dense, sparse, rrf_k=1)()["map"] == 1
    lost = [sample | {"positive": ["d", "e"]} for sample in dense]
    assert evaluation.ReciprocalRankFusionEvaluator(lost, sparse)()["map"] == 1 / 2  # e is found by neither


def test_rankings_that_do_not_fit_are_refused():
    one = {"query_id": "q", "query": "?", "positive": ["d"], "documents": ["a"]}
    make = evaluation.ReciprocalRankFusionEvaluator
    with pytest.raises(InputError, match="of the query 'q', sparse_samples"):
        make([one], [one | {"query_id": "r"}])
    with pytest.raises(InputError, match=r"sparse_samples\[0\] lacks 'documents'"):
        make([one], [{"query_id": "q", "positive": ["d"]}])
    with pytest.raises(InputError, match="sparse_samples 0"):
        make([one], [])
    with pytest.raises(InputError, match="no relevant document"):
        make([one | {"positive": []}], [one])


def test_languages_are_measured_pair_by_pair(folders):
    model = SentenceTransformer(folders["dense"], backend="openvino", on_truncation="ignore")
    rows = [{"en": one, "de": two, "fr": three} for one, two, three in zip(LEFT, MIDDLE, RIGHT, strict=True)]
    rows[3]["fr"] = " "  # a row without a text is left out of that pair
    evaluator = evaluation.MSEEvaluatorFromDataFrame(rows, model, [("en", "de"), ("en", "fr")], name="x")
    found = evaluator(model)
    english, german, french = (model.encode(of).astype(np.float64) for of in (LEFT, MIDDLE, RIGHT))
    rest = np.arange(10) != 3
    expected = [-100 * np.square(english - german).mean(), -100 * np.square(english - french)[rest].mean()]
    assert found["x_negative_mse_en-de"] == pytest.approx(expected[0], abs=1e-9)
    assert found["x_negative_mse_en-fr"] == pytest.approx(expected[1], abs=1e-9)
    assert found["x_negative_mse"] == evaluator.outcomes.value == pytest.approx(np.mean(expected), abs=1e-9)
    assert len(evaluator.outcomes) == 19
    with pytest.raises(InputError, match="no row with a text of 'en' and one of 'it'"):
        evaluation.MSEEvaluatorFromDataFrame(rows, model, [("en", "it")])
    with pytest.raises(InputError, match="a pair of names"):
        evaluation.MSEEvaluatorFromDataFrame(rows, model, [])
    narrow = evaluation.MSEEvaluatorFromDataFrame(rows, model, [("en", "de")], truncate_dim=3)
    narrow._options.pop("truncate_dim")
    with pytest.raises(DimensionError, match="of the same width"):
        narrow(model)
