"""Run in the peer's environment: evaluates a model by its evaluators, and prints each one's measures as JSON.

Standard input holds an object with ``folder`` and ``evaluators``: a list of ``[class, arguments]``, in which
``"teacher_model": true`` stands for the model itself, and relevant documents are lists. Knows nothing of this project.
"""

import json
import sys


def main():
    from sentence_transformers import SentenceTransformer, evaluation

    request = json.load(sys.stdin)
    model = SentenceTransformer(request["folder"], device="cpu")
    found = []
    for name, arguments in request["evaluators"]:
        if arguments.get("teacher_model"):
            arguments["teacher_model"] = model
        if "relevant_docs" in arguments:
            arguments["relevant_docs"] = {query: set(docs) for query, docs in arguments["relevant_docs"].items()}
        evaluator = getattr(evaluation, name)(**arguments, write_csv=False)
        found.append({key: float(value) for key, value in evaluator(model).items()} | {"": evaluator.primary_metric})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
