"""Looking at an input file before Spark reads it: is it readable, which column is where, how does it end.

Every file is read once to its end, beside the start of Spark: what would break Spark, or make it read something else
than was delivered, shows itself nowhere else. A file that fails here is rejected whole and the others go on. Lines that
belong to one record are brought onto one, in a copy that Spark reads instead.
"""

from __future__ import annotations

import codecs
import csv
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from music_streaming.contents import Problem, UnusableError, data_lines, look_at_records, read_to_end, write_copy
from music_streaming.records import ENDED_RECORD, LINE_END, LONGEST_BYTES, RECORD, UnclosedQuoteError, on_one_line

REQUIRED = ("user_id", "track_id", "listen_time")

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

PART_OF_TRACK_ID = re.compile("[0-9A-Za-z]{0,21}")

# Times with a 0 for each digit.
DIGIT = re.compile("[0-9]")
USUAL_TIME = "0000-00-00 00:00:00"
SHORTEST_TIME = "0000-00-00 00:00"

# Files read together: the network brings several faster than one.
PARALLEL_LOOKS = 8

# A report names the first columns of many, each as far as a name is of use.
FIRST = 10
LONGEST_NAME = 60


@dataclass(frozen=True)
class Columns:
    """Some columns of a header."""

    first: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class InputFile:
    order: int
    id: str
    key: str
    uri: str
    """What Spark is to read."""
    problem: Problem | None = None
    data_lines: int = 0
    """Lines after the header; counted only for a rejected file."""
    header_line: int = 1
    positions: tuple[int, int, int] = (0, 1, 2)
    """Where user_id, track_id and listen_time stand."""
    truncated_last_line: bool = False
    extra: Columns = Columns()
    missing: Columns = Columns()

    @property
    def reordered(self) -> bool:
        return list(self.positions) != sorted(self.positions)


def look_at_all(plan: dict[str, Any], scratch: str) -> list[InputFile]:
    """
    scratch: prefix for copies of files that Spark can't read as they are
    """
    with ThreadPoolExecutor(PARALLEL_LOOKS) as pool:
        looks = [
            pool.submit(_look_at, order, file, plan["maxUnpackedBytes"], scratch)
            for order, file in enumerate(plan["files"])
        ]
        return [look.result() for look in looks]


def _look_at(order: int, file: dict[str, Any], max_unpacked: int, scratch: str) -> InputFile:
    known = {"order": order, "id": file["id"], "key": file["key"]}
    uri = file["uri"]
    try:
        try:
            return _readable(known, uri, max_unpacked, scratch)
        except (zlib.error, EOFError) as error:
            raise UnusableError("unreadable_file", f"broken gzip stream: {error}") from error
        except UnclosedQuoteError as error:
            raise UnusableError("unclosed_quote", str(error)) from error
    except UnusableError as error:
        lines = 0 if error.problem.code == "empty_file" else data_lines(uri, max_unpacked)
        missing = Columns(error.missing, len(error.missing))
        return InputFile(**known, uri=uri, problem=error.problem, data_lines=lines, missing=missing)


def _readable(known: dict[str, Any], uri: str, max_unpacked: int, scratch: str) -> InputFile:
    seen = read_to_end(uri, max_unpacked)
    head, start = seen.head, seen.header_start
    if not head.strip():
        if len(head) > LONGEST_BYTES:
            raise UnusableError("unreadable_file", f"nothing but blanks in its first {LONGEST_BYTES // 1024**2} MiB")
        raise UnusableError("empty_file", "the file has no content")
    first_line = LINE_END.split(head[start:], maxsplit=1)[0]
    # Every other byte of a header in UTF-16 is zero, with or without a mark. One further down is its row's alone.
    if head.startswith(UTF_16_MARKS) or b"\0" in first_line:
        raise UnusableError("unreadable_file", "binary content or UTF-16; expected CSV in UTF-8")
    record = ENDED_RECORD.match(head, start) or RECORD.fullmatch(head, start)
    columns = _columns(first_line if record is None else on_one_line(record.group()).rstrip(b"\r\n"))
    tail = seen.tail
    spanning, is_open = look_at_records(uri) if seen.has_quotes else (False, False)
    if spanning or seen.is_padded:
        uri, tail = write_copy(uri, scratch)
    places = [columns.index(name) for name in REQUIRED]
    extra = [at for at in range(len(columns)) if at not in places]
    return InputFile(
        **known,
        uri=uri,
        header_line=len(LINE_END.findall(head, 0, start)) + 1,
        positions=(places[0], places[1], places[2]),
        extra=Columns(tuple(_name(columns, at) for at in extra[:FIRST]), len(extra)),
        truncated_last_line=is_open or _truncated(tail, columns),
    )


def _columns(header: bytes) -> list[str]:
    """Raises UnusableError when it is no header of plays."""
    try:
        text = header.decode("utf-8")
        columns = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableError("unreadable_file", f"the header can't be read as UTF-8 CSV: {error}") from error
    missing = tuple(name for name in REQUIRED if name not in columns)
    if missing:
        hint = _other_delimiter(text) if len(columns) == 1 else ""
        raise UnusableError("missing_column", f"the header lacks {', '.join(missing)}{hint}", missing)
    return columns


def _name(columns: list[str], at: int) -> str:
    """What a report calls the column: by its place where it has no name."""
    name = columns[at] or f"column {at + 1}"
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def _other_delimiter(header: str) -> str:
    found = next((name for name, char in (("semicolons", ";"), ("tabs", "\t"), ("pipes", "|")) if char in header), None)
    return "" if found is None else f"; it is separated by {found}, expected commas"


def _truncated(tail: bytes, columns: list[str]) -> bool:
    """Whether the file breaks off within its last line, as far as its fields can tell."""
    if tail.endswith((b"\n", b"\r")):
        return False
    *before, last = (line.decode("utf-8", errors="replace") for line in tail.splitlines())
    if last.strip() == "":
        return False
    fields = _fields(last)
    if len(fields) < len(columns):
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
    return [field.strip() for field in next(csv.reader([line], skipinitialspace=True), [])]


def _shape(time: str) -> str:
    return DIGIT.sub("0", time.replace("T", " "))
