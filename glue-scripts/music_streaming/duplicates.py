"""Which accepted plays are duplicates: the same user, track and time as an earlier one of the run, or as one that
counts already in the published plays of its day.

Almost no play has a duplicate, so where there are many, they are first told apart by a hash, eight bytes a row; only
rows whose hash occurs twice are compared in full.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

PLAY = ["user_id", "track_id", "listen_time"]

# Plays that may be handed to every task: some ten megabytes. To compare so few in full takes less time than the step
# that would spare it.
FEW_PLAYS = 200_000

# Given to every read of accepted plays: to infer it, Spark would look into their files in a job of its own.
ACCEPTED_SCHEMA = "user_id bigint, track_id string, listen_time timestamp, source string"


@dataclass(frozen=True)
class Duplicates:
    by_source: dict[str, int] = field(default_factory=dict)
    """Rows that are not the first of their play."""
    repeats_by_day: dict[str, int] = field(default_factory=dict)
    """Rows more than distinct plays, within the run alone."""


def suspected_repeats(plays: DataFrame) -> DataFrame:
    """The rows that have another row's hash: every repeated play, and hardly any other.

    The hashes are gathered in the driver and handed to every task, because a join by shuffle would send all plays
    around: some sixteen bytes for each repeated play.
    """
    hashed = plays.withColumn("hash", F.xxhash64(*PLAY))
    repeated = hashed.groupBy("hash").agg(F.count(F.lit(1)).alias("rows")).where("rows > 1").select("hash")
    return hashed.join(F.broadcast(repeated), "hash", "left_semi").drop("hash")


def find_duplicates(plays: DataFrame, order: Column, published: DataFrame | None, few: bool) -> Duplicates:
    """
    plays: the accepted plays of the run, with `source`
    order: position of a play's source among the files; the first keeps the play
    published: plays that count already, of the same days; None where there are none
    few: whether the plays of the run are no more than FEW_PLAYS
    """
    by_source: Counter[str] = Counter()
    repeats: Counter[str] = Counter()
    groups = (
        (plays if few else suspected_repeats(plays))
        .withColumn("order", order)
        .groupBy(*PLAY, "source", "order")
        .agg(F.count(F.lit(1)).alias("rows"))
        .groupBy(*PLAY)
        .agg(F.sort_array(F.collect_list(F.struct("order", "source", "rows"))).alias("found"))
    )
    # One row for each source and day: what it has of plays that it keeps, and of those that an earlier source keeps.
    day = F.to_date("listen_time").cast("string").alias("listen_date")
    found = groups.select(day, F.posexplode("found").alias("nth", "by"))
    surplus = F.when(F.col("nth") == 0, F.col("by.rows") - 1).otherwise(F.col("by.rows"))
    for row in (
        found.groupBy("listen_date", "by.source").agg(F.sum(surplus).alias("surplus")).where("surplus > 0").collect()
    ):
        by_source[row.source] += row.surplus
        repeats[row.listen_date] += row.surplus
    if published is not None:
        again = published.select(*PLAY)
        if few:
            # The published day may be a thousand times the late file: it is searched where it is read.
            again = F.broadcast(again.join(F.broadcast(plays.select(*PLAY)), PLAY, "left_semi"))
        known = plays.withColumn("order", order).join(again, PLAY, "left_semi")
        firsts = known.groupBy(*PLAY).agg(F.min(F.struct("order", "source")).alias("first"))
        for row in firsts.groupBy(F.col("first.source").alias("source")).count().collect():
            by_source[row.source] += row["count"]
    return Duplicates(by_source, repeats)


def published_plays(
    spark: SparkSession, manifests: list[dict], bucket_uri: str, retiring: set[str]
) -> DataFrame | None:
    """The plays that count by these manifests, without those of sources that are being withdrawn."""
    live = [
        (manifest["day"], source["id"])
        for manifest in manifests
        for source in manifest["sources"]
        if source["id"] not in retiring
    ]
    counted = {source for _day, source in live}
    # A part of which nothing counts is not read: its plays are being made again, perhaps because its files are lost.
    files = [
        f"{bucket_uri}{file['key']}"
        for manifest in manifests
        for part in manifest["parts"]
        if not counted.isdisjoint(part["sources"])
        for file in part["files"]
    ]
    if not files or not live:
        return None
    counting = spark.createDataFrame(live, "listen_date string, source string")
    return (
        spark.read.schema(ACCEPTED_SCHEMA)
        .parquet(*files)
        .withColumn("listen_date", F.to_date("listen_time").cast("string"))
        .join(F.broadcast(counting), ["listen_date", "source"], "left_semi")
    )
