"""Several loaders at one day: the newest edition wins, whoever is late, forgotten, doubled or interrupted."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from music_streaming.backoff import Backoff
from music_streaming.load import Loaded
from support.kpi_table import Client, KpiTable, Row, items, values_of
from support.rows import DAY

# Three transactions each. The newer one changes every value and lacks the first hundred items and some others.
OLDER = items(250)
NEWER = items(280, value=5000)[100:]


def older_meets_newer(table: KpiTable, client: Client) -> Loaded:
    """A load of the older edition by this client, into which the newer one has been made to break."""
    loaded = table.load(OLDER, edition=1, client=client)
    assert table.values() == values_of(NEWER)
    assert table.edition() == 2
    return loaded


TOO_LARGE = {**OLDER[0], "metadata": '{"a":"' + "x" * 410_000 + '"}'}


@pytest.mark.parametrize(
    "late",
    [OLDER, NEWER, [], [TOO_LARGE]],
    ids=["other items", "the same items", "no items", "an item too large"],
)
def test_an_older_edition_that_comes_late_writes_nothing(kpi_table: KpiTable, late: list[Row]) -> None:
    kpi_table.load(NEWER, edition=2)
    before = kpi_table.scan()
    loaded = kpi_table.load(late, edition=1)
    assert (loaded.outcome, loaded.verified, loaded.unchanged) == ("superseded", False, 0)
    assert (loaded.written.put, loaded.written.deleted, loaded.written.dead) == (set(), set(), {})
    assert loaded.written.requests == 0
    assert kpi_table.scan() == before


@pytest.mark.parametrize("transaction", [1, 2, 3])
def test_a_loader_that_a_newer_one_overtakes_between_transactions_writes_nothing_more(
    kpi_table: KpiTable, transaction: int
) -> None:
    client = kpi_table.client()
    client.before_nth("TransactWriteItems", transaction, lambda: kpi_table.load(NEWER, edition=2))
    loaded = older_meets_newer(kpi_table, client)
    assert (loaded.outcome, loaded.verified) == ("superseded", False)
    assert len(loaded.written.put) == 99 * (transaction - 1)


def test_a_loader_that_a_newer_one_overtakes_before_it_has_the_guard_writes_nothing(kpi_table: KpiTable) -> None:
    client = kpi_table.client()
    client.before_nth("UpdateItem", 1, lambda: kpi_table.load(NEWER, edition=2))
    loaded = older_meets_newer(kpi_table, client)
    assert (loaded.outcome, loaded.written.put) == ("superseded", set())
    assert client.calls["TransactWriteItems"] == 0


@pytest.mark.parametrize("transaction", [1, 3])
def test_a_transaction_whose_answer_was_lost_is_not_written_over_a_newer_edition(
    kpi_table: KpiTable, transaction: int
) -> None:
    client = kpi_table.client()
    client.lose_answer("TransactWriteItems", transaction, lambda: kpi_table.load(NEWER, edition=2))
    assert older_meets_newer(kpi_table, client).outcome == "superseded"


def test_a_loader_that_is_verifying_finds_the_newer_edition(kpi_table: KpiTable) -> None:
    client = kpi_table.client()
    # The first query is the look before, the second the one that verifies.
    client.before_nth("Query", 2, lambda: kpi_table.load(NEWER, edition=2))
    assert older_meets_newer(kpi_table, client).outcome == "superseded"


def test_going_back_to_an_earlier_state_holds_off_an_edition_that_has_not_begun(kpi_table: KpiTable) -> None:
    kpi_table.load(NEWER, edition=1)
    assert kpi_table.load(NEWER, edition=3).outcome == "unchanged"
    assert kpi_table.load(OLDER, edition=2).outcome == "superseded"
    assert kpi_table.values() == values_of(NEWER)


@pytest.mark.parametrize("plays_gone", [True, False], ids=["day emptied", "day never filled"])
def test_a_day_without_items_holds_off_an_older_edition_too(kpi_table: KpiTable, plays_gone: bool) -> None:
    if plays_gone:
        kpi_table.load(OLDER, edition=1)
    kpi_table.load([], edition=3)
    assert kpi_table.load(OLDER, edition=2).outcome == "superseded"
    assert kpi_table.values() == {}


@pytest.mark.parametrize("written", [0, 1, 2], ids=lambda written: f"after {written} transactions")
def test_going_back_to_an_earlier_state_holds_off_the_edition_between(kpi_table: KpiTable, written: int) -> None:
    kpi_table.load(NEWER, edition=1)
    client = kpi_table.client()
    back: list[Loaded] = []
    client.before_nth("TransactWriteItems", written + 1, lambda: back.append(kpi_table.load(NEWER, edition=3)))
    between = kpi_table.load(OLDER, edition=2, client=client)
    assert between.outcome == "superseded"
    assert (back[0].outcome, back[0].verified) == ("unchanged" if written == 0 else "loaded", True)
    assert kpi_table.values() == values_of(NEWER)


def test_two_loaders_of_one_edition_write_the_same(kpi_table: KpiTable) -> None:
    client = kpi_table.client()
    doubles: list[Loaded] = []
    client.before_nth("TransactWriteItems", 2, lambda: doubles.append(kpi_table.load(OLDER, edition=1)))
    loaded = kpi_table.load(OLDER, edition=1, client=client)
    assert [(each.outcome, each.verified) for each in (loaded, *doubles)] == [("loaded", True)] * 2
    assert kpi_table.values() == values_of(OLDER)


def test_a_guard_that_somebody_removed_is_taken_again(kpi_table: KpiTable) -> None:
    client = kpi_table.client()
    client.before_nth("TransactWriteItems", 2, lambda: kpi_table.delete(f"day#{DAY}"))
    loaded = kpi_table.load(OLDER, client=client)
    assert (loaded.outcome, loaded.verified, len(loaded.written.put)) == ("loaded", True, 250)
    assert kpi_table.edition() == 1


@pytest.mark.parametrize("seed", range(4))
def test_whichever_way_loaders_meet_the_newest_edition_is_what_stays(kpi_table: KpiTable, seed: int) -> None:
    dice = random.Random(seed)
    editions = {
        edition: [row for row in items(260, value=1000 * edition) if dice.random() < 0.8] for edition in (1, 2, 3, 4)
    }
    # Going back: the last is as the first.
    editions[4] = editions[1]

    def load(edition: int) -> Loaded:
        client, backoff = kpi_table.client(), Backoff(sleep=lambda seconds: time.sleep(seconds / 10))
        steps = random.Random(f"{seed}/{edition}")
        client.before("*", lambda _operation, _request: time.sleep(steps.choice([0, 0, 0.01, 0.05])))
        time.sleep(steps.random() / 5)
        return kpi_table.load(editions[edition], edition, client=client, backoff=backoff)

    kpi_table.load(items(50), edition=0)
    with ThreadPoolExecutor() as pool:
        loaded = dict(zip(editions, pool.map(load, editions), strict=True))
    assert kpi_table.values() == values_of(editions[4])
    assert loaded[4].verified
    assert all(each.outcome != "superseded" or not each.verified for each in loaded.values())
