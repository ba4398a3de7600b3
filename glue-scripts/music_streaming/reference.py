"""Reference data: songs and users by their keys, as a version of them was delivered.

Read by the driver, not by Spark: RFC 4180 lets a field hold line breaks, so one task would have to read a file anyway,
and Spark would need several jobs for what a dictionary does in half a second. A hundred thousand songs take some 50 MB.
Songs are in the order of their ids and known to Spark by their place in it: numbers are joined, shuffled and compared
much faster than ids, and order the same.

Quote and escape are both `"`. A row is usable by the rules of the worker (`pipeline/reference.ts`), which has counted
it before. Where a key stands several times, its first row in the newest file counts.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from pyspark.sql import DataFrame, SparkSession

from music_streaming import objects
from music_streaming.errors import ReferenceDataError
from music_streaming.heads import FIRST
from music_streaming.records import line_ends
from music_streaming.rules import WELL_FORMED_TRACK_ID
from music_streaming.session import frame_of

SONG_COLUMNS = ("track_id", "track_name", "artists", "track_genre", "duration_ms")
USER_COLUMNS = ("user_id", "user_country")

WELL_FORMED = re.compile(WELL_FORMED_TRACK_ID)

MAX_LONG = (1 << 63) - 1
LONG_DIGITS = 19

# What is no part of a field at its ends.
BLANKS = " \t"

# No song lasts a day.
DAY_MILLISECONDS = 24 * 3600 * 1000

# Of a value that a report names.
LONGEST_VALUE = 120

END = "the end"

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
    counts: dict[str, dict[str, Any]]

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
    """Raises ReferenceDataError when a file is of no use, or all of its rows are.

    plan: the version, and where the document is that names its files
    """
    listed = objects.read_json(plan["uri"])
    if listed is None:
        raise ReferenceDataError(f"there is no {plan['uri']}, which check_reference_data writes; retry that stage")
    songs, song_counts = _usable(listed["songs"], SONG_COLUMNS, _judge_song, _song_in_words, "songs")
    users, user_counts = _usable(listed["users"], USER_COLUMNS, _judge_user, str, "users")
    by_id = [Song(track_id, *values) for track_id, values in sorted(songs.items())]
    return ReferenceData(plan["version"], by_id, users, {"songs": song_counts, "users": user_counts})


def _judge_song(row: tuple[str, ...]) -> str | tuple[str, tuple[str, str, str, int]]:
    """Key and values, or the reason for which the row is unusable."""
    track_id, name, artists, genre, duration = row
    track_id, genre = track_id.strip(BLANKS), genre.strip(BLANKS)
    if WELL_FORMED.fullmatch(track_id) is None:
        return "bad_track_id"
    if genre == "":
        return "missing_genre"
    milliseconds = _whole(duration)
    if not milliseconds or milliseconds >= DAY_MILLISECONDS:
        return "bad_duration"
    return track_id, (name, artists, genre, milliseconds)


def _judge_user(row: tuple[str, ...]) -> str | tuple[int, str]:
    user_id, country = _whole(row[0]), row[1].strip(BLANKS)
    if not user_id:
        return "bad_user_id"
    return "missing_country" if country == "" else (user_id, country)


def _song_in_words(song: tuple[str, str, str, int]) -> str:
    name, artists, genre, milliseconds = song
    return f"{genre}, {milliseconds} ms, {name} by {artists}"


def _whole(text: str) -> int | None:
    """The text as a whole number from 0 that a long can hold."""
    digits = text.strip(BLANKS)
    if not (digits.isascii() and digits.isdigit()):
        return None
    # Python does not convert thousands of digits, so longer numbers are refused by their length.
    significant = digits.lstrip("0")
    if len(significant) > LONG_DIGITS:
        return None
    number = int(significant or "0")
    return number if number <= MAX_LONG else None


def _usable(
    files: list[dict[str, str]],
    columns: tuple[str, ...],
    judge: Callable[[tuple[str, ...]], str | tuple[K, V]],
    in_words: Callable[[V], str],
    what: str,
) -> tuple[dict[K, V], dict[str, Any]]:
    """
    files: oldest first
    """
    kept: dict[K, tuple[int, V]] = {}
    conflicting: set[K] = set()
    dropped: dict[K, str] = {}
    judged = []

    def described(number: int, value: V) -> str:
        text = in_words(value)
        return f"{files[number]['key']}: {text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + '…'}"

    for number, file in enumerate(files):
        rows = 0
        reasons: Counter[str] = Counter()
        first_bad: list[dict[str, Any]] = []
        for line, row in _rows(file, columns, what):
            rows += 1
            verdict = "wrong_field_count" if row is None else judge(row)
            if isinstance(verdict, str):
                reasons[verdict] += 1
                if len(first_bad) < FIRST:
                    first_bad.append({"line": line, "reason": verdict})
                continue
            key, value = verdict
            place, known = kept.setdefault(key, (number, value))
            if known != value:
                conflicting.add(key)
                if key in dropped or len(dropped) < FIRST:
                    dropped[key] = described(place, known) if place < number else described(number, value)
            if place < number:
                kept[key] = (number, value)
        judged.append(
            {
                "key": file["key"],
                "rows": rows,
                "unusable": reasons.total(),
                "reasons": dict(reasons),
                "firstBad": first_bad,
            }
        )
    total, unusable = (sum(file[name] for file in judged) for name in ("rows", "unusable"))
    if not kept:
        raise ReferenceDataError(f"none of the {total} rows of the {what} is usable; deliver them again")
    counts = {
        "rows": total,
        "unique": len(kept),
        "duplicates": total - unusable - len(kept),
        "unusable": unusable,
        "conflicts": len(conflicting),
        "firstConflicts": [
            {"key": str(key), "kept": described(*kept[key]), "dropped": text} for key, text in dropped.items()
        ],
        "files": judged,
    }
    return {key: value for key, (_number, value) in kept.items()}, counts


def _rows(file: dict[str, str], columns: tuple[str, ...], what: str) -> Iterator[tuple[int, tuple[str, ...] | None]]:
    """The line where each row begins, and its columns in order; None where it has more fields than the header or
    fewer."""
    key = file["key"]
    lines = _Lines(file["uri"])
    reader = csv.reader(lines)
    header: list[str] | None = None
    line = 1
    try:
        for row in reader:
            if lines.ended:
                if row != [END]:
                    raise csv.Error("a quote is not closed")
                break
            begins, line = line, reader.line_num + 1
            if len(row) < 2 and not "".join(row).strip(BLANKS):
                continue
            if header is None:
                header = [name.strip(BLANKS) for name in row]
                pick = itemgetter(*_places(header, columns, key, what))
            else:
                yield begins, pick(row) if len(row) == len(header) else None
    except csv.Error as error:
        raise ReferenceDataError(f"{key}: the {what} are not CSV from line {line} on ({error})") from error
    except UnicodeDecodeError as error:
        where = _undecodable_line(file["uri"])
        raise ReferenceDataError(f"{key}: line {where} of the {what} is not UTF-8; deliver them in UTF-8") from error
    except (FileNotFoundError, zlib.error, EOFError) as error:
        raise ReferenceDataError(f"{key}: the {what} can't be read ({error}); deliver them again") from error
    if header is None:
        _places([], columns, key, what)


def _places(header: list[str], columns: tuple[str, ...], key: str, what: str) -> list[int]:
    missing = [name for name in columns if name not in header]
    if missing:
        raise ReferenceDataError(f"{key}: the {what} lack the column {', '.join(missing)}; deliver them again")
    return [header.index(name) for name in columns]


class _Lines:
    """The lines of an object, and one more: a field in quotes that holds it is not closed."""

    def __init__(self, uri: str) -> None:
        self.ended = False
        self._uri = uri

    def __iter__(self) -> Iterator[str]:
        yield from io.TextIOWrapper(objects.opened(self._uri), encoding="utf-8-sig", newline="")
        self.ended = True
        yield END


def _undecodable_line(uri: str) -> int:
    line, rest = 1, b""
    for piece in chain(objects.Content(uri), [b"\n"]):
        rest += piece
        block = rest[: rest.rfind(b"\n") + 1]
        rest = rest[len(block) :]
        try:
            block.decode()
        except UnicodeDecodeError as error:
            return line + line_ends(block[: error.start])
        line += line_ends(block)
    return line
