"""Reference data: songs and users by their keys, as a version of them was delivered.

Read by the driver, not by Spark: RFC 4180 lets a field hold line breaks, so one task would have to read a file anyway,
and Spark would need several jobs for what a dictionary does in half a second. A hundred thousand songs take some 50 MB.
Songs are in the order of their ids and known to Spark by their place in it: numbers are joined, shuffled and compared
much faster than ids, and order the same.

Quote and escape are both `"`. Where a key stands several times, its first row counts; a row without a usable key or
value is left out. Both are counted.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from pyspark.sql import DataFrame, SparkSession

from music_streaming import objects
from music_streaming.errors import ReferenceDataError
from music_streaming.rules import WELL_FORMED_TRACK_ID
from music_streaming.session import frame_of

SONG_COLUMNS = ("track_id", "track_name", "artists", "track_genre", "duration_ms")
USER_COLUMNS = ("user_id", "user_country")

WELL_FORMED = re.compile(WELL_FORMED_TRACK_ID)

MAX_LONG = (1 << 63) - 1
LONG_DIGITS = 19

K = TypeVar("K")
V = TypeVar("V")


class Song(NamedTuple):
    track_id: str
    track_name: str
    artists: str
    genre: str
    duration_ms: int


@dataclass(frozen=True)
class ReferenceData:
    version: str
    songs: list[Song]
    """By track_id; a song's *number* is its place here."""
    users: dict[int, str]
    """Country by user_id."""
    counts: dict[str, dict[str, int]]

    @cached_property
    def genres(self) -> list[str]:
        return sorted({song.genre for song in self.songs})

    @cached_property
    def countries(self) -> list[str]:
        return sorted(set(self.users.values()))

    def song_frame(self, spark: SparkSession) -> DataFrame:
        """track_id, song (number), genre (place in `genres`)."""
        number = {genre: n for n, genre in enumerate(self.genres)}
        return frame_of(
            spark,
            {
                "track_id string": [song.track_id for song in self.songs],
                "song int": list(range(len(self.songs))),
                "genre int": [number[song.genre] for song in self.songs],
            },
        )

    def user_frame(self, spark: SparkSession) -> DataFrame:
        """user_id, country (place in `countries`)."""
        number = {country: n for n, country in enumerate(self.countries)}
        return frame_of(
            spark,
            {
                "user_id bigint": list(self.users),
                "country int": [number[country] for country in self.users.values()],
            },
        )


def load_reference(plan: dict[str, Any]) -> ReferenceData:
    """Raises ReferenceDataError when a column is missing or nothing is usable."""
    songs, song_counts = _first_rows((_song(row) for row in _rows(plan["songs"], SONG_COLUMNS, "songs")), "songs")
    users, user_counts = _first_rows((_user(row) for row in _rows(plan["users"], USER_COLUMNS, "users")), "users")
    by_id = [Song(track_id, *values) for track_id, values in sorted(songs.items())]
    return ReferenceData(plan["version"], by_id, users, {"songs": song_counts, "users": user_counts})


def _song(row: tuple[str, ...]) -> tuple[str, tuple[str, str, str, int]] | None:
    track_id, name, artists, genre, duration = row
    track_id, genre = track_id.strip(), genre.strip()
    milliseconds = _whole(duration)
    if WELL_FORMED.fullmatch(track_id) is None or genre == "" or milliseconds is None:
        return None
    return track_id, (name, artists, genre, milliseconds)


def _user(row: tuple[str, ...]) -> tuple[int, str] | None:
    user_id, country = _whole(row[0]), row[1].strip()
    return None if not user_id or country == "" else (user_id, country)


def _whole(text: str) -> int | None:
    """The text as a whole number from 0 that a long can hold."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    # Python does not convert thousands of digits, so longer numbers are refused by their length.
    significant = digits.lstrip("0")
    if len(significant) > LONG_DIGITS:
        return None
    number = int(significant or "0")
    return number if number <= MAX_LONG else None


def _rows(uris: list[str], columns: tuple[str, ...], what: str) -> Iterator[tuple[str, ...]]:
    """The columns of each row, in order; fields that a row lacks are empty."""
    for uri in uris:
        lines = csv.reader(io.TextIOWrapper(_content(uri, what), encoding="utf-8-sig", errors="replace", newline=""))
        try:
            header = next(lines, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise ReferenceDataError(f"{uri}: the {what} lack the column {', '.join(missing)}; deliver them again")
            places = [header.index(name) for name in columns]
            needed = max(places) + 1
            pick = itemgetter(*places)
            for line in lines:
                if line:
                    yield pick(line if len(line) >= needed else line + [""] * (needed - len(line)))
        except csv.Error as error:
            raise ReferenceDataError(
                f"{uri}: the {what} are not CSV from line {lines.line_num} on ({error}); deliver them again"
            ) from error


def _content(uri: str, what: str) -> io.BytesIO:
    try:
        return io.BytesIO(b"".join(objects.content(uri)))
    except (FileNotFoundError, zlib.error, EOFError) as error:
        raise ReferenceDataError(f"{uri}: the {what} can't be read ({error}); deliver them again") from error


def _first_rows(rows: Iterator[tuple[K, V] | None], what: str) -> tuple[dict[K, V], dict[str, int]]:
    first: dict[K, V] = {}
    total = good = 0
    for row in rows:
        total += 1
        if row is not None:
            good += 1
            first.setdefault(*row)
    if not first:
        raise ReferenceDataError(f"none of the {total} rows of the {what} is usable; deliver them again")
    return first, {"rows": total, "unique": len(first), "duplicates": good - len(first), "unusable": total - good}
