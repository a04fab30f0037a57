"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from .tally import Tally

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_TOKENS = (16, 64, 256, 1024, 2048, 4096, 8192, 16384, 65536)


class Metrics:
    """The counters of one server, apart from those of others in the process."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter("sbert_requests", "Requests answered.", ["route", "status"], registry=own)
        self.seconds = Histogram(
            "sbert_request_seconds", "From request to answer.", ["route"], buckets=_SECONDS, registry=own
        )
        self.items = Counter("sbert_items", "Texts, images and pairs read.", ["model"], registry=own)
        self.tokens = Counter("sbert_tokens", "Tokens read.", ["model"], registry=own)
        self.truncated = Counter("sbert_truncated", "Items longer than the model reads.", ["model"], registry=own)
        self.in_flight = Gauge("sbert_requests_in_flight", "Requests being worked on.", registry=own)
        self.waiting = Gauge("sbert_queue_tokens", "Tokens that wait for the model.", ["model"], registry=own)
        self.queued = Histogram(
            "sbert_queue_seconds", "Until the model took it.", ["model"], buckets=_SECONDS, registry=own
        )
        self.batch_tokens = Histogram(
            "sbert_batch_tokens", "Of a model's call.", ["model"], buckets=_TOKENS, registry=own
        )
        self.batch_seconds = Histogram(
            "sbert_batch_seconds", "Of a model's call.", ["model"], buckets=_SECONDS, registry=own
        )

    def batch(self, model: str, tokens: int, seconds: float) -> None:
        """Count a call of a model."""
        self.batch_tokens.labels(model).observe(tokens)
        self.batch_seconds.labels(model).observe(seconds)

    def request(self, tally: Tally, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests.labels(tally.route, status).inc()
        self.seconds.labels(tally.route).observe(seconds)
        if tally.items:
            self.items.labels(tally.model).inc(tally.items)
            self.tokens.labels(tally.model).inc(tally.tokens)
            self.truncated.labels(tally.model).inc(tally.truncated)

    def text(self) -> bytes:
        """All of it in Prometheus's form."""
        return generate_latest(self.registry)
