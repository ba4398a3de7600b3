"""Writing a day's changes so that no older edition ever wins.

A *guard* item of the day holds the edition that owns it. A loader first takes the guard, unless a newer edition has
it, and then writes in transactions each of which checks that the guard still names its edition. So a loader that was
forgotten, paused or doubled can neither overwrite nor bring back anything once a newer edition has begun. The guard
has no metric and no date, so no index and no reader sees it.

An edition takes the guard even where it finds nothing to change, as when a day goes back to what it was: the edition
between may still be on its way. It is the only write of such a load, and loading the same edition again needs none.

The transactions of a day follow one another: DynamoDB refuses two at a time that name the same item, and all of them
name the guard. A hundred changes each, they are few.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from music_streaming.backoff import Pauses, error_code
from music_streaming.table import Attributes, Table, serialize
from music_streaming.wanted import Wanted

# TransactWriteItems takes a hundred actions, one of which is the check of the guard.
CHANGES_AT_ONCE = 99

# Write units of a change within a transaction, for an item of up to a kilobyte; indexes come on top.
UNITS_OF_CHANGE = 2

# Unspent units of a token bucket that may be spent at once.
BURST_SECONDS = 1.0

# Reasons within a cancelled transaction for which the same change will never be taken. All others pass.
IMPOSSIBLE = {"ValidationError", "ItemCollectionSizeLimitExceeded"}
THROTTLED = {"ThrottlingError", "ProvisionedThroughputExceeded"}


class Superseded(Exception):
    """A newer edition owns the day."""


@dataclass(frozen=True)
class Change:
    id: str
    item: Attributes | None
    """What to put; None deletes."""


@dataclass
class Written:
    put: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    dead: dict[str, str] = field(default_factory=dict)
    """Why an item can't be written, by its id."""
    requests: int = 0
    """Those that were answered, the one for the guard among them."""
    units: float = 0.0
    """Write units of table and indexes, as far as the service tells: of refused requests it doesn't, and where an
    answer was lost, the repetition tells two for each item."""


class Rate:
    """A token bucket over write units, shared by the days of a load."""

    def __init__(
        self,
        units_per_second: float | None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = units_per_second
        self._sleep = sleep
        self._clock = clock
        self._free_at = clock() - BURST_SECONDS
        self._lock = threading.Lock()

    def spend(self, units: float) -> None:
        """Waits until these units are there."""
        wait = self.charge(units)
        if wait > 0:
            self._sleep(wait)

    def charge(self, units: float) -> float:
        """Takes units that were spent anyway, or gives back where negative; the seconds until the bucket is even."""
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now - BURST_SECONDS) + units / self._rate
            return self._free_at - now


class Writer:
    """Writes one day. Raises Superseded when a newer edition owns it."""

    def __init__(self, table: Table, wanted: Wanted, rate: Rate) -> None:
        self._table = table
        self._guard = {"id": {"S": f"day#{wanted.day}"}}
        self._edition = {"N": str(wanted.edition)}
        self._rate = rate
        self.written = Written()

    def take_guard(self) -> bool:
        """Returns whether it was taken from another edition."""

        def update() -> Any:
            return self._table.client.update_item(
                TableName=self._table.name,
                Key=self._guard,
                UpdateExpression="SET edition = :edition",
                ConditionExpression="attribute_not_exists(edition) OR edition <= :edition",
                ExpressionAttributeValues={":edition": self._edition},
                ReturnValues="UPDATED_OLD",
                ReturnConsumedCapacity="TOTAL",
            )

        try:
            answer = self._table.backoff.call(update)
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise Superseded from error
            raise
        self._count(answer["ConsumedCapacity"]["CapacityUnits"])
        return answer.get("Attributes", {}).get("edition", self._edition) != self._edition

    def has_guard(self) -> bool:
        """Whether nothing but this edition can change the day any more."""
        answer = self._table.backoff.call(
            lambda: self._table.client.get_item(TableName=self._table.name, Key=self._guard, ConsistentRead=True)
        )
        owner = answer.get("Item")
        if owner is not None and int(owner["edition"]["N"]) > int(self._edition["N"]):
            raise Superseded
        return owner is not None and owner["edition"] == self._edition

    def write(self, changes: list[Change]) -> None:
        """Until every change is written or known to be impossible. Needs the guard."""
        for at in range(0, len(changes), CHANGES_AT_ONCE):
            self._write_batch(changes[at : at + CHANGES_AT_ONCE])

    def _write_batch(self, changes: list[Change]) -> None:
        pauses = Pauses(self._table.backoff)
        while changes:
            try:
                self._transact(changes)
            except ClientError as error:
                changes = self._after(error, changes, pauses)
                continue
            self.written.put |= {change.id for change in changes if change.item is not None}
            self.written.deleted |= {change.id for change in changes if change.item is None}
            return

    def _transact(self, changes: list[Change]) -> None:
        name = self._table.name
        check = {
            "TableName": name,
            "Key": self._guard,
            "ConditionExpression": "edition = :edition",
            "ExpressionAttributeValues": {":edition": self._edition},
        }
        actions: list[dict[str, Any]] = [{"ConditionCheck": check}]
        for change in changes:
            if change.item is None:
                actions.append({"Delete": {"TableName": name, "Key": {"id": {"S": change.id}}}})
            else:
                actions.append({"Put": {"TableName": name, "Item": serialize(change.item)}})
        expected = UNITS_OF_CHANGE * len(changes)
        self._rate.spend(expected)
        # The token makes a repetition after a lost answer the same transaction.
        token = str(uuid.uuid4())
        answer = self._table.backoff.call(
            lambda: self._table.client.transact_write_items(
                TransactItems=actions, ClientRequestToken=token, ReturnConsumedCapacity="TOTAL"
            )
        )
        units = sum(capacity["CapacityUnits"] for capacity in answer["ConsumedCapacity"])
        self._count(units)
        self._rate.charge(units - expected)

    def _after(self, error: ClientError, changes: list[Change], pauses: Pauses) -> list[Change]:
        """What is left to try after a failed transaction."""
        code = error_code(error)
        if code == "TransactionCanceledException":
            return self._after_cancellation(error, changes, pauses)
        if code != "ValidationException":
            raise error
        if len(changes) == 1:
            return self._without(changes, {0: error.response["Error"].get("Message", code)})
        # The service refused the request as a whole without naming the item: each half finds it.
        middle = len(changes) // 2
        self._write_batch(changes[:middle])
        return changes[middle:]

    def _after_cancellation(self, error: ClientError, changes: list[Change], pauses: Pauses) -> list[Change]:
        given: Any = error.response
        reasons: list[dict[str, str]] = given.get("CancellationReasons", [])
        codes = [reason.get("Code", "None") for reason in reasons]
        if codes[:1] == ["ConditionalCheckFailed"]:
            # Raises where a newer edition has the guard. Else somebody has removed it, and it is taken again.
            self.take_guard()
        impossible = {
            at: reasons[at + 1].get("Message", code) for at, code in enumerate(codes[1:]) if code in IMPOSSIBLE
        }
        if impossible:
            return self._without(changes, impossible)
        self._table.backoff.note(code for code in codes if code in THROTTLED)
        pauses.retry(error)
        return changes

    def _without(self, changes: list[Change], impossible: dict[int, str]) -> list[Change]:
        self.written.dead |= {changes[at].id: reason for at, reason in impossible.items()}
        return [change for at, change in enumerate(changes) if at not in impossible]

    def _count(self, units: float) -> None:
        self.written.requests += 1
        self.written.units += units
