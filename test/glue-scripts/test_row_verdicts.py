"""Rows that are not accepted: which reasons they have, which one counts first, and what is kept of them."""

from __future__ import annotations

from itertools import product

import pytest

from support.rows import lines, play, plays, track
from support.world import Validation, World

# The order in which a row's first reason is named.
REASONS = [
    "missing_user_id",
    "missing_track_id",
    "missing_listen_time",
    "bad_listen_time",
    "bad_user_id",
    "bad_track_id",
    "future_listen_time",
    "unknown_track",
    "unknown_user",
]
UNDER_REVIEW = {"unknown_track", "unknown_user"}

USERS = {"": "missing_user_id", "12x": "bad_user_id", "999": "unknown_user", "7": None}
TRACKS = {"": "missing_track_id", "short": "bad_track_id", track(777): "unknown_track", track(7): None}
TIMES = {
    "": "missing_listen_time",
    "yesterday": "bad_listen_time",
    "2024-06-28 00:00:01": "future_listen_time",
    "2024-06-25 23:00:00": None,
}

ALONE = {
    "missing_user_id": f",{track(1)},2024-06-25 10:00:00",
    "missing_track_id": "1,,2024-06-25 10:00:00",
    "missing_listen_time": f"1,{track(1)},",
    "bad_listen_time": f"1,{track(1)},25.06.2024 10:00",
    "bad_user_id": f"one,{track(1)},2024-06-25 10:00:00",
    "bad_track_id": "1,not-a-track-id,2024-06-25 10:00:00",
    "future_listen_time": f"1,{track(1)},2030-01-01 00:00:00",
    "unknown_track": f"1,{track(500)},2024-06-25 10:00:00",
    "unknown_user": f"500,{track(1)},2024-06-25 10:00:00",
}


def expected_reasons(user: str, song: str, time: str) -> list[str]:
    found = {USERS[user], TRACKS[song], TIMES[time]}
    return [reason for reason in REASONS if reason in found]


COMBINATIONS = [combination for combination in product(USERS, TRACKS, TIMES) if expected_reasons(*combination)]


@pytest.fixture(scope="module")
def judged(shared_world: World) -> Validation:
    files: dict[str, bytes | str] = {
        f"{reason}.csv": lines(play(60 * n), row, play(60 * n + 1)) for n, (reason, row) in enumerate(ALONE.items())
    }
    files["all.csv"] = lines(*ALONE.values(), *plays(2000, 3))
    files["combinations.csv"] = lines(*(",".join(fields) for fields in COMBINATIONS))
    files["short.csv"] = lines("1", f"2,{track(1)}", ",,", "3,,,,")
    return shared_world.validate(files)


@pytest.mark.parametrize("reason", REASONS)
def test_a_row_with_one_thing_wrong_has_that_reason_and_leaves_its_neighbours_alone(
    judged: Validation, reason: str
) -> None:
    key = f"{reason}.csv"
    assert judged.counts(key) == ((2, 0, 0, 1) if reason in UNDER_REVIEW else (2, 0, 1, 0))
    assert judged.reasons(key) == {reason: 1}
    assert judged.file(key)["firstBadLine"] == 3
    [row] = judged.set_aside(key)
    assert row["reasons"] == [reason]
    assert row["line"] == 3
    assert row["raw"] == ALONE[reason]


def test_all_reasons_in_one_file_are_counted_each_once(judged: Validation) -> None:
    assert judged.reasons("all.csv") == dict.fromkeys(REASONS, 1)
    assert judged.counts("all.csv") == (3, 0, 7, 2)


def test_every_combination_keeps_all_its_reasons_in_their_order(judged: Validation) -> None:
    rows = judged.set_aside("combinations.csv")
    assert [(row["user_id"], row["track_id"], row["listen_time"]) for row in rows] == COMBINATIONS
    assert [row["reasons"] for row in rows] == [expected_reasons(*fields) for fields in COMBINATIONS]
    assert [row["line"] for row in rows] == list(range(2, len(COMBINATIONS) + 2))


def test_a_combination_is_counted_by_its_first_reason(judged: Validation) -> None:
    firsts = [expected_reasons(*fields)[0] for fields in COMBINATIONS]
    assert judged.reasons("combinations.csv") == {reason: firsts.count(reason) for reason in REASONS}


def test_a_row_is_under_review_only_if_nothing_but_the_reference_data_speaks_against_it(judged: Validation) -> None:
    for row in judged.set_aside("combinations.csv"):
        only_unknown = set(row["reasons"]) <= UNDER_REVIEW
        assert row["verdict"] == ("under_review" if only_unknown else "rejected")


def test_a_row_that_breaks_off_lacks_the_fields_that_did_not_come(judged: Validation) -> None:
    assert [row["reasons"] for row in judged.set_aside("short.csv")] == [
        ["missing_track_id", "missing_listen_time"],
        ["missing_listen_time"],
        ["missing_user_id", "missing_track_id", "missing_listen_time"],
        ["missing_track_id", "missing_listen_time"],
    ]


def test_the_report_counts_reasons_of_all_files_by_first_reason_and_by_hit(judged: Validation) -> None:
    rows = [row for file in judged.report["files"] for row in judged.set_aside(file["key"])]
    for reason in REASONS:
        assert judged.report["firstReasons"][reason] == sum(row["reasons"][0] == reason for row in rows)
        assert judged.report["reasonHits"][reason] == sum(reason in row["reasons"] for row in rows)


def test_a_dataset_rule_fails_where_too_many_rows_break_it(judged: Validation) -> None:
    results = {result["name"]: result for result in judged.report["ruleset"]["results"]}
    delivered = judged.report["rows"]["delivered"]
    share = judged.report["reasonHits"]["unknown_user"] / delivered
    assert results["unknown_user"]["result"] == "FAIL"
    assert results["unknown_user"]["evaluatedMetrics"] == {"Share": pytest.approx(share)}
    assert results["unknown_user"]["evaluationMessage"]
    assert results["RowCount"]["result"] == "PASS"
    passed = sum(result["result"] == "PASS" for result in results.values())
    assert judged.report["ruleset"]["score"] == pytest.approx(passed / len(results))


def test_set_aside_rows_name_their_source(judged: Validation) -> None:
    for row in judged.set_aside("all.csv"):
        assert row["source"] == judged.file("all.csv")["id"]
