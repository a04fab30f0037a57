"""A small server that speaks as much of OpenSearch's API as uploads need, as its documentation says it.

It is no OpenSearch: what it refuses is what the documentation says is refused, and it compares all vectors.
"""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

USER, PASSWORD = "admin", "Se/cret:1@x"
_EXPECTED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class StandIn:
    """The server, on a free port of this machine.

    Attributes:
        indices: what it holds: mappings, documents, and which of them can be seen.
        busy: requests of documents that are answered with 429 before one is taken.
        requests: of documents, by their numbers.
    """

    def __init__(self) -> None:
        self.indices: dict[str, dict] = {}
        self.busy = 0
        self.requests: list[int] = []
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"stand_in": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.handle_error = lambda *_: None  # of clients that are killed
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Refusal(Exception):
    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.kind, self.reason = status, kind, reason


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._answer("GET")

    def do_HEAD(self):
        self._answer("HEAD")

    def do_PUT(self):
        self._answer("PUT")

    def do_POST(self):
        self._answer("POST")

    def do_DELETE(self):
        self._answer("DELETE")

    def _answer(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.headers.get("Authorization") != _EXPECTED:
                raise Refusal(401, "security_exception", "Unauthorized")
            with self.stand_in.lock:
                status, found = (
                    200,
                    self._found(method, [part for part in self.path.split("?")[0].split("/") if part], body),
                )
        except Refusal as refusal:
            error = {"type": refusal.kind, "reason": refusal.reason}
            status, found = refusal.status, {"error": {**error, "root_cause": [error]}, "status": refusal.status}
        data = b"" if method == "HEAD" else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _found(self, method, path, body):
        indices = self.stand_in.indices
        if not path:
            return {"version": {"distribution": "opensearch", "number": "3.0.0"}}
        if path[-1] == "_bulk":
            return self._bulk(path[0] if len(path) == 2 else None, body)
        name, action = path[0], path[1] if len(path) > 1 else ""
        if method == "PUT" and not action:
            if name in indices:
                raise Refusal(400, "resource_already_exists_exception", f"index [{name}] already exists")
            made = json.loads(body)
            assert made["settings"]["index"]["knn"] is True  # without it fields of vectors are not searched
            indices[name] = {"mappings": made["mappings"], "documents": {}, "seen": {}}
            return {"acknowledged": True, "index": name}
        if name not in indices:
            raise Refusal(404, "index_not_found_exception", f"no such index [{name}]")
        index = indices[name]
        if method == "DELETE" and not action:
            del indices[name]
        elif method == "PUT" and action == "_mapping":
            index["mappings"]["_meta"] = json.loads(body)["_meta"]
        elif method == "GET" and action == "_mapping":
            return {name: {"mappings": index["mappings"]}}
        elif action == "_refresh":
            index["seen"] = dict(index["documents"])
        elif action == "_count":
            return {"count": len(index["seen"])}
        elif action == "_search":
            return self._search(index, json.loads(body))
        elif action:
            raise Refusal(400, "illegal_argument_exception", f"{method} {self.path}")
        return {"acknowledged": True}

    def _bulk(self, name, body):
        stand_in = self.stand_in
        lines = body.decode().splitlines()
        assert body.endswith(b"\n")
        assert self.headers["Content-Type"].startswith(("application/json", "application/x-ndjson"))
        items = []
        stand_in.requests.append(len(lines) // 2)
        busy = stand_in.busy > 0
        stand_in.busy -= busy
        for head, tail in zip(lines[::2], lines[1::2], strict=True):
            ((operation, facts),) = json.loads(head).items()
            document, place = json.loads(tail), stand_in.indices[facts.get("_index", name)]
            assert operation == "index"
            assert len(facts["_id"].encode()) <= 512
            item = {"_index": facts.get("_index", name), "_id": facts["_id"], "status": 200}
            width = place["mappings"]["properties"]["vector"]["dimension"]
            if busy:
                item |= {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "busy"}}
            elif len(document["vector"]) != width:
                reason = f"Vector dimension mismatch. Expected: {width}, Given: {len(document['vector'])}"
                cause = {"type": "illegal_argument_exception", "reason": reason}
                error = {"type": "mapper_parsing_exception", "reason": "failed to parse", "caused_by": cause}
                item |= {"status": 400, "error": error}
            else:
                place["documents"][facts["_id"]] = document
            items.append({operation: item})
        return {"took": 1, "errors": any("error" in item["index"] for item in items), "items": items}

    def _search(self, index, body):
        asked = body["query"]["knn"]["vector"]
        query, documents = np.array(asked["vector"]), list(index["seen"].items())
        space = index["mappings"]["properties"]["vector"]["method"]["space_type"]
        vectors = np.array([document["vector"] for _, document in documents])
        if space == "l2":
            scores = 1 / (1 + ((vectors - query) ** 2).sum(axis=1))
        elif space == "cosinesimil":
            lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
            scores = (1 + vectors @ query / lengths) / 2
        else:
            products = vectors @ query
            scores = np.where(products > 0, products + 1, 1 / (1 - np.minimum(products, 0)))
        best = np.argsort(-scores, kind="stable")[: asked["k"]]
        hits = [{"_id": documents[row][0], "_score": float(scores[row]), "_source": documents[row][1]} for row in best]
        return {"hits": {"hits": hits[: body["size"]]}}
