"""The Spark session of the scripts. What makes them right or fast is set here, so that it holds on Glue as locally."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

T = TypeVar("T")

# One task's share of the files it reads.
SPLIT_BYTES = 64 * 1024 * 1024

# Spark's own value: so many bytes could be read in the time it takes to open a file.
OPEN_COST_BYTES = 4 * 1024 * 1024

# Days are written side by side instead of sorting the rows by day first. More than these at once are sorted.
CONCURRENT_WRITERS = 64


def spark_session(name: str) -> SparkSession:
    spark = (
        SparkSession.builder.appName(name)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        # Times before 1900 as they are; else a single one, however wrong, would make the job fail.
        .config("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
        .config("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED")
        .config("spark.sql.files.maxPartitionBytes", SPLIT_BYTES)
        .config("spark.sql.files.openCostInBytes", OPEN_COST_BYTES)
        .config("spark.sql.maxConcurrentOutputFileWriters", CONCURRENT_WRITERS)
        # Joins are with small tables, as hints, and shuffles have as many partitions as there is work for the cores:
        # there is nothing to adapt, and adapting makes a job of each stage.
        .config("spark.sql.adaptive.enabled", False)
        .getOrCreate()
    )
    # Two rounds of tasks for each core, and never so few that one key's skew holds everything up.
    cores = spark.sparkContext.defaultParallelism
    spark.conf.set("spark.sql.shuffle.partitions", max(4, 2 * cores))
    # Spark would list many files in a task for each, of which starting takes longer than the listing.
    spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", 4 * cores)
    return spark


def spark_session_beside(name: str, work: Callable[[], T]) -> tuple[SparkSession, T]:
    """Starts Spark, which mostly means to wait for another process, while the work is done."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        return spark_session(name), done.result()


def frame_of(spark: SparkSession, columns: dict[str, list[Any]]) -> DataFrame:
    """A frame of the driver's values by the columns' names and types.

    Whole columns are handed over as one row of arrays; row by row it would take seconds.
    """
    names = [name.split(" ")[0] for name in columns]
    schema = ", ".join(f"{name} array<{kind}>" for name, kind in (column.split(" ") for column in columns))
    row = spark.createDataFrame([tuple(columns.values())], schema, verifySchema=False)
    return row.select(F.inline(F.arrays_zip(*names)))


@contextmanager
def one_split_for_each_task(spark: SparkSession) -> Iterator[None]:
    """For actions on text within: no task reads two files or two pieces of one.

    A line's number is its place in its own split plus the lines before it. Opening a file that costs as much as a whole
    split leaves room for one, and makes splits of the same size whatever else is read.
    """
    spark.conf.set("spark.sql.files.openCostInBytes", SPLIT_BYTES)
    try:
        yield
    finally:
        spark.conf.set("spark.sql.files.openCostInBytes", OPEN_COST_BYTES)
