"""A trainer that stays loaded: each line of input is answered by the seconds of a run of so many steps.

Arguments: LIBRARY, JOB.json as of train.py, with ``max_steps`` among its arguments.
"""

import json
import sys
import time
import warnings

from train import prepared


def main():
    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr  # where trainers print what they log
    trainer, _ = prepared(sys.argv[1], sys.argv[2])
    trainer.args.logging_strategy = "no"
    print(json.dumps({}), flush=True, file=answers)
    for _ in sys.stdin:
        start = time.perf_counter()
        trainer.train()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True, file=answers)
    print(json.dumps({}), flush=True, file=answers)


if __name__ == "__main__":
    main()
