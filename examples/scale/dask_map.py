"""Dask: map_partitions makes vectors of a column of texts, from Parquet to Parquet, with one model a worker process.

Dask and not Daft: both are released often, but Dask with its scheduler is some 25 megabytes of pure Python, and what
many clusters run already (dask-jobqueue for Slurm, dask-kubernetes). Rows stay in their order.
"""

import os

import pandas as pd
import pyarrow as pa
from dask import dataframe as dd
from distributed import Client, Worker, WorkerPlugin, get_worker
from recipe import MODEL, check, options

from sbert import SentenceTransformer


class Model(WorkerPlugin):
    """Loads the model when a worker starts, also one that joins later or takes the place of another."""

    def __init__(self, name: str) -> None:
        self.name = name

    def setup(self, worker: Worker) -> None:
        """Called by Dask, once in each worker."""
        worker.model = SentenceTransformer(self.name)


def embed(part: pd.DataFrame) -> pd.DataFrame:
    """Vectors of the texts of one partition."""
    vectors = get_worker().model.encode(part["text"].tolist())
    return pd.DataFrame({"id": part["id"].to_numpy(), "embedding": list(vectors)})


def main() -> None:
    """Run on the cluster of DASK_SCHEDULER_ADDRESS, or on two processes of this machine."""
    found = options(__doc__)
    scheduler = os.environ.get("DASK_SCHEDULER_ADDRESS")
    client = Client(n_workers=2, threads_per_worker=1) if scheduler is None else Client(scheduler)
    with client:
        client.register_plugin(Model(MODEL))
        table = dd.read_parquet(found.texts, columns=["id", "text"])
        meta = pd.DataFrame({"id": pd.Series(dtype="int64"), "embedding": pd.Series(dtype="object")})
        schema = pa.schema({"id": pa.int64(), "embedding": pa.list_(pa.float32())})
        vectors = table.map_partitions(embed, meta=meta)
        vectors.to_parquet(found.output, schema=schema, write_index=False, overwrite=True)
    check(found.texts, found.output)


if __name__ == "__main__":  # worker processes import this file
    main()
