"""Writes a table in partitions, twice, and reads it; its argument is the path of the table."""

import sys

from pyspark.sql import SparkSession

path = sys.argv[1]
session = SparkSession.builder.config("spark.ui.enabled", "false").getOrCreate()
table = session.range(100).selectExpr("id", "id % 3 AS rest")
for _ in range(2):
    table.write.mode("overwrite").partitionBy("rest").parquet(path)
counts = session.read.parquet(path).groupBy("rest").count().orderBy("rest").collect()
print([tuple(row) for row in counts])
session.stop()
