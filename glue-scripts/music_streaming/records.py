"""Records of RFC 4180 in bytes: where each begins and ends.

A quote opens a field only at its start, perhaps after spaces; anywhere else it is a character. Line breaks within a
quoted field belong to the record. Spark reads lines, so a record that spans several is brought onto one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

# Of a line, and of a record that spans several: above any header (a million columns take some 10 MB), and small enough
# that a few at once fit into the memory of a task.
LONGEST_BYTES = 16 * 1024 * 1024

# All repetitions are possessive (`*+`): nothing is tried twice, so time and memory grow with the length alone.
_LINE_END = rb"(?:\r\n?|\n)"
_ON_ONE_LINE = rb' *+"[^"\r\n]*+(?:""[^"\r\n]*+)*+"[^,\r\n]*+'
# Only what ends or goes on with a comma right behind it: else a quote that was left open would swallow records up to
# the next field in quotes.
_ON_SEVERAL = rb' *+"[^"]*+(?:""[^"]*+)*+" *+(?=[,\r\n]|\Z)'
_BARE = rb'(?! *+")[^,\r\n]*+'
_LINE_FIELD = rb"(?:%b|%b)" % (_ON_ONE_LINE, _BARE)
_FIELD = rb"(?:%b|%b|%b)" % (_ON_ONE_LINE, _ON_SEVERAL, _BARE)

_RECORD = rb"%b(?:,%b)*+" % (_FIELD, _FIELD)

LINE_END = re.compile(_LINE_END)
BLANK_LINES = re.compile(rb"(?:[ \t]*+%b)*+" % _LINE_END)
RECORD = re.compile(_RECORD)
ENDED_RECORD = re.compile(_RECORD + _LINE_END)
LINES = re.compile(
    rb'(?:[^"\r\n]*+%b|%b(?:,%b)*+%b)*+' % (_LINE_END, _LINE_FIELD, _LINE_FIELD, _LINE_END),
)
UP_TO_OPEN_QUOTE = re.compile(rb'(?:%b,)*+ *+"' % _FIELD)
QUOTED = re.compile(rb'[^"]*+(?:""[^"]*+)*+')
SPACES = re.compile(rb" *+")


class UnclosedQuoteError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(f"the quote that opens in line {line} is not closed")


class Run(NamedTuple):
    content: bytes
    spans: bool
    """One record on several lines; else any number of records with a line for each."""
    open: bool = False
    """The last line, which ends within quotes."""


def line_ends(content: bytes) -> int:
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")


def runs(chunks: Iterable[bytes]) -> Iterator[Run]:
    """The content in runs. Raises UnclosedQuoteError with the line, unless the quote opens in the last one."""
    rest, line = b"", 1
    ends: Iterable[bytes | None] = [None]
    for chunk in chain(chunks, ends):
        last = chunk is None
        rest += chunk or b""
        # The other half of the line end may follow.
        end = len(rest) - (not last and rest.endswith(b"\r"))
        at = 0
        while at < end:
            run = _next_run(rest, at, end, line, last)
            if run is None:
                break
            yield run
            at += len(run.content)
            line += line_ends(run.content)
        rest = rest[at:]


def _next_run(rest: bytes, at: int, end: int, line: int, last: bool) -> Run | None:
    """None where more has to be read before it is known."""
    lines = LINES.match(rest, at, end)
    if lines is not None and lines.end() > at:
        return Run(rest[at : lines.end()], spans=False)
    record = ENDED_RECORD.match(rest, at, end) or (RECORD.fullmatch(rest, at, end) if last else None)
    if record is not None:
        content = record.group()
        return Run(content, spans=line_ends(content) > content.endswith((b"\n", b"\r")))
    opening = UP_TO_OPEN_QUOTE.match(rest, at, end)
    if opening is None:
        return None
    quoted = QUOTED.match(rest, opening.end(), end)
    closing = end if quoted is None else quoted.end()
    spaces = SPACES.match(rest, closing + 1, end) if closing < end else None
    goes_on_wrong = spaces is not None and spaces.end() < end
    if not last and not goes_on_wrong and end - at <= LONGEST_BYTES:
        return None
    after = LINE_END.search(rest, opening.end(), end)
    if last and not goes_on_wrong and (after is None or not rest[after.end() : end].strip()):
        return Run(rest[at:end], spans=False, open=True)
    raise UnclosedQuoteError(line + line_ends(rest[at : opening.end()]))


def on_one_line(record: bytes) -> bytes:
    """A space for each line break within the record, and behind it as many blank lines, so that the lines of the file
    keep their numbers."""
    whole = record.rstrip(b"\r\n")
    end = record[len(whole) :]
    joined, breaks = LINE_END.subn(b" ", whole)
    return joined + end + end * breaks
