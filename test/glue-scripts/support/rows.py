"""Making delivered files: tracks, users, times and CSV text."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence

HEADER = "user_id,track_id,listen_time"

DAY = "2024-06-25"

NOW = "2024-06-28T00:00:00Z"
"""When the runs of the tests begin, unless a test says otherwise: no play may be later."""


def track(number: int) -> str:
    """A well-formed track id. The reference data of `World` has those from 1 to TRACKS."""
    return f"{number:022d}"


def at(second: int, day: str = DAY) -> str:
    """The time of the nth second of the day."""
    return f"{day} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def play(second: int, user: int = 1, song: int = 1, day: str = DAY) -> str:
    """A line of a good play; different seconds make different plays."""
    return f"{user},{track(song)},{at(second, day)}"


def lines(*rows: str, header: str = HEADER, end: str = "\n") -> str:
    """The text of a file."""
    return "".join(f"{row}{end}" for row in (header, *rows))


def plays(first_second: int, count: int, day: str = DAY) -> list[str]:
    """Good plays that no other call with other seconds makes."""
    return [
        play(second, user=1 + second % 7, song=1 + second % 5, day=day)
        for second in range(first_second, first_second + count)
    ]


def zipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 text, as reference data is delivered."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
