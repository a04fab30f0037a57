"""A process that writes into an index until it is done or killed: ``writing.py INDEX MODEL NAME COUNT SHARED``."""

import sys

from sbert import SentenceTransformer
from sbert.index import Document, Index, sync

if __name__ == "__main__":
    path, folder, name, count, shared = sys.argv[1:]
    sync.BATCH_DOCUMENTS = 5
    index = Index.open(path, SentenceTransformer(folder))
    print("ready", flush=True)
    sys.stdin.readline()
    own = [Document(f"{name}-{n}", f"the cat {name} number {n} " * 8, {"writer": name}) for n in range(int(count))]
    # Both writers have these, each with a text of its own and of another length.
    words = 10 if name == "one" else 20
    common = [Document(f"shared-{n}", f"{name} dog {n} " * words, {"writer": name}) for n in range(int(shared))]
    for document in own:
        index.add([document])
    for document in common:
        index.add([document])
    print("done", flush=True)
