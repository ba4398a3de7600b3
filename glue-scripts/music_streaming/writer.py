"""Writing a day's changes so that no older edition ever wins.

A *guard* item of the day holds the edition that owns it. A loader first takes the guard, unless a newer edition has
it, and then writes in transactions each of which checks that the guard still names its edition. So a loader that was
forgotten, paused or doubled can neither overwrite nor bring back anything once a newer edition has begun. The guard
has no metric and no date, so no index and no reader sees it.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from music_streaming.backoff import Progress, error_code
from music_streaming.table import PARALLEL, Attributes, Table, serialize

# TransactWriteItems takes a hundred actions, one of which is the check of the guard.
CHANGES_AT_ONCE = 99

# Reasons within a cancelled transaction that pass.
PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class Superseded(Exception):
    """A newer edition owns the day."""


@dataclass(frozen=True)
class Change:
    id: str
    item: Attributes | None
    """What to put; None deletes."""


@dataclass
class Written:
    put: int = 0
    deleted: int = 0
    requests: int = 0
    units: float = 0.0
    dead: list[dict[str, Any]] = field(default_factory=list)
    """Changes that can't be written, each with its reason."""


class Rate:
    """A token bucket over write units; one second's worth may be spent at once."""

    def __init__(self, units_per_second: float | None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._rate = units_per_second
        self._sleep = sleep
        self._free_at = time.monotonic()
        self._lock = threading.Lock()

    def spend(self, units: float) -> None:
        if self._rate is None:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - 1.0) + units / self._rate
            wait = self._free_at - now
        if wait > 0:
            self._sleep(wait)


class Writer:
    """Writes one day. Raises Superseded when a newer edition owns it."""

    def __init__(self, table: Table, day: str, edition: int, rate: Rate) -> None:
        self._table = table
        self._guard = {"id": {"S": f"day#{day}"}}
        self._edition = {"N": str(edition)}
        self._rate = rate
        self._lock = threading.Lock()
        self.written = Written()

    def take_guard(self) -> None:
        def update() -> Any:
            return self._table.client.update_item(
                TableName=self._table.name,
                Key=self._guard,
                UpdateExpression="SET edition = :edition",
                ConditionExpression="attribute_not_exists(edition) OR edition <= :edition",
                ExpressionAttributeValues={":edition": self._edition},
                ReturnConsumedCapacity="TOTAL",
            )

        try:
            self._count(self._table.backoff.call(update).get("ConsumedCapacity"))
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise Superseded from error
            raise

    def owned_by_newer(self) -> bool:
        answer = self._table.backoff.call(
            lambda: self._table.client.get_item(TableName=self._table.name, Key=self._guard, ConsistentRead=True)
        )
        owner = answer.get("Item", {}).get("edition", {}).get("N")
        return owner is not None and int(owner) > int(self._edition["N"])

    def write(self, changes: list[Change]) -> None:
        batches = [changes[at : at + CHANGES_AT_ONCE] for at in range(0, len(changes), CHANGES_AT_ONCE)]
        with ThreadPoolExecutor(PARALLEL) as pool:
            for _ in pool.map(self._write_batch, batches):
                pass

    def _write_batch(self, changes: list[Change]) -> None:
        """Until every change of the batch is written or known to be impossible."""
        progress = self._table.backoff.progress()
        while changes:
            self._rate.spend(2 * len(changes))
            try:
                self._transact(changes)
            except ClientError as error:
                changes = self._after(error, changes, progress)
                continue
            with self._lock:
                puts = sum(1 for change in changes if change.item is not None)
                self.written.put += puts
                self.written.deleted += len(changes) - puts
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
        # The token makes a repetition after a lost answer the same transaction.
        token = str(uuid.uuid4())
        answer = self._table.backoff.call(
            lambda: self._table.client.transact_write_items(
                TransactItems=actions, ClientRequestToken=token, ReturnConsumedCapacity="TOTAL"
            )
        )
        for capacity in answer.get("ConsumedCapacity", []):
            self._count(capacity)

    def _after(self, error: ClientError, changes: list[Change], progress: Progress) -> list[Change]:
        """What is left to try after a failed transaction."""
        code = error_code(error)
        if code == "TransactionCanceledException":
            reasons: Any = error.response.get("CancellationReasons", [])
            codes = [reason.get("Code", "None") for reason in reasons]
            if codes and codes[0] == "ConditionalCheckFailed":
                raise Superseded from error
            impossible = {
                at: reasons[at + 1].get("Message", codes[at + 1])
                for at in range(len(changes))
                if at + 1 < len(codes) and codes[at + 1] not in PASSING | {"None"}
            }
            if impossible:
                return self._without(changes, impossible)
            self._table.backoff.throttles.update(c for c in codes if c in PASSING - {"TransactionConflict"})
            progress.wait(advanced=False, cause=error)
            return changes
        if code != "ValidationException":
            raise error
        if len(changes) == 1:
            return self._without(changes, {0: error.response["Error"].get("Message", code)})
        # The service refused the request as a whole without naming the item: each half finds it.
        middle = len(changes) // 2
        self._write_batch(changes[:middle])
        return changes[middle:]

    def _without(self, changes: list[Change], impossible: dict[int, str]) -> list[Change]:
        with self._lock:
            self.written.dead += [{"id": changes[at].id, "reason": reason} for at, reason in impossible.items()]
        return [change for at, change in enumerate(changes) if at not in impossible]

    def _count(self, capacity: Any) -> None:
        with self._lock:
            self.written.requests += 1
            self.written.units += (capacity or {}).get("CapacityUnits", 0.0)
