"""From a slow teacher to a fast static model: a vector for each token, fitted so that their mean is near the teacher's.

The steps are those of model2vec and its successor tokenlearn (https://github.com/MinishLab/model2vec,
https://github.com/MinishLab/tokenlearn): token vectors by the teacher, fewer dimensions, weights by frequency, then a
fit to the teacher's vectors of real texts. The fit is solved as the linear problem that it is; see ``regression.py``.
"""

from .distill import Distilled, distill

__all__ = ["Distilled", "distill"]
