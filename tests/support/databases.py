"""The databases that run here, as users ask them: each with an address, and a search through its own client."""

from __future__ import annotations

import logging
from urllib.parse import quote

import numpy as np
import pytest

from support import opensearch, postgres
from support.opensearch import StandIn
from support.postgres import Postgres, binaries


class Qdrant:
    """A folder that the client looks after."""

    modules = ("qdrant_client",)

    def __init__(self, folder):
        self._folder = folder / "qdrant"
        self.address = f"qdrant:{self._folder}"

    def search(self, collection, similarity, vector, count):
        from qdrant_client import QdrantClient

        client = QdrantClient(path=str(self._folder))
        try:
            points = client.query_points(collection, query=vector.tolist(), limit=count, with_payload=True).points
            sign = -1 if similarity == "euclidean" else 1
            return [(point.payload["id"], sign * point.score, point.payload) for point in points]
        finally:
            client.close()

    def make(self, collection, dimension):
        from qdrant_client import QdrantClient, models

        client = QdrantClient(path=str(self._folder))
        client.create_collection(
            collection, vectors_config={"named": models.VectorParams(size=dimension, distance=models.Distance.DOT)}
        )
        client.close()

    def stop(self):
        pass


class Milvus:
    """A file of milvus-lite."""

    modules = ("pymilvus", "milvus_lite")

    def __init__(self, folder):
        self._file = folder / "milvus.db"
        self.address = f"milvus:{self._file}"
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)

    def search(self, collection, similarity, vector, count):
        from pymilvus import MilvusClient

        client = MilvusClient(str(self._file))
        try:
            client.load_collection(collection)
            (hits,) = client.search(collection, data=[vector.tolist()], limit=count, output_fields=["*"])
            score = (lambda distance: -np.sqrt(distance)) if similarity == "euclidean" else float
            return [(hit["id"], score(hit["distance"]), hit["entity"]) for hit in hits]
        finally:
            self._close(client)

    def make(self, collection, dimension):
        from pymilvus import MilvusClient

        client = MilvusClient(str(self._file))
        client.create_collection(collection, dimension=dimension)
        self._close(client)

    def _close(self, client):
        from milvus_lite.server_manager import server_manager_instance

        client.close()
        server_manager_instance.release_server(str(self._file))  # other processes may open it now

    def stop(self):
        pass


class Pgvector:
    """A PostgreSQL of the tests' own."""

    modules = ("psycopg", "pgvector")

    def __init__(self, _folder):
        found = binaries()
        if found is None:
            pytest.skip("no PostgreSQL with pgvector is installed here")
        self._server = Postgres(found)
        self.address = self._server.url
        self.wrong = self._server.address("wr/ong:2@y")
        self.password = "wr/ong:2@y"

    def search(self, collection, similarity, vector, count):
        import psycopg
        from pgvector.psycopg import register_vector

        with psycopg.connect(self.address) as connection:
            register_vector(connection)
            operator = {"cosine": "<=>", "dot": "<#>", "euclidean": "<->"}[similarity]
            rows = connection.execute(
                f"SELECT *, vector {operator} %s AS distance FROM {collection} ORDER BY distance, id LIMIT %s",
                (vector, count),
            )
            names = [column.name for column in rows.description]
            found = [dict(zip(names, row, strict=True)) for row in rows]
        score = (lambda distance: 1 - distance) if similarity == "cosine" else (lambda distance: -distance)
        return [(row["id"], score(row["distance"]), row | row["metadata"]) for row in found]

    def make(self, collection, _dimension):
        import psycopg

        with psycopg.connect(self.address) as connection:
            connection.execute(f"CREATE TABLE {collection} (id text, vector real[])")

    def stop(self):
        self._server.stop()


class OpenSearch:
    """The stand-in for its server."""

    modules = ("opensearchpy",)

    def __init__(self, _folder):
        self.server = StandIn()
        place = f"127.0.0.1:{self.server.port}"
        self.address = f"opensearch://{opensearch.USER}:{quote(opensearch.PASSWORD, safe='')}@{place}"
        self.wrong = f"opensearch://{opensearch.USER}:{quote('wr/ong:2@y', safe='')}@{place}"
        self.password = "wr/ong:2@y"
        self._place = f"http://{place}"

    def search(self, collection, similarity, vector, count):
        import opensearchpy

        client = opensearchpy.OpenSearch(self._place, http_auth=(opensearch.USER, opensearch.PASSWORD))
        body = {"size": count, "query": {"knn": {"vector": {"vector": vector.tolist(), "k": count}}}}
        hits = client.search(index=collection, body=body)["hits"]["hits"]
        scores = {
            "cosine": lambda score: 2 * score - 1,
            "euclidean": lambda score: -np.sqrt(1 / score - 1),
            "dot": lambda score: score - 1 if score > 1 else 1 - 1 / score,
        }
        return [(hit["_source"]["id"], scores[similarity](hit["_score"]), hit["_source"]) for hit in hits]

    def make(self, collection, _dimension):
        self.server.indices[collection] = {"mappings": {"properties": {}}, "documents": {}, "seen": {}}

    def stop(self):
        self.server.stop()


KINDS = {"qdrant": Qdrant, "milvus": Milvus, "pgvector": Pgvector, "opensearch": OpenSearch}
__all__ = ["KINDS", "postgres"]
