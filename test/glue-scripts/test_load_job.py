"""The load job as a whole: from its plan to the table, its report, its dead letters and the way it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from music_streaming.errors import DeadLetterError, ItemError
from support.kpi_table import KpiTable, cancelled, items, throttled, values_of
from support.world import Report, World

MONDAY, TUESDAY, WEDNESDAY = "2024-06-24", "2024-06-25", "2024-06-26"

pytestmark = pytest.mark.usefixtures("aws")


def days_of(report: Report) -> dict[str, dict[str, Any]]:
    return {day["day"]: {name: value for name, value in day.items() if name != "day"} for day in report["days"]}


def test_days_are_loaded_left_or_given_up_each_for_itself(world: World, kpi_table: KpiTable) -> None:
    new, same, late = items(120, day=MONDAY), items(5, day=TUESDAY), items(3, day=WEDNESDAY)
    kpi_table.load(items(130, value=7, day=MONDAY), edition=1, day=MONDAY)
    kpi_table.load(same, edition=2, day=TUESDAY)
    kpi_table.load(items(4, value=9, day=WEDNESDAY), edition=8, day=WEDNESDAY)
    before = kpi_table.values()
    report = world.load(
        [
            world.write_items(new, MONDAY, edition=2),
            world.write_items(same, TUESDAY, edition=2),
            world.write_items(late, WEDNESDAY, edition=7),
        ],
        kpi_table.name,
    )
    assert report["stage"] == "dynamodb_load"
    none = {"put": 0, "deleted": 0, "deadLettered": 0}
    assert days_of(report) == {
        MONDAY: {
            **none,
            **{"edition": 2, "outcome": "loaded", "items": 120, "put": 120, "deleted": 10},
            **{"unchanged": 0, "verified": True},
        },
        TUESDAY: {**none, "edition": 2, "outcome": "unchanged", "items": 5, "unchanged": 5, "verified": True},
        WEDNESDAY: {**none, "edition": 7, "outcome": "superseded", "items": 3, "unchanged": 0, "verified": False},
    }
    writes = report["writes"]
    assert writes.pop("consumedUnits") > 2 * 130
    # The guard of the one day, and two transactions.
    assert writes == {"put": 120, "deleted": 10, "requests": 3, "retries": 0}
    assert (report["throttles"], report["deadLetters"]) == ([], {"key": None, "items": 0})
    kept = {id: value for id, value in before.items() if MONDAY not in id}
    assert kpi_table.values() == values_of(new) | kept


def test_items_carry_the_time_of_publication_and_expire_after_the_retention(world: World, kpi_table: KpiTable) -> None:
    world.load([world.write_items(items(1))], kpi_table.name)
    [found] = (found for found in kpi_table.scan().values() if "value" in found)
    assert found["timestamp"] == {"S": "2024-07-01T03:00:00+00:00"}
    assert found["expires_at"] == {"N": "1751338800"}


def test_a_job_with_dead_letters_loads_the_others_names_them_and_fails(world: World, kpi_table: KpiTable) -> None:
    large = {**items(1, day=MONDAY)[0], "metadata": '{"a":"' + "x" * 410_000 + '"}'}
    good, other = items(4, day=MONDAY)[1:], items(3, day=TUESDAY)
    with pytest.raises(DeadLetterError, match=r"1 of 7 items could not be written, .*json$"):
        world.load([world.write_items([large, *good], MONDAY), world.write_items(other, TUESDAY)], kpi_table.name)
    report = world.latest_report()
    assert [(day["outcome"], day["deadLettered"], day["verified"]) for day in report["days"]] == [
        ("loaded", 1, False),
        ("loaded", 0, True),
    ]
    assert report["deadLetters"]["items"] == 1
    letters = Path(report["deadLetters"]["key"])
    assert letters.name == f"{world.job_run_id}.json"
    reason = "the item is larger than 409600 bytes"
    assert json.loads(letters.read_text())["items"] == [{"day": MONDAY, "id": large["id"], "reason": reason}]
    assert kpi_table.values() == values_of([*good, *other])


def test_wrong_items_of_one_day_keep_all_days_from_being_written(world: World, kpi_table: KpiTable) -> None:
    wrong = {**world.write_items(items(3, day=TUESDAY), TUESDAY), "digest": "0" * 64}
    with pytest.raises(ItemError, match=f"items of {TUESDAY} are not those"):
        world.load([world.write_items(items(3, day=MONDAY), MONDAY), wrong], kpi_table.name)
    assert kpi_table.scan() == {}


def test_a_day_that_has_no_items_any_more_is_emptied(world: World, kpi_table: KpiTable) -> None:
    kpi_table.load(items(3), edition=1)
    emptied = {**world.write_items([], edition=2), "files": []}
    [day] = world.load([emptied], kpi_table.name)["days"]
    assert (day["outcome"], day["items"], day["deleted"], day["verified"]) == ("loaded", 0, 3, True)
    assert kpi_table.values() == {}


def test_refusals_are_reported_by_their_reasons(world: World, kpi_table: KpiTable, patch: pytest.MonkeyPatch) -> None:
    client = kpi_table.client()
    patch.setattr("load_dynamodb.boto3.client", lambda *_names, **_options: client.dynamodb)
    client.answer_first("Query", throttled("IndexReadKeyRangeThroughputExceeded"))
    client.answer_first("UpdateItem", throttled("TableWriteMaxOnDemandThroughputExceeded"))
    client.answer_first("TransactWriteItems", cancelled("None", "ThrottlingError"), cancelled("TransactionConflict"))
    report = world.load([world.write_items(items(1))], kpi_table.name)
    assert (report["writes"]["requests"], report["writes"]["retries"]) == (2, 4)
    assert report["throttles"] == [
        {"reason": "IndexReadKeyRangeThroughputExceeded", "count": 1},
        {"reason": "TableWriteMaxOnDemandThroughputExceeded", "count": 1},
        {"reason": "ThrottlingError", "count": 1},
    ]
