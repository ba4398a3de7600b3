"""Line numbers in files that many tasks read a piece of each."""

from __future__ import annotations

import random

import duckdb
import pytest

from support.rows import HEADER, lines, play, zipped
from support.world import Validation, World

# So small that the files below are cut into many pieces, and lines in their middle.
SPLIT_BYTES = 2_503


def rows(seed: int, count: int, first_second: int) -> list[str]:
    """Good plays, with bad rows and blank lines strewn in. Each bad row is another text."""
    dice = random.Random(seed)
    found = []
    for n in range(count):
        match dice.choices(["good", "bad", "blank"], [8, 1, 1])[0]:
            case "good":
                found.append(play(first_second + n, user=1 + n % 50, song=1 + n % 30))
            case "bad":
                found.append(f"bad row {n},{'x' * dice.randrange(60)},é")
            case "blank":
                found.append("")
    return found


def reordered(row: str) -> str:
    fields = row.split(",")
    return ",".join([fields[2], fields[0], fields[1]]) if len(fields) == 3 else row


FILES: dict[str, list[str]] = {
    "many-pieces.csv": [HEADER, *rows(1, 600, 0)],
    "windows.csv": [HEADER, *rows(2, 300, 10_000)],
    "reordered.csv": ["listen_time,user_id,track_id", *map(reordered, rows(3, 300, 20_000))],
    "gzip.csv.gz": [HEADER, *rows(4, 300, 30_000)],
    "no-last-line-end.csv": [HEADER, *rows(5, 100, 40_000), "the very last row"],
    "one-piece.csv": [HEADER, *rows(6, 8, 50_000), "bad"],
    "only-bad.csv": [HEADER, *(f"bad {n}" for n in range(200))],
}


def records(count: int) -> list[str]:
    """Good plays and bad rows, most with a note of several lines, as long as a piece now and then."""
    dice = random.Random(7)
    notes = ["short", '12" Mix', '"one\n\ntwo"', '"with ""quotes"",\r\nand commas"', '"' + "long line\n" * 400 + '"']
    return [f"{dice.choice(notes)},{play(60_000 + n) if n % 10 else f'bad {n},,'}" for n in range(count)]


RECORDS = [f"note,{HEADER}", *records(200)]


@pytest.fixture(scope="module")
def pieces(shared_world: World) -> Validation:
    contents: dict[str, bytes | str] = {
        key: lines(*found[1:], header=found[0], end="\r\n" if key == "windows.csv" else "\n")
        for key, found in FILES.items()
    }
    contents["gzip.csv.gz"] = zipped(str(contents["gzip.csv.gz"]))
    contents["no-last-line-end.csv"] = str(contents["no-last-line-end.csv"])[:-1]
    contents["records.csv"] = lines(*RECORDS[1:], header=RECORDS[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("music_streaming.session.SPLIT_BYTES", SPLIT_BYTES)
        patch.setattr("music_streaming.set_aside.ROWS_PER_FILE", 50)
        return shared_world.validate(contents)


@pytest.mark.parametrize("key", FILES)
def test_each_bad_row_has_the_number_of_its_line(pieces: Validation, key: str) -> None:
    bad = [(number, row) for number, row in enumerate(FILES[key], start=1) if "bad" in row or "very last" in row]
    assert [(row["line"], row["raw"]) for row in pieces.set_aside(key)] == bad
    assert pieces.file(key)["firstBadLine"] == bad[0][0]


@pytest.mark.parametrize("key", FILES)
def test_no_line_is_lost_or_read_twice_where_a_file_is_cut(pieces: Validation, key: str) -> None:
    data = [row for row in FILES[key][1:] if row]
    bad = len(pieces.set_aside(key))
    assert pieces.counts(key) == (len(data) - bad, 0, bad, 0)
    assert len(pieces.plays(key)) == len(set(pieces.plays(key))) == len(data) - bad


def test_a_record_of_several_lines_is_one_row_wherever_its_file_is_cut(pieces: Validation) -> None:
    bad, line = [], 1
    for record in RECORDS:
        if ",bad " in record:
            bad.append(line)
        line += record.count("\n") + 1
    assert [row["line"] for row in pieces.set_aside("records.csv")] == bad
    assert pieces.file("records.csv")["firstBadLine"] == bad[0]
    assert pieces.counts("records.csv") == (180, 0, 20, 0)
    assert len(set(pieces.plays("records.csv"))) == 180


def test_rows_are_set_aside_in_the_order_of_their_files_and_lines(pieces: Validation) -> None:
    written = pieces.report["errors"]["files"]
    assert len(written) > 3
    with duckdb.connect() as connection:
        query = "SELECT key, line FROM read_parquet(?)"
        rows = [row for file in written for row in connection.execute(query, [file["key"]]).fetchall()]
    assert rows == sorted(rows)
    assert len(rows) == pieces.report["errors"]["rows"]


def test_the_file_was_cut(pieces: Validation) -> None:
    [part] = pieces.report["parts"]
    assert len(part["files"]) > 3 * (len(FILES) + 1)
