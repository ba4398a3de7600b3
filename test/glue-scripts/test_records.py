"""Records in bytes, however the bytes come: compared with another reader of RFC 4180."""

from __future__ import annotations

import csv
import io
import itertools
import random
import re

import pytest

from music_streaming import records
from music_streaming.records import UnclosedQuoteError, on_one_line, runs

PIECES = ["a", "", " ", '12" Mix', ",", '"', '""', "é", "\n", "\r\n", "\r", "long " * 20]


def table(seed: int, end: str) -> str:
    """Rows of any text, quoted where they need it, and now and then where they don't."""
    dice = random.Random(seed)
    text = io.StringIO()
    for _ in range(60):
        style = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        row = ["".join(dice.choices(PIECES, k=dice.randrange(4))).lstrip(" ") for _ in range(3)]
        csv.writer(text, lineterminator=end, quoting=style).writerow(row)
    return text.getvalue()


def cut(content: bytes, seed: int) -> list[bytes]:
    dice = random.Random(seed)
    places = sorted({0, len(content), *(dice.randrange(len(content) + 1) for _ in range(dice.choice([0, 5, 400])))})
    return [content[start:end] for start, end in itertools.pairwise(places)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("seed", range(20))
def test_every_record_comes_onto_one_line_and_every_line_keeps_its_number(seed: int, end: str) -> None:
    text = table(seed, end)
    found = list(runs(cut(text.encode(), seed)))
    assert b"".join(run.content for run in found) == text.encode()

    reader = csv.reader(io.StringIO(text, newline=""))
    expected: dict[int, list[str]] = {}
    line = 1
    for row in reader:
        if row:
            expected[line] = [re.sub("\r\n?|\n", " ", field) for field in row]
        line = reader.line_num + 1
    copy = b"".join(on_one_line(run.content) if run.spans else run.content for run in found).decode()
    lines = re.split("\r\n?|\n", copy)
    rows = {number: next(csv.reader([text])) for number, text in enumerate(lines, start=1) if text}
    assert rows == expected


def test_quotes_that_open_no_field_are_characters() -> None:
    content = b'12" Mix,a\nb "c,d\ne,"f"g\n, "quoted\nafter a space" ,h\n'
    assert [(run.content, run.spans) for run in runs([content])] == [
        (b'12" Mix,a\nb "c,d\ne,"f"g\n', False),
        (b', "quoted\nafter a space" ,h\n', True),
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'a\nb,"c\nd\n', 2),
        (b'a\r\n"b\r\n\r\nc","d\r\ne', 4),
        (b'a,"b\nc,"d"\n', 1),
        (b'"a,\n"b",c\n', 1),
    ],
    ids=["never", "behind a record of three lines", "by the next that opens", "by the first of a line"],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_quote_that_is_not_closed_is_named_by_its_line(content: bytes, line: int, size: int) -> None:
    with pytest.raises(UnclosedQuoteError, match=f"opens in line {line} "):
        list(runs(content[at : at + size] for at in range(0, len(content), size)))


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n \r\n"], ids=["no end", "its end", "blanks"])
def test_a_quote_that_opens_in_the_last_line_breaks_it_off(end: bytes) -> None:
    found = list(runs([b'a,b\nc,"d', end]))
    assert [(run.content, run.open) for run in found] == [(b"a,b\n", False), (b'c,"d' + end, True)]


def test_a_quote_is_not_looked_for_without_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(records, "LONGEST_BYTES", 1000)

    def endless() -> object:
        yield b'a\n"b'
        while True:
            yield b"c\n" * 100

    with pytest.raises(UnclosedQuoteError, match="line 2"):
        list(runs(endless()))
