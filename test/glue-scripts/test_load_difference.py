"""A load writes the difference between the table and the edition, and nothing else."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from support.kpi_table import PUBLISHED, RETENTION, KpiTable, item, items, values_of
from support.rows import DAY

OTHER_DAY = "2024-06-26"


def test_a_first_load_writes_every_item_with_all_its_attributes(kpi_table: KpiTable) -> None:
    rows = [
        item("top_song", 12, genre="j-pop", rank=2, metadata={"track_name": '"日本語", 🎵', "artists": "A;B"}),
        item("hourly_listen_count", 3, hour=0),
        item("genre_avg_listening_ms_per_user", 661_001 / 3, genre="folk"),
        item("daily_total_listening_ms", 2**53 - 1),
    ]
    loaded = kpi_table.load(rows, edition=3)
    assert (loaded.outcome, loaded.items, loaded.verified) == ("loaded", 4, True)
    assert loaded.written.put == {row["id"] for row in rows}
    there = kpi_table.scan()
    assert there.pop(f"day#{DAY}") == {"id": {"S": f"day#{DAY}"}, "edition": {"N": "3"}}
    expires = str(int((PUBLISHED + RETENTION).timestamp()))
    assert there[rows[0]["id"]] == {
        "id": {"S": f"top_song#{DAY}#genre=j-pop,rank=2"},
        "metric_type": {"S": "top_song"},
        "date": {"S": DAY},
        "timestamp": {"S": "2024-07-01T03:00:00+00:00"},
        "value": {"N": "12"},
        "dimensions": {"M": {"genre": {"S": "j-pop"}, "rank": {"N": "2"}}},
        "metadata": {"M": {"track_name": {"S": '"日本語", 🎵'}, "artists": {"S": "A;B"}}},
        "edition": {"N": "3"},
        "expires_at": {"N": expires},
    }
    assert there[rows[1]["id"]]["dimensions"] == {"M": {"hour": {"N": "0"}}}
    assert float(there[rows[2]["id"]]["value"]["N"]) == 661_001 / 3
    assert there[rows[3]["id"]]["value"] == {"N": str(2**53 - 1)}


def test_items_live_from_their_publication_not_from_their_day(kpi_table: KpiTable) -> None:
    kpi_table.load(items(1, day="2001-01-01"), day="2001-01-01")
    [found] = (found for found in kpi_table.scan().values() if "value" in found)
    assert int(found["expires_at"]["N"]) == int((PUBLISHED + RETENTION).timestamp())


def test_an_unchanged_load_makes_no_write_at_all(kpi_table: KpiTable) -> None:
    rows = items(250)
    kpi_table.load(rows, edition=1)
    before = kpi_table.scan()
    client = kpi_table.client()
    loaded = kpi_table.load(rows, edition=1, client=client, published=PUBLISHED + timedelta(days=1))
    assert (loaded.outcome, loaded.unchanged, loaded.verified) == ("unchanged", 250, True)
    assert (client.writes, loaded.written.requests, loaded.written.units) == (0, 0, 0)
    assert kpi_table.scan() == before


def test_a_newer_edition_that_changes_nothing_writes_nothing_but_that_it_is_there(kpi_table: KpiTable) -> None:
    rows = items(250)
    kpi_table.load(rows, edition=1)
    before = kpi_table.scan()
    client = kpi_table.client()
    loaded = kpi_table.load(rows, edition=2, client=client)
    assert (loaded.outcome, loaded.unchanged, loaded.verified) == ("unchanged", 250, True)
    assert (client.writes, loaded.written.requests, loaded.written.put) == (1, 1, set())
    after = kpi_table.scan()
    assert after.pop(f"day#{DAY}")["edition"] == {"N": "2"}
    assert after == {id: found for id, found in before.items() if id != f"day#{DAY}"}


def test_only_what_changed_is_written(kpi_table: KpiTable) -> None:
    rows = items(200)
    kpi_table.load(rows, edition=1)
    before = kpi_table.scan()
    changed = [{**row, "value": row["value"] + 0.5} if n % 100 == 7 else row for n, row in enumerate(rows)]
    client = kpi_table.client()
    loaded = kpi_table.load(changed, edition=2, client=client)
    assert (loaded.outcome, loaded.unchanged) == ("loaded", 198)
    assert (loaded.written.put, loaded.written.deleted) == ({rows[7]["id"], rows[107]["id"]}, set())
    # The guard, and one transaction.
    assert client.writes == 2
    after = kpi_table.scan()
    assert {id for id in after if after[id] != before.get(id)} == {rows[7]["id"], rows[107]["id"], f"day#{DAY}"}
    assert kpi_table.values() == values_of(changed)


@pytest.mark.parametrize("changed", ["metadata", "dimensions"])
def test_a_change_of_anything_that_is_said_is_written(kpi_table: KpiTable, changed: str) -> None:
    row = item("top_song", 1, genre="folk", rank=1, metadata={"track_id": "a"})
    kpi_table.load([row])
    loaded = kpi_table.load([{**row, changed: '{"genre":"other"}'}], edition=2)
    assert loaded.written.put == {row["id"]}


def test_items_that_vanished_are_deleted_and_other_days_stay(kpi_table: KpiTable) -> None:
    ranking = [item("top_song", 9 - rank, genre="folk", rank=rank) for rank in (1, 2, 3)]
    kpi_table.load([*ranking, *items(150)])
    kpi_table.load(items(5, day=OTHER_DAY), day=OTHER_DAY)
    loaded = kpi_table.load(ranking[:2], edition=2)
    assert (loaded.outcome, loaded.verified, loaded.written.put) == ("loaded", True, set())
    assert loaded.written.deleted == {row["id"] for row in [ranking[2], *items(150)]}
    assert kpi_table.values() == values_of([*ranking[:2], *items(5, day=OTHER_DAY)])


def test_a_day_that_lost_all_its_plays_loses_all_its_items(kpi_table: KpiTable) -> None:
    kpi_table.load(items(3))
    loaded = kpi_table.load([], edition=2)
    assert (loaded.outcome, len(loaded.written.deleted), loaded.verified) == ("loaded", 3, True)
    assert kpi_table.values() == {}
    assert kpi_table.edition() == 2
    assert kpi_table.load([], edition=3).outcome == "unchanged"


def test_an_item_that_someone_changed_by_hand_is_put_right(kpi_table: KpiTable) -> None:
    rows = items(3)
    kpi_table.load(rows)
    tampered = kpi_table.scan()[rows[1]["id"]]
    kpi_table.put({**tampered, "value": {"N": "999"}})
    loaded = kpi_table.load(rows)
    assert (loaded.outcome, loaded.written.put) == ("loaded", {rows[1]["id"]})
    assert kpi_table.values() == values_of(rows)


def test_ten_thousand_items_are_loaded_compared_and_changed_within_seconds(kpi_table: KpiTable) -> None:
    rows = items(10_000)
    started = time.process_time()
    client = kpi_table.client()
    assert len(kpi_table.load(rows, client=client).written.put) == 10_000
    # 99 in a transaction, and the guard.
    assert client.writes == 102 + 1
    client = kpi_table.client()
    assert kpi_table.load(rows, client=client).outcome == "unchanged"
    assert client.writes == 0
    changed = [{**row, "value": -1.0} if n < 100 else row for n, row in enumerate(rows)]
    loaded = kpi_table.load(changed, edition=2)
    assert (len(loaded.written.put), loaded.unchanged) == (100, 9_900)
    assert time.process_time() - started < 60


def test_what_a_load_reports_adds_up(kpi_table: KpiTable) -> None:
    kpi_table.load(items(120))
    loaded = kpi_table.load([*items(100), item("daily_listen_count", 5)], edition=2)
    assert loaded.items == len(loaded.written.put) + loaded.unchanged == 101
    assert (len(loaded.written.put), len(loaded.written.deleted)) == (1, 20)
    assert loaded.written.units > 0
    assert loaded.written.requests == 2
