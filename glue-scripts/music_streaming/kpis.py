"""The KPIs of days, from their plays.

Two passes over the plays reduce them to what is some ten times smaller: the plays of each track, and a *profile* of
each user and day that tells which genres and hours were heard, as bits of integers. Distinct counts are what costs
otherwise; from profiles they are plain counts. The plays of each track come to the driver, a day at a time, and the
rankings are made there: a day has no more tracks than the reference data, which the driver holds anyway.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import reduce
from heapq import nsmallest

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from music_streaming.errors import ReferenceDataError
from music_streaming.reference import ReferenceData, Song
from music_streaming.session import frame_of
from music_streaming.times import day_name, epoch_day, epoch_hour

# Genres held by one word of a profile: all bits of a long but the sign.
WORD_BITS = 63

HOURS = 24

TOP_SONGS = 3
TOP_ARTISTS = 10


class Kind(IntEnum):
    """What a row of `_groups` is counted by."""

    GENRE = 0
    HOUR_USERS = 1
    COUNTRY = 2
    HOUR_LISTENS = 3


@dataclass
class Genre:
    listens: int = 0
    total_ms: int = 0
    listeners: int = 0
    songs: list[tuple[Song, int]] = field(default_factory=list)
    """The best with their plays, first place first."""


@dataclass
class Group:
    """An hour, or a country."""

    listens: int = 0
    users: int = 0


@dataclass
class DayKpis:
    genres: defaultdict[str, Genre] = field(default_factory=lambda: defaultdict(Genre))
    artists: list[tuple[str, int]] = field(default_factory=list)
    """The best with their plays, first place first."""
    hours: defaultdict[int, Group] = field(default_factory=lambda: defaultdict(Group))
    countries: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))


def compute(spark: SparkSession, plays: DataFrame, reference: ReferenceData) -> dict[str, DayKpis]:
    """
    plays: user_id, track_id, listen_time and weight; every track and user known. The weight is 1, and what takes a
        repeated play off again is a row with a negative one.
    """
    days: defaultdict[str, DayKpis] = defaultdict(DayKpis)
    heard = _heard(spark, plays, reference)
    for row in _track_counts(heard).toLocalIterator():
        _rank(days[day_name(row.day)], row.counts, reference.songs)
    for row in _groups(spark, plays, heard, reference).collect():
        day = days[day_name(row.day)]
        match row.kind:
            case Kind.GENRE:
                day.genres[reference.genres[row.number]].listeners = row.users
            case Kind.HOUR_LISTENS:
                day.hours[row.number].listens = row.listens
            case Kind.HOUR_USERS:
                day.hours[row.number].users = row.users
            case Kind.COUNTRY:
                day.countries[reference.countries[row.number]] = Group(row.listens, row.users)
    _check_all_known(days, reference.version)
    return dict(days)


def _check_all_known(days: dict[str, DayKpis], version: str) -> None:
    """Raises ReferenceDataError where plays were left out: their hours count whatever they are of and whose."""
    for name, day in sorted(days.items()):
        plays = sum(hour.listens for hour in day.hours.values())
        of_songs = sum(genre.listens for genre in day.genres.values())
        of_users = sum(country.listens for country in day.countries.values())
        if not plays == of_songs == of_users:
            raise ReferenceDataError(
                f"of {plays} accepted plays of {name}, {plays - of_songs} are of songs and {of_songs - of_users} of"
                f" users that version {version} of the reference data lacks; deliver it again with them"
            )


def _heard(spark: SparkSession, plays: DataFrame, reference: ReferenceData) -> DataFrame:
    """hour (since 1970), user_id, weight, song (number) and word0, word1, … (the bit of the genre) of each play."""
    songs = reference.song_frame(spark).select("track_id", "song", *_bits("genre", len(reference.genres)))
    narrow = plays.select("user_id", "track_id", "weight", epoch_hour("listen_time").alias("hour"))
    return narrow.join(F.broadcast(songs), "track_id").drop("track_id")


def _words(bits: int) -> int:
    return -(-bits // WORD_BITS)


def _bits(number: str, count: int) -> list[Column]:
    """Columns word0, word1, … of which one has the bit of the number and the others are 0."""
    bit = f"shiftleft(1L, {number} % {WORD_BITS})"
    return [
        F.expr(f"if({number} div {WORD_BITS} = {word}, {bit}, 0L)").alias(f"word{word}")
        for word in range(_words(count))
    ]


def _track_counts(heard: DataFrame) -> DataFrame:
    """For each day, an array of longs: listens in the upper half, the song's number in the lower."""
    counted = heard.groupBy(epoch_day("hour").alias("day"), "song").agg(F.sum("weight").alias("listens"))
    packed = F.expr("shiftleft(listens, 32) | song")
    return counted.groupBy("day").agg(F.collect_list(packed).alias("counts"))


def _rank(day: DayKpis, counts: Iterable[int], songs: list[Song]) -> None:
    """Totals of genres, their best songs, and the best artists. Ties go to the lower id or name."""
    by_genre: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    by_artist: Counter[str] = Counter()
    for packed in counts:
        listens, number = packed >> 32, packed & 0xFFFF_FFFF
        song = songs[number]
        genre = day.genres[song.genre]
        genre.listens += listens
        genre.total_ms += listens * song.duration_ms
        by_genre[song.genre].append((-listens, number))
        for artist in {name.strip() for name in song.artists.split(";")}:
            by_artist[artist] += listens
    for name, found in by_genre.items():
        day.genres[name].songs = [(songs[number], -listens) for listens, number in nsmallest(TOP_SONGS, found)]
    del by_artist[""]
    best = nsmallest(TOP_ARTISTS, ((-listens, artist) for artist, listens in by_artist.items()))
    day.artists = [(artist, -listens) for listens, artist in best]


def _groups(spark: SparkSession, plays: DataFrame, heard: DataFrame, reference: ReferenceData) -> DataFrame:
    """day, kind, number, listens, users: whatever is counted by genre, hour or country, in one action."""
    genres = len(reference.genres)
    words = _words(genres)
    hour_bit = F.expr(f"shiftleft(1L, pmod(hour, {HOURS}))")
    profiles = heard.groupBy(epoch_day("hour").alias("day"), "user_id").agg(
        F.sum("weight").alias("listens"),
        *(F.bit_or(f"word{word}").alias(f"word{word}") for word in range(words)),
        F.bit_or(hour_bit).alias(f"word{words}"),
    )
    users = F.broadcast(reference.user_frame(spark))
    of_country = F.col("kind") == Kind.COUNTRY
    by_profile = (
        _marked(profiles.join(users, "user_id"), _marks(spark, genres), words + 1)
        .groupBy("day", "kind", F.when(of_country, F.col("country")).otherwise(F.col("number")).alias("number"))
        .agg(F.sum(F.when(of_country, F.col("listens"))).alias("listens"), F.count(F.lit(1)).alias("users"))
    )
    by_hour = plays.groupBy(epoch_hour("listen_time").alias("hour")).agg(F.sum("weight").alias("listens"))
    number = F.expr(f"pmod(hour, {HOURS})")
    none = F.lit(None).cast("bigint")
    return by_profile.union(by_hour.select(epoch_day("hour"), F.lit(Kind.HOUR_LISTENS), number, "listens", none))


def _marks(spark: SparkSession, genres: int) -> DataFrame:
    """kind, number and mask0, mask1, …: a profile counts for this kind and number if it has a bit of a mask.

    One for each genre and each hour, and one that every profile meets, by which it counts for its country.
    """
    hour_word = _words(genres)
    marks = [(Kind.GENRE, number, number // WORD_BITS, 1 << number % WORD_BITS) for number in range(genres)]
    marks += [(Kind.HOUR_USERS, hour, hour_word, 1 << hour) for hour in range(HOURS)]
    marks.append((Kind.COUNTRY, 0, hour_word, -1))
    columns: dict[str, list[int]] = {
        "kind int": [int(kind) for kind, *_rest in marks],
        "number int": [number for _kind, number, *_rest in marks],
    }
    for word in range(hour_word + 1):
        columns[f"mask{word} bigint"] = [mask if at == word else 0 for *_rest, at, mask in marks]
    return frame_of(spark, columns)


def _marked(profiles: DataFrame, marks: DataFrame, words: int) -> DataFrame:
    """Each profile with each mark of which it has a bit."""
    meets = [F.col(f"word{word}").bitwiseAND(F.col(f"mask{word}")) for word in range(words)]
    return profiles.join(F.broadcast(marks), reduce(Column.bitwiseOR, meets) != 0)
