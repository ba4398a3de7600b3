"""The load of a day: what is new or changed is written, what is no longer true is deleted, the rest costs nothing."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from music_streaming.backoff import Progress
from music_streaming.errors import ItemError, LoadNotVerifiedError
from music_streaming.table import Attributes, Table, number, same
from music_streaming.writer import Change, Rate, Superseded, Writer, Written

# DynamoDB's limits.
MAX_KEY_BYTES = 2048
MAX_INDEX_KEY_BYTES = 1024
MAX_ITEM_BYTES = 400 * 1024

# Looks at the table after a load: the index may lag, and each look waits longer than the one before.
VERIFYING_LOOKS = 8


@dataclass(frozen=True)
class Edition:
    day: str
    edition: int
    published_at: datetime
    retention: timedelta

    def attributes(self, row: dict[str, Any]) -> Attributes:
        """The item as it stands in the table."""
        expires = self.published_at + self.retention
        return {
            "id": row["id"],
            "metric_type": row["metric_type"],
            "date": row["date"],
            "timestamp": self.published_at.isoformat(),
            "value": number(row["value"]),
            "dimensions": json.loads(row["dimensions"]),
            "metadata": json.loads(row["metadata"]),
            "edition": self.edition,
            "expires_at": int(expires.timestamp()),
        }


def check_items(day: str, rows: list[dict[str, Any]]) -> None:
    """Before the first write. Raises ItemError naming the first items that are wrong."""
    wrong: list[str] = []
    seen: set[str] = set()
    for row in rows:
        problem = _problem(day, row, seen)
        seen.add(row["id"])
        if problem:
            wrong.append(f"{row['id']}: {problem}")
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ItemError(f"items of {day} can't be loaded: {'; '.join(wrong[:5])}{more}; compute the day again")


def _problem(day: str, row: dict[str, Any], seen: set[str]) -> str | None:
    if row["id"] in seen:
        return "the id occurs twice"
    if row["date"] != day:
        return f"the date is {row['date']}"
    if not isinstance(row["value"], float | int) or not math.isfinite(row["value"]):
        return f"the value is {row['value']}"
    if len(row["id"].encode()) > MAX_KEY_BYTES:
        return f"the id is longer than {MAX_KEY_BYTES} bytes"
    if len(row["metric_type"].encode()) > MAX_INDEX_KEY_BYTES:
        return f"the metric type is longer than {MAX_INDEX_KEY_BYTES} bytes"
    if sum(len(str(value).encode()) for value in row.values()) > MAX_ITEM_BYTES:
        return f"the item is larger than {MAX_ITEM_BYTES} bytes"
    return None


@dataclass(frozen=True)
class Loaded:
    outcome: str
    items: int
    written: Written
    unchanged: int
    verified: bool


def load_day(table: Table, edition: Edition, rows: list[dict[str, Any]], rate: Rate) -> Loaded:
    """Raises LoadNotVerifiedError when the table does not become what it should."""
    wanted = {row["id"]: edition.attributes(row) for row in rows}
    writer = Writer(table, edition.day, edition.edition, rate)
    changes = _changes(table, edition.day, wanted)
    try:
        if changes:
            writer.take_guard()
            # Between the look and the guard another edition may have finished.
            writer.write(_changes(table, edition.day, wanted))
        elif writer.owned_by_newer():
            raise Superseded
        _settle(table, edition.day, wanted, writer)
    except Superseded:
        return Loaded("superseded", len(wanted), writer.written, 0, False)
    written = writer.written
    outcome = "loaded" if written.put or written.deleted or written.dead else "unchanged"
    return Loaded(outcome, len(wanted), written, len(wanted) - written.put - len(written.dead), not written.dead)


def _changes(table: Table, day: str, wanted: dict[str, Attributes]) -> list[Change]:
    there = table.read(sorted(wanted))
    puts = [Change(id, item) for id, item in wanted.items() if id not in there or not same(item, there[id])]
    vanished = sorted(table.ids_of_day(day) - wanted.keys())
    gone = [id for id in vanished if id in table.read(vanished)] if vanished else []
    return puts + [Change(id, None) for id in gone]


def _settle(table: Table, day: str, wanted: dict[str, Attributes], writer: Writer) -> None:
    """Looks until nothing is left to change; what an index showed late is still changed."""
    progress: Progress = table.backoff.progress()
    for _ in range(VERIFYING_LOOKS):
        dead = {entry["id"] for entry in writer.written.dead}
        left = [change for change in _changes(table, day, wanted) if change.id not in dead]
        missing = wanted.keys() - table.ids_of_day(day) - dead
        if not left and not missing:
            return
        if left:
            writer.take_guard()
            writer.write(left)
        progress.wait(advanced=False)
    raise LoadNotVerifiedError(
        f"the table still differs from edition of {day} after {VERIFYING_LOOKS} looks; retry the load"
    )
