"""Files of every shape in one run: the bad ones are rejected whole with a reason, the others go on."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.rows import HEADER, lines, play, plays, track, zipped
from support.world import Validation, World

UNPACKED = 60 * 2**20
"""What a compressed file of the run may unpack to."""


@dataclass(frozen=True)
class Good:
    content: bytes | str
    rows: tuple[int, int, int, int] = (5, 0, 0, 0)
    """Valid, duplicate, rejected, under review."""
    drift: dict[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    truncated: bool = False


@dataclass(frozen=True)
class Bad:
    content: bytes | str
    code: str
    message: str
    """Some of what it must say."""
    rows: int = 0
    missing: tuple[str, ...] = ()


def five(slot: int) -> list[str]:
    """Five good plays of the file's own."""
    return plays(100 * slot, 5)


def columns(slot: int, layout: str) -> str:
    """A file of five good plays in another layout; other columns hold a word."""
    rows = [dict(zip(HEADER.split(","), row.split(","), strict=True)) for row in five(slot)]
    return lines(*(",".join(row.get(name, "x") for name in layout.split(",")) for row in rows), header=layout)


GOOD: dict[str, Good] = {
    "plain.csv": Good(lines(*five(1))),
    "extra-columns.csv": Good(
        columns(2, "device,user_id,track_id,listen_time,app"),
        drift={"extraColumns": ["device", "app"]},
    ),
    "reordered.csv": Good(
        columns(3, "listen_time,user_id,track_id"),
        drift={"reordered": True},
    ),
    "reordered-with-extra.csv": Good(
        columns(4, "track_id,app,listen_time,user_id"),
        drift={"reordered": True, "extraColumns": ["app"]},
    ),
    "quoted-header.csv": Good(lines(*five(5), header='"user_id","track_id","listen_time"')),
    "spaces-in-header.csv": Good(lines(*five(6), header=" user_id , track_id, listen_time ")),
    "same-column-twice.csv": Good(
        columns(27, "user_id,track_id,listen_time,user_id"), drift={"extraColumns": ["user_id"]}
    ),
    "header-only.csv": Good(lines(), (0, 0, 0, 0), warnings=("no_rows",)),
    "header-without-end.csv": Good("user_id,track_id,listen_time", (0, 0, 0, 0), warnings=("no_rows",)),
    "gzip.csv.gz": Good(zipped(lines(*five(7)))),
    "gzip-under-another-name.csv": Good(zipped(lines(*five(8)))),
    "gzip-members.csv.gz": Good(zipped(lines(*five(9)[:2])) + zipped("".join(f"{row}\n" for row in five(9)[2:]))),
    "windows.csv": Good(lines(*five(10), end="\r\n")),
    "old-mac.csv": Good(lines(*five(11), end="\r")),
    "byte-order-mark.csv": Good(b"\xef\xbb\xbf" + lines(*five(12)).encode()),
    "no-last-line-end.csv": Good(lines(*five(13))[:-1]),
    "truncated-in-track.csv": Good(lines(*five(14), play(1499))[:-25], (5, 0, 1, 0), truncated=True),
    "truncated-in-time.csv": Good(lines(*five(15), play(1599))[:-8], (5, 0, 1, 0), truncated=True),
    "truncated-in-seconds.csv": Good(lines(*five(29), play(2999))[:-2], (5, 0, 1, 0), truncated=True),
    # Readable for itself, but not what the other lines are like.
    "truncated-after-minutes.csv": Good(lines(*five(30), play(3099))[:-4], (6, 0, 0, 0), truncated=True),
    "truncated-before-zone.csv": Good(
        lines(*(f"{row}Z" for row in [*five(31), play(3199)]))[:-2], (6, 0, 0, 0), truncated=True
    ),
    "truncated-after-comma.csv": Good(lines(*five(32), f"1,{track(1)},")[:-1], (5, 0, 1, 0), truncated=True),
    "truncated-in-quotes.csv": Good(
        lines(*(f'"{row}"'.replace(",", '","') for row in [*five(33), play(3399)]))[:-2], (5, 0, 1, 0), truncated=True
    ),
    "truncated-in-track-at-end.csv": Good(
        columns(34, "user_id,listen_time,track_id")[:-3], (4, 0, 1, 0), {"reordered": True}, truncated=True
    ),
    "truncated-in-first-row.csv": Good(lines(play(3599))[:-4], (1, 0, 0, 0), truncated=True),
    "bad-time-without-end.csv": Good(lines(*five(36), f"1,{track(1)},yesterday")[:-1], (5, 0, 1, 0)),
    "whole-minutes-without-end.csv": Good(lines(*(row[:-3] for row in plays(7200, 300)[::60]))[:-1]),
    "zones-without-end.csv": Good(lines(*(f"{row}+00:00" for row in five(38)))[:-1]),
    "blanks-after-last-line-end.csv": Good(lines(*five(39)) + "   "),
    "truncated.csv.gz": Good(zipped(lines(*five(16), play(1699))[:-25]), (5, 0, 1, 0), truncated=True),
    "blank-lines.csv": Good(lines("", *five(17)[:2], "", "   ", *five(17)[2:], "", "")),
    "only-separators.csv": Good(lines(*five(18), ",,", ", ,"), (5, 0, 2, 0)),
    "latin-1.csv": Good(
        lines(*five(19)).encode() + f"1,{track(1)},2024-06-25 10:00:00 \xe9\xff\n".encode("latin-1"), (5, 0, 1, 0)
    ),
    "latin-1-beside.csv": Good(
        lines(*(f"{row},caf\xe9" for row in five(20)), header="user_id,track_id,listen_time,place").encode("latin-1"),
        drift={"extraColumns": ["place"]},
    ),
    "open-quote.csv": Good(lines(*five(21), f'{play(2199)},"open'), (6, 0, 0, 0), truncated=True),
    "line-end-in-quotes.csv": Good(lines(*five(22), f'1,{track(1)},"2024-06-25', '10:00:00"'), (6, 0, 0, 0)),
    "line-ends-in-notes.csv": Good(
        lines(
            *(f'{row},"one\r\n""two"", {n}\n\nthree"' for n, row in enumerate(five(55))),
            "bad,,,",
            header="user_id,track_id,listen_time,note",
        ),
        (5, 0, 1, 0),
        {"extraColumns": ["note"]},
    ),
    "line-end-in-header.csv": Good(
        lines(*(f"x,{row}" for row in five(56)), header=f'"a\nnote",{HEADER}'), drift={"extraColumns": ["a note"]}
    ),
    "line-ends-in-notes.csv.gz": Good(
        zipped(lines(*(f'"{n}\n",{row}' for n, row in enumerate(five(57))), header=f"note,{HEADER}")),
        drift={"extraColumns": ["note"]},
    ),
    "cut-behind-line-end-in-quotes.csv": Good(
        lines(*five(58), f'"1\n",{play(5899)[2:]}')[:-4], (6, 0, 0, 0), truncated=True
    ),
    "inch-marks.csv": Good(
        lines(*(f'12" Mix,{row},7"' for row in five(59)), header=f"title,{HEADER},format"),
        drift={"extraColumns": ["title", "format"]},
    ),
    "quotes-within-a-field.csv": Good(
        lines(*(f'"The ""12"" Mix, ""live""",{row}' for row in five(60)), header=f"title,{HEADER}"),
        drift={"extraColumns": ["title"]},
    ),
    "blank-first-lines.csv": Good(f"\n \t\r\n{lines(*five(61), 'bad,,')}", (5, 0, 1, 0)),
    "blank-first-line-after-mark.csv": Good(b"\xef\xbb\xbf\r\n" + lines(*five(62), end="\r\n").encode()),
    "padded.csv.gz": Good(zipped(lines(*five(63), "bad,,")) + bytes(100_000), (5, 0, 1, 0)),
    "padded-members.csv.gz": Good(
        zipped(lines(*five(64)[:2])) + bytes(20) + zipped("".join(f"{row}\n" for row in five(64)[2:])) + bytes(7)
    ),
    "excel.csv": Good(
        b"\xef\xbb\xbf" + lines(*(f"{row},," for row in five(65)), header=f"{HEADER},,", end="\r\n").encode(),
        drift={"extraColumns": ["column 4", "column 5"]},
    ),
    "wide.csv": Good(
        lines(*("," * 50_001 + row for row in five(66)), header=f"{'n' * 100},{'x,' * 50_000}{HEADER}"),
        drift={"extraColumns": ["n" * 60 + "…", *["x"] * 9], "extraColumnCount": 50_001},
    ),
    "thousands-of-quotes.csv": Good(lines(*five(23), f"1,{track(1)}," + '"",' * 20_000), (5, 0, 1, 0)),
    "one-long-line.csv": Good(lines(*five(24), "x" * 300_000), (5, 0, 1, 0)),
    "zero-byte.csv": Good(lines(*five(49), play(4999).replace(",", ",\0", 1)), (5, 0, 1, 0)),
    "zero-byte.csv.gz": Good(zipped(lines(*five(50), "\0" + play(5099))), (5, 0, 1, 0)),
    "zero-byte-beside.csv": Good(
        lines(*(f"{row},\0" for row in five(51)), header="user_id,track_id,listen_time,place"),
        drift={"extraColumns": ["place"]},
    ),
    "header-twice.csv": Good(lines(*five(25), "user_id,track_id,listen_time"), (5, 0, 1, 0)),
    "a key with ünïcode, + and %20.csv": Good(lines(*five(26), ",,"), (5, 0, 1, 0)),
}

BAD: dict[str, Bad] = {
    "missing-column.csv": Bad(
        lines("1,2024-06-25 10:00:00", "2,2024-06-25 10:00:00", header="user_id,listen_time"),
        "missing_column",
        "track_id",
        2,
        ("track_id",),
    ),
    "renamed-columns.csv": Bad(
        lines(*five(40), header="user,track_id,time"),
        "missing_column",
        "user_id, listen_time",
        5,
        ("user_id", "listen_time"),
    ),
    "no-header.csv": Bad(
        lines(*five(41)[1:], header=five(41)[0]), "missing_column", "lacks", 4, ("user_id", "track_id", "listen_time")
    ),
    "semicolons.csv": Bad(
        lines(*(row.replace(",", ";") for row in five(42)), header="user_id;track_id;listen_time"),
        "missing_column",
        "semicolons",
        5,
        ("user_id", "track_id", "listen_time"),
    ),
    "json.csv": Bad(
        '[{"user_id": 1},\n\n{"user_id": 2}]', "missing_column", "lacks", 1, ("user_id", "track_id", "listen_time")
    ),
    "missing-column.csv.gz": Bad(
        zipped(lines(*five(43), header="user_id,track_id,at", end="\r\n")),
        "missing_column",
        "listen_time",
        5,
        ("listen_time",),
    ),
    "empty.csv": Bad(b"", "empty_file", "no content"),
    "white-space.csv": Bad(b" \r\n\t\n\n", "empty_file", "no content"),
    "byte-order-mark-only.csv": Bad(b"\xef\xbb\xbf", "empty_file", "no content"),
    "gzip-of-nothing.csv.gz": Bad(zipped(""), "empty_file", "no content"),
    "picture.csv": Bad(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "unreadable_file", "UTF-8", 4),
    "archive.csv": Bad(b"PK\x03\x04\x14\0\0\0\x08\0plays\nPK", "unreadable_file", "binary", 1),
    "zero-byte-in-header.csv": Bad(lines(*five(52), header=f"{HEADER},\0"), "unreadable_file", "binary", 5),
    "not-text.csv": Bad(bytes(range(128, 256)) * 4, "unreadable_file", "UTF-8"),
    "latin-1-in-header.csv": Bad(
        lines(*five(48), header="user_id,track_id,listen_time,caf\xe9").encode("latin-1"), "unreadable_file", "UTF-8", 5
    ),
    "utf-16.csv": Bad(lines(*five(44), end="\r\n").encode("utf-16"), "unreadable_file", "UTF-16", 5),
    "utf-16-without-mark.csv": Bad(lines(*five(53), end="\r\n").encode("utf-16-le"), "unreadable_file", "UTF-16", 5),
    "utf-16-big-endian-without-mark.csv": Bad(
        lines(*five(54), end="\r\n").encode("utf-16-be"), "unreadable_file", "UTF-16", 5
    ),
    # Lines count as far as they can be read.
    "cut.csv.gz": Bad(zipped(lines(*five(45)))[:-12], "unreadable_file", "gzip", 5),
    "cut-in-second-member.csv.gz": Bad(zipped(lines(*five(46))) + zipped("1,2,3")[:-9], "unreadable_file", "gzip", 6),
    "damaged.csv.gz": Bad(
        zipped(lines(*five(47)))[:-8] + b"\0\0\0\0" + zipped(lines(*five(47)))[-4:], "unreadable_file", "gzip"
    ),
    "garbage-behind.csv.gz": Bad(zipped(lines(*five(67))) + b"\0\0garbage", "unreadable_file", "gzip", 5),
    "unpacks-too-large.csv.gz": Bad(
        zipped(lines(*five(68)) + (" " * 1023 + "\n") * 2**16), "unpacks_too_large", f"more than {UNPACKED} bytes", 5
    ),
    "line-too-long.csv.gz": Bad(
        zipped(lines(*five(69), "a" * (17 * 2**20), "never read")), "line_too_long", "longer than 16 MiB", 6
    ),
    "quote-never-closed.csv": Bad(lines(f'{five(70)[0]},"open', *five(70)[1:]), "unclosed_quote", "in line 2 ", 5),
    "quote-closed-by-the-next.csv": Bad(
        lines(five(71)[0], f'{five(71)[1]},"open', *(f'{row},"note"' for row in five(71)[2:])),
        "unclosed_quote",
        "in line 3 ",
        5,
    ),
    "quote-never-closed-in-header.csv": Bad(lines(*five(72), header=f'{HEADER},"note'), "unclosed_quote", "line 1 ", 5),
    "not-gzip-after-its-mark.csv.gz": Bad(b"\x1f\x8bno", "unreadable_file", "gzip"),
}


@pytest.fixture(scope="module")
def delivered(shared_world: World) -> Validation:
    everything = GOOD | BAD
    # Good and bad ones by turns, so that nothing goes by where a file stands.
    order = sorted(everything, key=lambda key: key[::-1])
    return shared_world.validate({key: everything[key].content for key in order}, max_unpacked=UNPACKED)


def drift_of(**expected: Any) -> dict[str, Any]:
    extra = expected.get("extraColumns", [])
    none = {"extraColumns": [], "missingColumns": [], "missingColumnCount": 0, "reordered": False}
    return {**none, "extraColumnCount": len(extra), **expected}


@pytest.mark.parametrize("key", GOOD)
def test_a_readable_file_is_read_right(delivered: Validation, key: str) -> None:
    expected, file = GOOD[key], delivered.file(key)
    assert file["status"] == "accepted"
    assert file["problem"] is None
    assert delivered.counts(key) == expected.rows
    assert len(delivered.plays(key)) == expected.rows[0]
    assert file["drift"] == drift_of(**expected.drift)
    assert file["truncatedLastLine"] is expected.truncated
    assert tuple(file["warnings"]) == expected.warnings


@pytest.mark.parametrize("key", BAD)
def test_an_unreadable_file_is_rejected_whole_with_its_reason(delivered: Validation, key: str) -> None:
    expected, file = BAD[key], delivered.file(key)
    assert file["status"] == "rejected"
    assert file["problem"]["code"] == expected.code
    assert expected.message in file["problem"]["message"]
    assert delivered.counts(key) == (0, 0, expected.rows, 0)
    assert (file["drift"] or {}).get("missingColumns", []) == list(expected.missing)
    assert file["days"] == {}


def test_files_are_reported_in_the_order_of_the_plan(delivered: Validation) -> None:
    keys = [file["key"] for file in delivered.report["files"]]
    assert keys == sorted(GOOD | BAD, key=lambda key: key[::-1])


def test_the_report_says_how_many_files_drifted_and_how_many_could_not_be_read(delivered: Validation) -> None:
    results = {result["name"]: result for result in delivered.report["ruleset"]["results"]}
    drifted = sum(bool(file.drift) for file in GOOD.values())
    assert results["SchemaMatch"]["evaluatedMetrics"] == {"DriftedFiles": drifted}
    assert results["FilesReadable"]["evaluatedMetrics"] == {"RejectedFiles": len(BAD)}
    assert results["FilesReadable"]["result"] == "FAIL"


def test_reordered_columns_are_read_by_their_names(delivered: Validation) -> None:
    for key, slot in (("reordered.csv", 3), ("reordered-with-extra.csv", 4), ("extra-columns.csv", 2)):
        assert [",".join(map(str, row)) for row in delivered.plays(key)] == sorted(five(slot))


def test_bytes_that_are_not_text_are_kept_as_replacement_characters(delivered: Validation) -> None:
    [row] = delivered.set_aside("latin-1.csv")
    assert row["raw"] == f"1,{track(1)},2024-06-25 10:00:00 \ufffd\ufffd"
    assert row["reasons"] == ["bad_listen_time"]


def test_a_line_that_breaks_off_is_kept_as_far_as_it_came(delivered: Validation) -> None:
    [row] = delivered.set_aside("truncated-in-track.csv")
    assert row["raw"] == play(1499)[:-24]
    assert row["line"] == 7


def test_blank_lines_count_as_lines_but_not_as_rows(delivered: Validation) -> None:
    assert [row["line"] for row in delivered.set_aside("only-separators.csv")] == [7, 8]
    assert delivered.file("blank-lines.csv")["rows"]["delivered"] == 5


def test_lines_keep_their_numbers_whatever_records_and_blank_lines_they_belong_to(delivered: Validation) -> None:
    numbers = {"line-ends-in-notes.csv": 22, "blank-first-lines.csv": 9, "padded.csv.gz": 7}
    for key, line in numbers.items():
        [row] = delivered.set_aside(key)
        assert (row["line"], delivered.file(key)["firstBadLine"]) == (line, line)


def test_a_set_aside_row_names_its_file_by_the_key_it_was_delivered_under(delivered: Validation) -> None:
    [row] = delivered.set_aside("a key with ünïcode, + and %20.csv")
    assert row["line"] == 7


@pytest.mark.parametrize("field", [0, 1, 2])
def test_a_zero_byte_costs_its_row_and_no_other(world: World, field: int) -> None:
    rows = [play(second) for second in range(1000)]
    fields = rows[499].split(",")
    fields[field] += "\0"
    rows[499] = ",".join(fields)
    validation = world.validate({"plays.csv": lines(*rows)})
    assert validation.file("plays.csv")["status"] == "accepted"
    assert validation.counts("plays.csv") == (999, 0, 1, 0)
    assert [(row["line"], row["raw"]) for row in validation.set_aside("plays.csv")] == [(501, rows[499])]


def test_a_run_without_any_readable_file_reports_just_that(world: World) -> None:
    validation = world.validate({"empty.csv": b"", "cut.csv.gz": gzip.compress(b"user_id")[:-3]})
    assert [file["status"] for file in validation.report["files"]] == ["rejected", "rejected"]
    assert validation.report["rows"] == {"delivered": 0, "valid": 0, "duplicate": 0, "rejected": 0, "underReview": 0}
    assert validation.report["parts"] == []
    assert set(validation.report["firstReasons"].values()) == {0}


def test_a_run_of_nothing_but_headers_brings_no_parts(world: World) -> None:
    validation = world.validate({"a.csv": lines()})
    assert validation.file("a.csv")["warnings"] == ["no_rows"]
    assert (validation.report["parts"], validation.report["hours"]) == ([], [])
