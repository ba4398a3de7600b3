"""Reference data: songs and users by their keys, as a version of them was delivered.

RFC 4180: quote and escape are both `"`, and a field may hold line breaks. Where a key stands several times, its first
row counts; a row without a usable key or value is left out. Both are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from music_streaming.errors import ReferenceDataError
from music_streaming.rules import TRACK_ID, parse_user_id

SONG_COLUMNS = ("track_id", "track_name", "artists", "track_genre", "duration_ms")
USER_COLUMNS = ("user_id", "user_country")


@dataclass(frozen=True)
class ReferenceData:
    version: str
    songs: DataFrame
    """track_id, track_name, artists, genre, duration_ms; one row for each track."""
    users: DataFrame
    """user_id, country; one row for each user."""
    counts: dict[str, dict[str, int]]


def load_reference(spark: SparkSession, plan: dict[str, Any]) -> ReferenceData:
    """Both sets, cached: they are small, and every stage of a job joins them.

    Raises ReferenceDataError when a column is missing or nothing is usable.
    """
    duration = F.expr("try_cast(trim(duration_ms) as bigint)")
    songs = _read(spark, plan["songs"], SONG_COLUMNS, "songs").select(
        F.trim("track_id").alias("track_id"),
        F.coalesce("track_name", F.lit("")).alias("track_name"),
        F.coalesce("artists", F.lit("")).alias("artists"),
        F.trim("track_genre").alias("genre"),
        duration.alias("duration_ms"),
        "place",
    )
    usable_songs = songs.where(
        F.col("track_id").rlike(TRACK_ID) & (F.coalesce("genre", F.lit("")) != "") & (F.col("duration_ms") >= 0)
    )
    users = (
        _read(spark, plan["users"], USER_COLUMNS, "users")
        .withColumn("user_text", F.trim("user_id"))
        .select(
            parse_user_id("user_text").alias("user_id"),
            F.coalesce(F.trim("user_country"), F.lit("")).alias("country"),
            "place",
        )
    )
    usable_users = users.where(F.col("user_id").isNotNull() & (F.col("country") != ""))
    first_songs, song_counts = _first_rows(songs, usable_songs, "track_id", "songs")
    first_users, user_counts = _first_rows(users, usable_users, "user_id", "users")
    return ReferenceData(plan["version"], first_songs, first_users, {"songs": song_counts, "users": user_counts})


def _read(spark: SparkSession, uris: list[str], columns: tuple[str, ...], what: str) -> DataFrame:
    frames = []
    for order, uri in enumerate(uris):
        frame = (
            spark.read.option("header", True)
            .option("multiLine", True)
            .option("quote", '"')
            .option("escape", '"')
            .option("encoding", "UTF-8")
            .csv(uri)
        )
        missing = [name for name in columns if name not in frame.columns]
        if missing:
            raise ReferenceDataError(f"{uri}: the {what} lack the column {', '.join(missing)}; deliver them again")
        # A file that spans lines is read by one task, so this counts its rows in order.
        place = F.struct(F.lit(order).alias("file"), F.monotonically_increasing_id().alias("row"))
        frames.append(frame.select(*columns).withColumn("place", place))
    united = frames[0]
    for frame in frames[1:]:
        united = united.unionByName(frame)
    return united


def _first_rows(rows: DataFrame, usable: DataFrame, key: str, what: str) -> tuple[DataFrame, dict[str, int]]:
    order = Window.partitionBy(key).orderBy("place")
    first = usable.withColumn("nth", F.row_number().over(order)).where("nth = 1").drop("nth", "place").cache()
    total, good, unique = rows.count(), usable.count(), first.count()
    if unique == 0:
        raise ReferenceDataError(f"none of the {total} rows of the {what} is usable; deliver them again")
    return first, {"rows": total, "unique": unique, "duplicates": good - unique, "unusable": total - good}
