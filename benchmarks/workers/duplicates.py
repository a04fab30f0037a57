"""Near-duplicates among stored vectors, with the time and the memory that takes. Arguments: file, rows, threshold."""

import json
import sys
import time

import numpy as np
from measured import megabytes, reset_peak

from sbert.search import near_duplicates

path, rows, threshold = sys.argv[1:]
vectors = np.array(np.load(path, mmap_mode="r")[: int(rows)])
reset_peak()
loaded = megabytes("VmRSS")
start = time.perf_counter()
found = near_duplicates(vectors, threshold=float(threshold))
seconds = time.perf_counter() - start
peak = megabytes("VmHWM")
facts = {"kept": len(found), "groups": len(found.groups()), "seconds": seconds, "peak_above_mb": peak - loaded}
print(json.dumps(facts))
