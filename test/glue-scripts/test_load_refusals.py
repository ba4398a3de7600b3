"""What DynamoDB refuses is asked for again until it is done, and counted by reason; what it never takes is named."""

from __future__ import annotations

import random
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from music_streaming.backoff import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Backoff
from music_streaming.errors import TableStalledError
from music_streaming.table import UNPROCESSED
from music_streaming.writer import BURST_SECONDS, CHANGES_AT_ONCE, UNITS_OF_CHANGE, Rate
from support.kpi_table import (
    Client,
    KpiTable,
    cancelled,
    failure,
    impatient,
    items,
    success,
    throttled,
    unhurried,
    values_of,
)

HOT_KEY = "TableWriteKeyRangeThroughputExceeded"
OWN_CAP = "IndexWriteMaxOnDemandThroughputExceeded"
ROWS = items(250)

OPERATIONS = ["Query", "BatchGetItem", "GetItem", "UpdateItem", "TransactWriteItems"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("refusals", "reasons"),
    [
        ([throttled(HOT_KEY), throttled(OWN_CAP), throttled(HOT_KEY)], {HOT_KEY: 2, OWN_CAP: 1}),
        ([throttled(HOT_KEY, OWN_CAP)], {HOT_KEY: 1, OWN_CAP: 1}),
        ([throttled(HOT_KEY, HOT_KEY)], {HOT_KEY: 1}),
        ([throttled(HOT_KEY, code="ProvisionedThroughputExceededException")], {HOT_KEY: 1}),
        ([throttled(HOT_KEY, code="RequestLimitExceeded")], {HOT_KEY: 1}),
        ([throttled(code="ProvisionedThroughputExceededException")], {"ProvisionedThroughputExceededException": 1}),
        ([failure("InternalServerError"), failure("Odd", ResponseMetadata={"HTTPStatusCode": 503})], {}),
        ([failure("TransactionConflictException"), failure("TransactionInProgressException")], {}),
    ],
    ids=["by turns", "two reasons", "one reason twice", "capacity", "account", "no reason", "server", "conflict"],
)
def test_a_refused_request_is_repeated_until_it_is_done(
    kpi_table: KpiTable, operation: str, refusals: list[Any], reasons: dict[str, int]
) -> None:
    # Something to read, change and delete. Only a load without changes asks who has the guard.
    kpi_table.load(items(5), edition=1)
    rows = items(5) if operation == "GetItem" else items(4, value=7)
    client, backoff = kpi_table.client(), unhurried()
    client.answer_first(operation, *refusals)
    loaded = kpi_table.load(rows, edition=2, client=client, backoff=backoff)
    assert loaded.verified
    assert kpi_table.values() == values_of(rows)
    assert backoff.throttles == reasons
    assert backoff.retries == len(refusals)


def test_a_connection_that_fails_is_tried_again(kpi_table: KpiTable) -> None:
    client, backoff = kpi_table.client(), unhurried()

    def fail() -> None:
        raise EndpointConnectionError(endpoint_url="http://made.up")

    for operation in ("Query", "UpdateItem", "TransactWriteItems"):
        client.before_nth(operation, 1, fail)
    assert kpi_table.load(ROWS, client=client, backoff=backoff).verified
    assert (backoff.retries, backoff.throttles) == (3, {})


@pytest.mark.parametrize("operation", ["Query", "UpdateItem", "TransactWriteItems"])
def test_what_can_not_get_better_is_not_repeated(kpi_table: KpiTable, operation: str) -> None:
    client, backoff = kpi_table.client(), unhurried()
    client.answer_all(operation, failure("AccessDeniedException"))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        kpi_table.load(items(3), client=client, backoff=backoff)
    assert backoff.retries == 0


def test_pauses_grow_to_a_limit_and_are_drawn_by_chance(kpi_table: KpiTable) -> None:
    paused: list[float] = []
    client = kpi_table.client()
    client.answer_first("TransactWriteItems", *[throttled(HOT_KEY)] * 12)
    kpi_table.load(items(3), client=client, backoff=Backoff(sleep=paused.append))
    limits = [min(FIRST_PAUSE_SECONDS * 2**n, LONGEST_PAUSE_SECONDS) for n in range(12)]
    assert len(paused) == 12
    assert all(0 <= pause <= limit for pause, limit in zip(paused, limits, strict=True))
    assert len(set(paused)) == 12


def leave_unprocessed(client: Client, table: KpiTable, share: float) -> None:
    """BatchGetItem answers some of the keys and leaves the others, as it does for a table that is throttled."""
    there = table.scan()
    dice = random.Random(1)

    def answer(_operation: str, request: dict[str, Any]) -> Any:
        asked = request["RequestItems"][table.name]
        keys = asked["Keys"]
        assert asked["ConsistentRead"] is True
        left = [key for key in keys if dice.random() < share]
        found = [there[key["id"]["S"]] for key in keys if key not in left and key["id"]["S"] in there]
        unprocessed = {table.name: {"Keys": left, "ConsistentRead": True}} if left else {}
        return success(Responses={table.name: found}, UnprocessedKeys=unprocessed)

    client.before("BatchGetItem", answer)


def test_keys_that_were_left_unprocessed_are_asked_for_again(kpi_table: KpiTable) -> None:
    kpi_table.load(ROWS)
    client, backoff = kpi_table.client(), unhurried()
    leave_unprocessed(client, kpi_table, 0.7)
    loaded = kpi_table.load(ROWS, client=client, backoff=backoff)
    assert (loaded.outcome, loaded.unchanged, client.writes) == ("unchanged", 250, 0)
    assert backoff.retries > 3
    assert backoff.throttles == {UNPROCESSED: backoff.retries}


def test_a_table_that_leaves_all_keys_unprocessed_is_given_up(kpi_table: KpiTable) -> None:
    kpi_table.load(items(5))
    client = kpi_table.client()
    leave_unprocessed(client, kpi_table, 1)
    with pytest.raises(TableStalledError, match="it left requests unprocessed"):
        kpi_table.load(items(5), client=client, backoff=impatient())


@pytest.mark.parametrize(
    "refusal",
    [throttled(HOT_KEY), cancelled("TransactionConflict", "None"), cancelled("None", "ThrottlingError")],
    ids=["throttled", "conflict", "throttled within"],
)
def test_a_table_that_stands_still_is_given_up_saying_why(kpi_table: KpiTable, refusal: Any) -> None:
    client, backoff = kpi_table.client(), impatient()
    client.answer_all("TransactWriteItems", refusal)
    with pytest.raises(TableStalledError, match=r"nothing but refuse for .*the last refusal was: .*made to fail"):
        kpi_table.load(items(1), client=client, backoff=backoff)
    assert backoff.retries > 1


def test_a_slow_table_is_not_given_up_as_long_as_it_takes_something() -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    backoff = Backoff(sleep=sleep, clock=lambda: now, patience=60)
    for _ in range(50):
        refusals = [ClientError({"Error": {"Code": "ThrottlingException"}}, "any")] * 10

        def request(refusals: list[ClientError] = refusals) -> str:
            if refusals:
                raise refusals.pop()
            return "done"

        # What happens between requests, such as waiting for one's own rate, is no refusal.
        sleep(500)
        assert backoff.call(request) == "done"
    assert backoff.retries == 500


@pytest.mark.parametrize(
    ("codes", "throttles"),
    [
        (["TransactionConflict", "None", "None"], {}),
        (["None", "TransactionConflict", "TransactionConflict"], {}),
        (["None", "ThrottlingError", "ThrottlingError"], {"ThrottlingError": 1}),
        (
            ["ProvisionedThroughputExceeded", "ThrottlingError", "None"],
            {"ProvisionedThroughputExceeded": 1, "ThrottlingError": 1},
        ),
    ],
    ids=["guard busy", "items busy", "throttled", "guard throttled"],
)
def test_a_transaction_that_was_cancelled_for_a_passing_reason_is_repeated(
    kpi_table: KpiTable, codes: list[str], throttles: dict[str, int]
) -> None:
    client, backoff = kpi_table.client(), unhurried()
    client.answer_first("TransactWriteItems", cancelled(*codes), cancelled(*codes))
    loaded = kpi_table.load(items(2), client=client, backoff=backoff)
    assert (loaded.verified, loaded.written.dead) == (True, {})
    assert kpi_table.values() == values_of(items(2))
    assert backoff.retries == 2
    assert backoff.throttles == {reason: 2 * count for reason, count in throttles.items()}
    # The guard, and the transaction that was taken.
    assert loaded.written.requests == 2


def test_an_item_that_is_refused_is_a_dead_letter_and_the_others_are_written(kpi_table: KpiTable) -> None:
    kpi_table.load(items(5), edition=1)
    rows = items(120, value=7)
    client = kpi_table.client()
    client.answer_first("TransactWriteItems", cancelled("None", "None", "None", "ValidationError", *["None"] * 96))
    loaded = kpi_table.load(rows, edition=2, client=client)
    refused = rows[2]["id"]
    assert loaded.written.dead == {refused: "ValidationError here"}
    assert (loaded.outcome, loaded.verified, loaded.unchanged) == ("loaded", False, 0)
    # What it said before stays: nobody said that it is no longer there.
    assert kpi_table.values() == values_of(rows) | {refused: 3.0}
    again = kpi_table.load(rows, edition=2)
    assert (again.written.put, again.verified) == ({refused}, True)


def test_an_item_that_only_the_whole_request_is_refused_for_is_found(kpi_table: KpiTable) -> None:
    refused = {ROWS[7]["id"], ROWS[98]["id"], ROWS[249]["id"]}
    client = kpi_table.client()

    def answer(_operation: str, request: dict[str, Any]) -> Any:
        puts = {action["Put"]["Item"]["id"]["S"] for action in request["TransactItems"] if "Put" in action}
        return failure("ValidationException") if puts & refused else None

    client.before("TransactWriteItems", answer)
    loaded = kpi_table.load(ROWS, client=client)
    assert loaded.written.dead == dict.fromkeys(refused, "made to fail: ValidationException")
    assert kpi_table.values().keys() == {row["id"] for row in ROWS} - refused
    assert not loaded.verified


def test_an_item_larger_than_dynamodb_takes_is_a_dead_letter_before_it_is_sent(kpi_table: KpiTable) -> None:
    large = {**ROWS[0], "metadata": '{"a":"' + "x" * 410_000 + '"}'}
    client = kpi_table.client()
    loaded = kpi_table.load([large, *ROWS[1:5]], client=client)
    assert (loaded.items, loaded.written.dead) == (5, {large["id"]: "the item is larger than 409600 bytes"})
    assert client.calls["TransactWriteItems"] == 1
    assert kpi_table.values() == values_of(ROWS[1:5])


def tokens(client: Client) -> list[str]:
    found: list[str] = []
    client.before("TransactWriteItems", lambda _operation, request: found.append(request["ClientRequestToken"]))
    return found


def test_a_transaction_whose_answer_was_lost_is_the_same_when_it_is_repeated(kpi_table: KpiTable) -> None:
    client, backoff = kpi_table.client(), unhurried()
    sent = tokens(client)
    client.lose_answer("TransactWriteItems", 2)
    loaded = kpi_table.load(ROWS, client=client, backoff=backoff)
    assert (loaded.outcome, loaded.verified, len(loaded.written.put)) == ("loaded", True, 250)
    assert (sent[1] == sent[2], len(set(sent)), len(sent)) == (True, 3, 4)
    assert (loaded.written.requests, backoff.retries) == (4, 1)
    assert kpi_table.values() == values_of(ROWS)


def test_a_transaction_that_was_cancelled_is_another_when_it_is_repeated(kpi_table: KpiTable) -> None:
    client = kpi_table.client()
    sent = tokens(client)
    client.answer_first("TransactWriteItems", cancelled("None", "TransactionConflict"))
    kpi_table.load(items(1), client=client)
    assert len(set(sent)) == 2


def test_units_are_those_that_were_written_also_where_the_answer_was_lost(kpi_table: KpiTable) -> None:
    plain = kpi_table.load(ROWS, edition=1)
    client = kpi_table.client()
    client.lose_answer("TransactWriteItems", 1)
    lost = kpi_table.load(items(250, value=900), edition=2, client=client)
    # Two for an item, and what the indexes take; where an answer was lost, nothing but the former is known.
    assert plain.written.units > lost.written.units >= 2 * 250 + 1


def test_a_guard_whose_answer_was_lost_is_taken_again(kpi_table: KpiTable) -> None:
    client, backoff = kpi_table.client(), unhurried()
    client.lose_answer("UpdateItem")
    loaded = kpi_table.load(ROWS, client=client, backoff=backoff)
    assert (loaded.outcome, loaded.verified, backoff.retries) == ("loaded", True, 1)
    assert kpi_table.edition() == 1


def test_writes_keep_to_a_rate(kpi_table: KpiTable) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    rate = Rate(50, sleep=sleep, clock=lambda: now)
    loaded = kpi_table.load(ROWS, rate=rate)
    # Before the last transaction is sent, all others are paid for, but for what may be spent at once.
    last = UNITS_OF_CHANGE * (250 - 2 * CHANGES_AT_ONCE)
    others = loaded.written.units * 2 * CHANGES_AT_ONCE / 250
    assert others / 50 - BURST_SECONDS <= now <= (others + last) / 50
    assert kpi_table.values() == values_of(ROWS)


def test_a_rate_lets_nobody_save_up_more_than_a_second() -> None:
    now, paused = 0.0, list[float]()
    rate = Rate(10, sleep=paused.append, clock=lambda: now)
    now = 3600.0
    rate.spend(10)
    assert paused == []
    rate.spend(5)
    # Half of it was not spent after all.
    assert rate.charge(-5) == 0
    rate.spend(10)
    assert paused == [0.5, 1.0]
