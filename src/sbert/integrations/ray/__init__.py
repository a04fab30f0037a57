"""Ray: the work of one call done by many processes on many machines, to the same bytes.

::

    cluster.py   the boundary to Ray: its import, a cluster to work on, its errors in our words
    actor.py     what runs in a worker: one model, asked for shards and for passages
    workers.py   the workers, held by the process that started the job: who does what, and what when one dies
    texts.py     texts that Ray Data reads, in order

Folders of models and of shards must be reached by the same paths from every machine: a shared file system.
"""

from __future__ import annotations

from .texts import RayCorpus, texts_of
from .workers import RayWorkers

__all__ = ["RayCorpus", "RayWorkers", "texts_of"]
