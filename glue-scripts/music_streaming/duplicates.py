"""Which accepted plays are duplicates: the same user, track and time as an earlier one of the run, or as one that
counts already in the published plays of its day.

Almost no play has a duplicate, so the plays are first told apart by a hash, eight bytes a row; only rows whose hash
occurs twice are compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

PLAY = ["user_id", "track_id", "listen_time"]


@dataclass(frozen=True)
class Duplicates:
    by_source: dict[str, int] = field(default_factory=dict)
    """Rows that are not the first of their play."""
    repeats_by_day: dict[str, int] = field(default_factory=dict)
    """Rows more than distinct plays, within the run alone."""


def find_duplicates(plays: DataFrame, order: Column, published: DataFrame | None) -> Duplicates:
    """
    plays: the accepted plays of the run, with `source` and `listen_date`
    order: position of a play's source among the files; the first keeps the play
    published: plays that count already, of the same days; None where there are none
    """
    hashed = plays.withColumn("hash", F.xxhash64(*PLAY))
    repeated = hashed.groupBy("hash").agg(F.count(F.lit(1)).alias("rows")).where("rows > 1").select("hash")
    suspects = hashed.join(repeated, "hash", "left_semi").withColumn("order", order)
    groups = (
        suspects.groupBy(*PLAY, "listen_date")
        .agg(F.min(F.struct("order", "source")).alias("first"), F.count(F.lit(1)).alias("rows"))
        .where("rows > 1")
        .cache()
    )
    by_source: dict[str, int] = {}
    if groups.isEmpty():
        repeats: dict[str, int] = {}
    else:
        rows = suspects.join(groups.select(*PLAY), PLAY, "left_semi").groupBy("source").count().collect()
        firsts = groups.groupBy(F.col("first.source").alias("source")).count().collect()
        by_source = {row.source: row["count"] for row in rows}
        for row in firsts:
            by_source[row.source] -= row["count"]
        days = groups.groupBy("listen_date").agg(F.sum(F.col("rows") - 1).alias("repeats")).collect()
        repeats = {row.listen_date: row.repeats for row in days}
    if published is not None:
        known = plays.withColumn("order", order).join(published.select(*PLAY), PLAY, "left_semi")
        firsts = known.groupBy(*PLAY).agg(F.min(F.struct("order", "source")).alias("first"))
        for row in firsts.groupBy(F.col("first.source").alias("source")).count().collect():
            by_source[row.source] = by_source.get(row.source, 0) + row["count"]
    return Duplicates(by_source, repeats)


def published_plays(spark: SparkSession, manifests: list[dict], bucket_uri: str, retiring: set[str]) -> DataFrame | None:
    """The plays that count by these manifests, without those of sources that are being withdrawn."""
    files = [f"{bucket_uri}{file['key']}" for manifest in manifests for part in manifest["parts"] for file in part["files"]]
    live = [
        (manifest["day"], source["id"])
        for manifest in manifests
        for source in manifest["sources"]
        if source["id"] not in retiring
    ]
    if not files or not live:
        return None
    counting = spark.createDataFrame(live, "listen_date string, source string")
    return (
        spark.read.parquet(*files)
        .withColumn("listen_date", F.to_date("listen_time").cast("string"))
        .join(F.broadcast(counting), ["listen_date", "source"], "left_semi")
    )
