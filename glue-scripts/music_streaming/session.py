"""The Spark session of the scripts. What makes them right or fast is set here, so that it holds on Glue as locally."""

from __future__ import annotations

from pyspark.sql import SparkSession

# One split of a text file; also the cost of opening a file, so that no partition holds two of them: a line's number is
# its place in its own split plus the lines before it.
SPLIT_BYTES = 64 * 1024 * 1024

# Days are written side by side instead of sorting the rows by day first. More than these at once are sorted.
CONCURRENT_WRITERS = 64


def spark_session(name: str) -> SparkSession:
    spark = (
        SparkSession.builder.appName(name)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.sql.files.maxPartitionBytes", SPLIT_BYTES)
        .config("spark.sql.files.openCostInBytes", SPLIT_BYTES)
        .config("spark.sql.maxConcurrentOutputFileWriters", CONCURRENT_WRITERS)
        .getOrCreate()
    )
    # Two rounds of tasks for each core, and never so few that one key's skew holds everything up.
    spark.conf.set("spark.sql.shuffle.partitions", max(4, 2 * spark.sparkContext.defaultParallelism))
    return spark
