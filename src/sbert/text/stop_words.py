"""English words that stand in every text, and so say little of what it is about."""

from __future__ import annotations

import string

_FUNCTION_WORDS = """
a about above after again against all also am an and another any are as at be because been before being below between
both but by can cannot could did do does doing down during each either else ever every few for from further had has have
having he her here hers herself him himself his how however i if in into is it its itself just least less many may me
might more most much must my myself neither no nor not of off often on once only or other others ought our ours
ourselves out over own per rather same shall she should since so some such than that the their theirs them themselves
then there these they this those though through thus to together too toward towards under until up upon us very was we
well were what when where whether which while who whom whose why will with within without would yet you your yours
yourself yourselves
"""

_ENDINGS = ("n't", "'s", "'re", "'ve", "'ll", "'d", "'m")
_MARKS = ("''", "``", "...", "--", *string.punctuation)

#: Function words, the endings of contractions as NLTK's tokenizer splits them, and marks.
ENGLISH_STOP_WORDS = frozenset((*_FUNCTION_WORDS.split(), *_ENDINGS, *_MARKS))
