"""Looking at an input file before Spark reads it: is it readable, which column is where, how does it end.

A file that fails here is rejected whole and the others go on. Only a few kilobytes are read of a plain file; a
compressed one is read to its end, because a broken stream shows itself only there.
"""

from __future__ import annotations

import codecs
import csv
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from music_streaming import objects

REQUIRED = ("user_id", "track_id", "listen_time")

# Far longer than any header or line.
LOOK_BYTES = 64 * 1024

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

PART_OF_TRACK_ID = re.compile("[0-9A-Za-z]{0,21}")

# Times with a 0 for each digit.
DIGIT = re.compile("[0-9]")
USUAL_TIME = "0000-00-00 00:00:00"
SHORTEST_TIME = "0000-00-00 00:00"

# Files looked at together; each look is one or two small requests.
PARALLEL_LOOKS = 8


@dataclass(frozen=True)
class Problem:
    code: str
    message: str


@dataclass(frozen=True)
class InputFile:
    order: int
    id: str
    key: str
    uri: str
    size: int
    problem: Problem | None = None
    data_lines: int = 0
    """Lines after the header; counted only for a rejected file."""
    columns: tuple[str, ...] = ()
    truncated_last_line: bool = False
    extra_columns: tuple[str, ...] = field(default=())
    missing_columns: tuple[str, ...] = field(default=())

    @property
    def positions(self) -> tuple[int, int, int]:
        """Where user_id, track_id and listen_time stand."""
        user, track, time = (self.columns.index(name) for name in REQUIRED)
        return user, track, time

    @property
    def reordered(self) -> bool:
        return list(self.positions) != sorted(self.positions)


def look_at_all(files: list[dict[str, Any]]) -> list[InputFile]:
    with ThreadPoolExecutor(PARALLEL_LOOKS) as pool:
        return list(pool.map(lambda item: look_at(item[0], item[1]), enumerate(files)))


def look_at(order: int, file: dict[str, Any]) -> InputFile:
    known = {"order": order, "id": file["id"], "key": file["key"], "uri": file["uri"], "size": file["size"]}
    try:
        head, tail = _ends(file["uri"], file["size"])
    except (zlib.error, EOFError) as error:
        return _unreadable(known, f"broken gzip stream: {error}")
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        return InputFile(**known, problem=Problem("empty_file", "the file has no content"))
    first_line = head.splitlines()[0]
    # Every other byte of a header in UTF-16 is zero, with or without a mark. One further down is its row's alone.
    if head.startswith(UTF_16_MARKS) or b"\0" in first_line:
        return _unreadable(known, "binary content or UTF-16; expected CSV in UTF-8")
    try:
        header = first_line.decode("utf-8-sig")
        columns = tuple(name.strip() for name in next(csv.reader([header]), []))
    except (UnicodeDecodeError, csv.Error) as error:
        return _unreadable(known, f"the header can't be read as UTF-8 CSV: {error}")
    missing = tuple(name for name in REQUIRED if name not in columns)
    if missing:
        message = f"the header lacks {', '.join(missing)}{_other_delimiter(header, columns)}"
        problem = Problem("missing_column", message)
        return InputFile(**known, problem=problem, data_lines=_data_lines(file["uri"]), missing_columns=missing)
    # Of columns with the same name the first is read.
    extra = tuple(name for at, name in enumerate(columns) if name not in REQUIRED or columns.index(name) < at)
    return InputFile(**known, columns=columns, extra_columns=extra, truncated_last_line=_truncated(tail, columns))


def _unreadable(known: dict[str, Any], message: str) -> InputFile:
    return InputFile(**known, problem=Problem("unreadable_file", message), data_lines=_data_lines(known["uri"]))


def _other_delimiter(header: str, columns: tuple[str, ...]) -> str:
    if len(columns) > 1:
        return ""
    found = next((name for name, char in (("semicolons", ";"), ("tabs", "\t"), ("pipes", "|")) if char in header), None)
    return "" if found is None else f"; it is separated by {found}, expected commas"


def _truncated(tail: bytes, columns: tuple[str, ...]) -> bool:
    """Whether the file breaks off within its last line, as far as its fields can tell."""
    if tail.endswith((b"\n", b"\r")):
        return False
    *before, last = (line.decode("utf-8", errors="replace") for line in tail.splitlines())
    if last.strip() == "":
        return False
    fields = _fields(last)
    if len(fields) < len(columns) or last.count('"') % 2 == 1:
        return True
    end = fields[len(columns) - 1]
    match columns[-1]:
        case "track_id":
            return PART_OF_TRACK_ID.fullmatch(end) is not None
        case "listen_time":
            # A time may be given without seconds or zone; then those of the line before are, too.
            usual = _fields(before[-1])[len(columns) - 1 : len(columns)] if before else []
            whole = next((shape for time in usual if (shape := _shape(time)).startswith(SHORTEST_TIME)), USUAL_TIME)
            return _shape(end) != whole and whole.startswith(_shape(end))
        case _:
            return False


def _fields(line: str) -> list[str]:
    return [field.strip() for field in next(csv.reader([line]), [])]


def _shape(time: str) -> str:
    return DIGIT.sub("0", time.replace("T", " "))


def _ends(uri: str, size: int) -> tuple[bytes, bytes]:
    """The first and the last bytes of the content."""
    head = objects.read_range(uri, size, 0, LOOK_BYTES)
    if not head.startswith(objects.GZIP_MAGIC):
        tail = head if size <= LOOK_BYTES else objects.read_range(uri, size, size - LOOK_BYTES, LOOK_BYTES)
        return head, tail
    first, last = b"", b""
    for chunk in objects.content(uri):
        if len(first) < LOOK_BYTES:
            first += chunk[: LOOK_BYTES - len(first)]
        last = (last + chunk)[-LOOK_BYTES:]
    return first, last


def _data_lines(uri: str) -> int:
    """Lines with content after the first, as far as the file can be read."""
    lines, has_content = 0, False
    try:
        for chunk in objects.content(uri):
            for part in chunk.splitlines(keepends=True):
                # Among the bytes of UTF-16 are zeros, also in an empty line.
                has_content = has_content or part.strip(b" \t\r\n\0") != b""
                if part.endswith((b"\n", b"\r")):
                    lines += has_content
                    has_content = False
    except (zlib.error, EOFError):
        pass
    return max(0, lines + has_content - 1)
