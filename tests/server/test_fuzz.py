"""Requests made up from the server's own OpenAPI document, right and wrong: no 500, and answers are as it says."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from sbert.server import create_app
from sbert.server.routes.table import OPERATIONS
from support.serving import serving

schemathesis = pytest.importorskip("schemathesis", reason="pip install schemathesis")

LISTED = [(each.path, each.method) for each in OPERATIONS if not each.unlisted]


@pytest.fixture(scope="module")
def described(dense, scorer, sparse):
    with serving(create_app([dense, sparse], reranker=scorer)) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


@pytest.mark.parametrize(("path", "method"), LISTED)
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_no_request_breaks_the_server(described, path, method, mode):
    """What is right by the document is answered or refused as it says; what is wrong is never a fault of the server."""
    operation = described[path][method]
    checks = [
        schemathesis.checks.not_a_server_error,
        schemathesis.checks.status_code_conformance,
        schemathesis.checks.content_type_conformance,
        schemathesis.checks.response_schema_conformance,
    ]
    asked = 0

    @settings(max_examples=20, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        nonlocal asked
        case.validate_response(case.call(), checks=checks)
        asked += 1

    if mode is schemathesis.GenerationMode.NEGATIVE and not operation.body:
        pytest.skip("without a body there is nothing to get wrong")
    ask()
    assert asked
