"""Distil a model with model2vec, as its own documentation does. Arguments: model folder, where to write."""

import json
import sys

from model2vec.distill import distill

distill(sys.argv[1], pca_dims=256).save_pretrained(sys.argv[2])
print(json.dumps({"folder": sys.argv[2]}))
