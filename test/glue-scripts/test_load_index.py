"""The index lags behind the table: a load waits for it, and is never misled by what it still shows or does not yet."""

from __future__ import annotations

import pytest

from music_streaming.backoff import Backoff
from music_streaming.errors import LoadNotVerifiedError
from music_streaming.load import INDEX_SECONDS, MOST_LOOKS
from support.kpi_table import Client, KpiTable, items, success, unhurried, values_of


def show_instead(client: Client, *shown: list[dict[str, object]]) -> None:
    """What the index shows at the first queries, one after another."""
    client.answer_first("Query", *(success(Items=found) for found in shown))


def test_a_load_ends_when_the_index_shows_what_was_written(kpi_table: KpiTable) -> None:
    rows = items(5)
    client, backoff = kpi_table.client(), unhurried()
    kpi_table.load(rows[:3], edition=1)
    before = kpi_table.query()
    show_instead(client, before, before, before[:2])
    loaded = kpi_table.load(rows, edition=2, client=client, backoff=backoff)
    assert (loaded.outcome, loaded.verified) == ("loaded", True)
    assert loaded.written.put == {row["id"] for row in rows[3:]}
    assert client.calls["Query"] == 4
    # Waiting for the index is no retry: nothing was refused.
    assert backoff.retries == 0


def test_an_index_that_never_shows_an_item_fails_the_load(kpi_table: KpiTable) -> None:
    client = kpi_table.client()
    client.answer_all("Query", success(Items=[]))
    with pytest.raises(LoadNotVerifiedError, match=f"after {MOST_LOOKS} looks, 0 items .* does not show 4;"):
        kpi_table.load(items(4), client=client)
    # All of it was written; the next load only has to look.
    assert kpi_table.load(items(4)).outcome == "unchanged"


def test_what_the_index_still_shows_is_not_deleted_twice(kpi_table: KpiTable) -> None:
    kpi_table.load(items(5), edition=1)
    client = kpi_table.client()
    before = kpi_table.query()
    show_instead(client, before, before, before)
    loaded = kpi_table.load(items(3), edition=2, client=client)
    assert (loaded.outcome, len(loaded.written.deleted), loaded.verified) == ("loaded", 2, True)
    assert client.calls["TransactWriteItems"] == 1


@pytest.mark.parametrize("changed", [True, False], ids=["with changes", "without changes"])
def test_what_an_older_loader_wrote_last_is_deleted_although_the_index_shows_it_late(
    kpi_table: KpiTable, changed: bool
) -> None:
    first, late = items(4), items(6)
    kpi_table.load(first, edition=1)
    before = kpi_table.query()
    # An edition that has written its two more items, and is forgotten.
    kpi_table.load(late, edition=2)
    wanted = items(4, value=7) if changed else first
    client = kpi_table.client()
    show_instead(client, before)
    paused: list[float] = []
    loaded = kpi_table.load(wanted, edition=3, client=client, backoff=Backoff(sleep=paused.append))
    assert (loaded.outcome, loaded.verified) == ("loaded", True)
    assert loaded.written.deleted == {row["id"] for row in late[4:]}
    assert kpi_table.values() == values_of(wanted)
    assert paused[0] == INDEX_SECONDS


def test_a_day_of_which_no_edition_was_loaded_is_not_waited_for(kpi_table: KpiTable) -> None:
    paused: list[float] = []
    kpi_table.load(items(3), client=kpi_table.client(), backoff=Backoff(sleep=paused.append))
    assert paused == []


def test_an_index_of_many_pages_is_read_to_its_end(kpi_table: KpiTable) -> None:
    rows = items(9)
    kpi_table.load(rows)
    client = kpi_table.client()
    found = kpi_table.query()
    asked: list[object] = []

    def page(_operation: str, request: dict[str, object]) -> object:
        at = len(asked) * 4
        asked.append(request.get("ExclusiveStartKey"))
        more = {"LastEvaluatedKey": found[at + 3]} if at + 4 < len(found) else {}
        return success(Items=found[at : at + 4], **more)

    client.before("Query", page)
    assert kpi_table.load(rows, client=client).outcome == "unchanged"
    assert asked == [None, found[3], found[7]]
