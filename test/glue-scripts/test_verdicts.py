"""What becomes of a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from workbench import DAY, T1, Workbench, csv


@pytest.fixture
def bench(spark: SparkSession, tmp_path: Path) -> Workbench:
    return Workbench(spark, tmp_path)


NOON = f"{DAY} 12:00:00"


def test_each_reason_is_told_with_file_and_line(bench: Workbench) -> None:
    lines = {
        "missing_user_id": f",{T1},{NOON}",
        "missing_track_id": f"1,,{NOON}",
        "missing_listen_time": f"1,{T1},",
        "bad_listen_time": f"1,{T1},yesterday",
        "bad_user_id": f"x,{T1},{NOON}",
        "bad_track_id": f"1,short,{NOON}",
        "future_listen_time": f"1,{T1},2025-01-01 00:00:00",
        "unknown_track": f"1,zzzzzzzzzzzzzzzzzzzzzz,{NOON}",
        "unknown_user": f"99,{T1},{NOON}",
    }
    report = bench.validate(bench.file("a.csv", csv(*lines.values())))
    assert report["firstReasons"] == dict.fromkeys(lines, 1)
    assert report["rows"] == {"delivered": 9, "valid": 0, "duplicate": 0, "rejected": 7, "underReview": 2}
    files = report["errors"]["files"] + report["review"]["files"]
    rows = bench.spark.read.parquet(*[file["key"] for file in files]).collect()
    assert {(row.line, *row.reasons) for row in rows} == {(n, reason) for n, reason in enumerate(lines, start=2)}
    assert {row.key for row in rows} == {"streams/a.csv"}


def test_a_row_keeps_all_its_reasons_and_counts_by_the_first(bench: Workbench) -> None:
    report = bench.validate(bench.file("a.csv", csv("x,short,yesterday")))
    assert report["firstReasons"]["bad_listen_time"] == 1
    assert [reason for reason, hits in report["reasonHits"].items() if hits] == [
        "bad_listen_time",
        "bad_user_id",
        "bad_track_id",
    ]


def test_times_are_iso_8601_and_nothing_looser(bench: Workbench) -> None:
    good = [
        "2024-07-01 00:00:00",
        "2024-07-01T01:00:00",
        "2024-07-01T02:00:00Z",
        "2024-07-01T03:00:00.123Z",
        "2024-07-01 05:00:00+02:00",
        "2024-07-01T06:30",
    ]
    bad = ["2024", "2024-07-01", "12:00:00", "2024-7-1 1:2:3", "2024-02-30 00:00:00", "2024-07-01 25:00:00"]
    report = bench.validate(bench.file("a.csv", csv(*[f"1,{T1},{time}" for time in good + bad])))
    assert report["rows"]["valid"] == len(good)
    assert report["firstReasons"]["bad_listen_time"] == len(bad)


def test_a_zone_can_move_a_play_to_another_day(bench: Workbench) -> None:
    report = bench.validate(bench.file("a.csv", csv(f"1,{T1},2024-07-01 23:30:00-02:00")))
    assert [part["day"] for part in report["parts"]] == ["2024-07-02"]


def test_user_ids_are_positive_integers(bench: Workbench) -> None:
    ids = ["1", "007", " 2 ", "0", "-1", "+5", "1.0", "1e3", "99999999999999999999"]
    report = bench.validate(bench.file("a.csv", csv(*[f"{user},{T1},{NOON}" for user in ids])))
    assert report["rows"]["valid"] == 3
    assert report["firstReasons"]["bad_user_id"] == 6


def test_the_same_play_counts_once_in_a_file_in_a_run_and_against_what_is_published(bench: Workbench) -> None:
    play = f"1,{T1},{NOON}"
    first = bench.file("a.csv", csv(play, play, f"2,{T1},{NOON}"))
    report = bench.validate(first, bench.file("b.csv", csv(f" 1 ,{T1},{DAY}T12:00:00Z", f"3,{T1},{NOON}")))
    assert [file["rows"]["valid"] for file in report["files"]] == [2, 1]
    assert [file["rows"]["duplicate"] for file in report["files"]] == [1, 1]
    assert report["parts"][0]["distinctPlays"] == 3


def test_lines_are_numbered_through_files_that_are_read_in_several_splits(bench: Workbench) -> None:
    lines = [f"{1 + n % 9},{T1},{DAY} {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(3000)]
    lines[100], lines[2999] = "bad", "worse"
    conf = bench.spark.conf
    before = {name: conf.get(name) for name in ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes")}
    try:
        for name in before:
            conf.set(name, 20_000)
        report = bench.validate(bench.file("a.csv", csv(*lines)))
    finally:
        for name, value in before.items():
            conf.set(name, value)
    assert report["rows"]["valid"] == 2998
    rows = bench.spark.read.parquet(*[file["key"] for file in report["errors"]["files"]]).collect()
    assert sorted(row.line for row in rows) == [102, 3001]
    assert report["files"][0]["firstBadLine"] == 102
