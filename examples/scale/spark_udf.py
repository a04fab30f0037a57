"""Spark: a pandas UDF that makes vectors of a column of texts, from Parquet to Parquet.

Its iterator form loads the model once a task, and not once a batch of rows. Rows may come out in any order: each has
its id.
"""

import os
import sys
from collections.abc import Iterator

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
from pyspark.sql.types import ArrayType, FloatType
from recipe import MODEL, check, options

from sbert import SentenceTransformer


def embed(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
    """Vectors of one task's texts, a batch of rows at a time."""
    model = SentenceTransformer(name)
    for texts in batches:
        yield pd.Series(list(model.encode(texts.tolist())))


name = MODEL  # goes to the workers with the function; the module recipe does not
options = options(__doc__)
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the Python of workers on this machine
spark = SparkSession.builder.appName("sbert").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

table = spark.read.parquet(str(options.texts.resolve()))
vectors = table.select("id", pandas_udf(embed, ArrayType(FloatType()))("text").alias("embedding"))
vectors.write.mode("overwrite").parquet(str(options.output.resolve()))
spark.stop()
check(options.texts, options.output)
