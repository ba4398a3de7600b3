"""Rows that were not accepted: counted, and kept with all their reasons, their file and their line."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType

from music_streaming import objects
from music_streaming.heads import InputFile
from music_streaming.lines import Place, lines_before, with_line
from music_streaming.report import Counts
from music_streaming.rules import RULES, is_rejected

# Given to the read of these rows: to infer it, Spark would look into their files in a job of its own.
SCHEMA = (
    "source string, problem struct<mask: int, block: bigint, place: bigint, raw: string,"
    " user_text: string, track_text: string, time_text: string>"
)

# Rows of one file: some ten megabytes.
ROWS_PER_FILE = 200_000

REJECTED = "rejected"
UNDER_REVIEW = "under_review"


def set_aside(
    spark: SparkSession,
    plan: dict[str, Any],
    job_run_id: str,
    files: list[InputFile],
    written: list[str],
    counts: Counts,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Writes the rejected rows and those under review; returns what the report says of both, and fills the counts.

    written: the files that hold these rows as they were judged
    """
    bad = spark.read.schema(SCHEMA).parquet(*written).select("source", "problem.*")
    first: dict[Place, int] = {}
    by_verdict = {REJECTED: 0, UNDER_REVIEW: 0}
    groups = bad.groupBy("source", "mask", "block").agg(F.count(F.lit(1)).alias("rows"), F.min("place").alias("place"))
    for row in groups.collect():
        counts.masks[row.source, row.mask] += row.rows
        place = (row.source, row.block)
        first[place] = min(row.place, first.get(place, row.place))
        by_verdict[REJECTED if is_rejected(row.mask) else UNDER_REVIEW] += row.rows
    before = lines_before(spark, files, first.keys())
    for (source, block), number in first.items():
        line = before.get((source, block), 0) + number + 1
        counts.first_bad_lines[source] = min(line, counts.first_bad_lines.get(source, line))
    keys = {file.id: file.key for file in files if file.id in counts.first_bad_lines}
    described = _described(with_line(spark, bad, before), keys)
    found = _write(described, by_verdict, f"{plan['scratchPrefix']}{job_run_id}/set-aside")
    return (
        _copied(found[REJECTED], f"{plan['errorsPrefix']}{job_run_id}"),
        _copied(found[UNDER_REVIEW], f"{plan['reviewPrefix']}{job_run_id}"),
    )


def _described(rows: DataFrame, keys: dict[str, str]) -> DataFrame:
    key_of = F.create_map(*[F.lit(part) for pair in keys.items() for part in pair])
    rejecting = sum(1 << bit for bit, rule in enumerate(RULES) if rule.action == "reject")
    rejected = F.col("mask").bitwiseAND(F.lit(rejecting)) != 0
    return rows.select(
        "source",
        F.element_at(key_of, F.col("source")).alias("key"),
        "line",
        _readable("raw"),
        _readable("user_text").alias("user_id"),
        _readable("track_text").alias("track_id"),
        _readable("time_text").alias("listen_time"),
        _reason_ids().alias("reasons"),
        F.when(rejected, F.lit(REJECTED)).otherwise(F.lit(UNDER_REVIEW)).alias("verdict"),
    )


def _readable(text: str) -> Column:
    """Text whose bytes are no UTF-8 keeps a replacement character for each; readers of Parquet refuse such bytes."""
    return F.decode(F.col(text).cast("binary"), "UTF-8").alias(text)


def _reason_ids() -> Column:
    ids = [F.when(F.col("mask").bitwiseAND(F.lit(1 << bit)) != 0, F.lit(rule.id)) for bit, rule in enumerate(RULES)]
    return F.array_compact(F.array(*ids)).cast(ArrayType(StringType()))


def _write(rows: DataFrame, by_verdict: dict[str, int], scratch: str) -> dict[str, dict[str, int]]:
    """Writes the rows in the order of their files and lines; returns the rows of each written file by verdict."""
    order = ("verdict", "key", "line")
    ordered = rows.repartitionByRange(-(-sum(by_verdict.values()) // ROWS_PER_FILE), *order)
    folders = ordered.sortWithinPartitions(*order).withColumn("folder", F.col("verdict"))
    folders.write.mode("overwrite").partitionBy("folder").parquet(scratch)
    written = {
        verdict: objects.list_files(f"{scratch}/folder={verdict}", ".parquet") if count else []
        for verdict, count in by_verdict.items()
    }
    if all(len(uris) <= 1 for uris in written.values()):
        return {verdict: dict.fromkeys(uris, by_verdict[verdict]) for verdict, uris in written.items()}
    read = rows.sparkSession.read.schema("line bigint").parquet(*(uri for uris in written.values() for uri in uris))
    names = read.groupBy(F.substring_index("_metadata.file_path", "/", -2).alias("name")).count().collect()
    in_file = {row.name: row["count"] for row in names}
    return {
        verdict: {uri: in_file["/".join(uri.rsplit("/", 2)[-2:])] for uri in uris} for verdict, uris in written.items()
    }


def _copied(rows: dict[str, int], target: str) -> dict[str, Any]:
    copied = objects.copy_all([(uri, f"{target}-{n:05d}.parquet") for n, uri in enumerate(rows)])
    files = [
        {"key": file.key, "size": file.size, "rows": count} for file, count in zip(copied, rows.values(), strict=True)
    ]
    return {"rows": sum(rows.values()), "files": files}
