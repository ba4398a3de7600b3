"""The KPIs of days, from their plays.

Distinct counts are what costs: listeners of each genre, users of each hour. So the plays are aggregated once to a
*profile* of each user and day (which genres and hours were heard, as bits of integers), which is some hundred times
smaller; listeners are counted from the profiles. Two narrow passes over the plays give the rest: plays of each track,
and plays of each hour.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from music_streaming.reference import ReferenceData

# Genres held by one word of a profile: all bits of a long but the sign.
WORD_BITS = 63

TOP_SONGS = 3
TOP_ARTISTS = 10


@dataclass(frozen=True)
class Kpis:
    """Aggregates of all days together, each with a column `day`."""

    genres: DataFrame
    """genre, listens, total_ms"""
    genre_listeners: DataFrame
    """genre, listeners"""
    songs: DataFrame
    """genre, rank, track_id, track_name, artists, listens; the best of each genre"""
    artists: DataFrame
    """artist, rank, listens; the best"""
    hours: DataFrame
    """hour, listens"""
    hour_users: DataFrame
    """hour, users"""
    countries: DataFrame
    """country, listens, users"""


def compute(spark: SparkSession, plays: DataFrame, reference: ReferenceData) -> Kpis:
    """plays: day, user_id, track_id, listen_time; each play once, every track and user known."""
    genres = sorted(row.genre for row in reference.songs.select("genre").distinct().collect())
    genre_table = spark.createDataFrame(
        [(genre, number // WORD_BITS, 1 << (number % WORD_BITS)) for number, genre in enumerate(genres)],
        "genre string, word int, bit bigint",
    )
    words = -(-len(genres) // WORD_BITS)

    tracks = _track_counts(plays, reference)
    profiles = _profiles(plays, reference, genre_table, words)
    by_genre = tracks.groupBy("day", "genre").agg(
        F.sum("listens").alias("listens"), F.sum(F.col("listens") * F.col("duration_ms")).alias("total_ms")
    )
    users = profiles.join(F.broadcast(reference.users), "user_id")
    return Kpis(
        genres=by_genre,
        genre_listeners=_genre_listeners(profiles, genre_table, words),
        songs=_top_songs(tracks),
        artists=_top_artists(tracks),
        hours=plays.groupBy("day", F.hour("listen_time").alias("hour")).agg(F.count(F.lit(1)).alias("listens")),
        hour_users=_hour_users(spark, profiles),
        countries=users.groupBy("day", "country").agg(
            F.sum("listens").alias("listens"), F.count(F.lit(1)).alias("users")
        ),
    )


def _track_counts(plays: DataFrame, reference: ReferenceData) -> DataFrame:
    counted = plays.groupBy("day", "track_id").agg(F.count(F.lit(1)).alias("listens"))
    return counted.join(F.broadcast(reference.songs), "track_id").cache()


def _profiles(plays: DataFrame, reference: ReferenceData, genre_table: DataFrame, words: int) -> DataFrame:
    """day, user_id, listens, hours (bits) and word0, word1, … (bits of the genres)."""
    genre_bits = reference.songs.select("track_id", "genre").join(F.broadcast(genre_table), "genre").drop("genre")
    heard = plays.join(F.broadcast(genre_bits), "track_id")
    hour_bit = F.expr("shiftleft(1, hour(listen_time))")
    masks = [
        F.bit_or(F.when(F.col("word") == word, F.col("bit")).otherwise(F.lit(0))).alias(f"word{word}")
        for word in range(words)
    ]
    return (
        heard.groupBy("day", "user_id")
        .agg(F.count(F.lit(1)).alias("listens"), F.bit_or(hour_bit).alias("hours"), *masks)
        .cache()
    )


def _genre_listeners(profiles: DataFrame, genre_table: DataFrame, words: int) -> DataFrame:
    word: Column = F.lit(None).cast("bigint")
    for number in range(words):
        word = F.when(F.col("word") == number, F.col(f"word{number}")).otherwise(word)
    heard = profiles.crossJoin(F.broadcast(genre_table)).where(word.bitwiseAND(F.col("bit")) != 0)
    return heard.groupBy("day", "genre").agg(F.count(F.lit(1)).alias("listeners"))


def _hour_users(spark: SparkSession, profiles: DataFrame) -> DataFrame:
    table = spark.createDataFrame([(hour, 1 << hour) for hour in range(24)], "hour int, bit int")
    active = profiles.crossJoin(F.broadcast(table)).where(F.col("hours").bitwiseAND(F.col("bit")) != 0)
    return active.groupBy("day", "hour").agg(F.count(F.lit(1)).alias("users"))


def _top_songs(tracks: DataFrame) -> DataFrame:
    best = Window.partitionBy("day", "genre").orderBy(F.desc("listens"), F.asc("track_id"))
    ranked = tracks.withColumn("rank", F.row_number().over(best)).where(F.col("rank") <= TOP_SONGS)
    return ranked.select("day", "genre", "rank", "track_id", "track_name", "artists", "listens")


def _top_artists(tracks: DataFrame) -> DataFrame:
    """Every credited artist counts, once for a play."""
    names = F.filter(F.transform(F.split("artists", ";"), F.trim), lambda name: name != "")
    credited = tracks.select("day", "listens", F.explode(F.array_distinct(names)).alias("artist"))
    counted = credited.groupBy("day", "artist").agg(F.sum("listens").alias("listens"))
    best = Window.partitionBy("day").orderBy(F.desc("listens"), F.asc("artist"))
    return counted.withColumn("rank", F.row_number().over(best)).where(F.col("rank") <= TOP_ARTISTS)
