"""Reading an input file to its end, in constant memory and within limits that spare Spark what it has no memory for."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from music_streaming import objects
from music_streaming.records import BLANK_LINES, ENDED_RECORD, LINE_END, LONGEST_BYTES, on_one_line, runs

# Of the end of a file: some hundred lines.
TAIL_BYTES = 64 * 1024


@dataclass(frozen=True)
class Problem:
    code: str
    message: str


class UnusableError(Exception):
    def __init__(self, code: str, message: str, missing: tuple[str, ...] = ()) -> None:
        """
        missing: columns that the header lacks
        """
        super().__init__(message)
        self.problem = Problem(code, message)
        self.missing = missing


@dataclass
class Seen:
    """What reading a file to its end shows."""

    head: bytes = b""
    """From its beginning, without a byte order mark, at least to the end of the header if that is not too long."""
    tail: bytes = b""
    has_quotes: bool = False
    is_padded: bool = False

    @property
    def header_start(self) -> int:
        """Behind the blank lines."""
        blank = BLANK_LINES.match(self.head)
        return 0 if blank is None else blank.end()


def read_to_end(uri: str, max_unpacked: int) -> Seen:
    """Stops where a limit is passed."""
    seen = Seen()
    content = objects.Content(uri)
    size = line = 0
    has_header = False
    for piece in content:
        size += len(piece)
        if content.is_gzip and size > max_unpacked:
            raise UnusableError(
                "unpacks_too_large", f"it unpacks to more than {max_unpacked} bytes; deliver it in parts"
            )
        line = _line_length(line, piece)
        seen.has_quotes = seen.has_quotes or b'"' in piece
        seen.tail = piece[-TAIL_BYTES:] if len(piece) >= TAIL_BYTES else (seen.tail + piece)[-TAIL_BYTES:]
        if not has_header:
            seen.head = (seen.head + piece).removeprefix(codecs.BOM_UTF8)
            may_end = LINE_END.search(piece) is not None
            is_whole = may_end and ENDED_RECORD.match(seen.head, seen.header_start) is not None
            has_header = is_whole or len(seen.head) > LONGEST_BYTES
    seen.is_padded = content.is_padded
    return seen


def _line_length(before: int, piece: bytes) -> int:
    """Bytes of the line that the piece ends in. A piece is shorter than the limit, so only a line that began before it
    can be too long."""
    first = LINE_END.search(piece)
    if before + (len(piece) if first is None else first.start()) > LONGEST_BYTES:
        raise UnusableError("line_too_long", f"a line is longer than {LONGEST_BYTES // 1024**2} MiB; deliver it as CSV")
    if first is None:
        return before + len(piece)
    return len(piece) - max(piece.rfind(b"\n"), piece.rfind(b"\r")) - 1


def look_at_records(uri: str) -> tuple[bool, bool]:
    """Whether any record spans lines, and whether the last line ends within quotes."""
    spans = is_open = False
    for run in runs(objects.Content(uri)):
        spans, is_open = spans or run.spans, run.open
    return spans, is_open


def write_copy(uri: str, scratch: str) -> tuple[str, bytes]:
    """Writes the content with each record on one line; returns where it is and its last bytes."""
    copy = f"{scratch}{uri.rsplit('/', 1)[-1].removesuffix('.gz')}"
    tail = b""

    def lines() -> Iterator[bytes]:
        nonlocal tail
        for run in runs(objects.Content(uri)):
            content = on_one_line(run.content) if run.spans else run.content
            tail = (tail + content[-TAIL_BYTES:])[-TAIL_BYTES:]
            yield content

    objects.write(copy, lines())
    return copy, tail


def data_lines(uri: str, max_unpacked: int) -> int:
    """Lines with content after the first, as far as the file can be read and its limits allow."""
    lines, has_content = 0, False
    size = line = 0
    content = objects.Content(uri)
    try:
        for piece in content:
            size += len(piece)
            if content.is_gzip and size > max_unpacked:
                break
            for part in piece.splitlines(keepends=True):
                # Among the bytes of UTF-16 are zeros, also in an empty line.
                has_content = has_content or part.strip(b" \t\r\n\0") != b""
                if part.endswith((b"\n", b"\r")):
                    lines += has_content
                    has_content = False
            line = _line_length(line, piece)
    except (zlib.error, EOFError, UnusableError):
        pass
    return max(0, lines + has_content - 1)
