"""The steps of mining hard negatives: pairs, candidates, filters, sampling, forms of output, and a report."""
