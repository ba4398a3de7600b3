"""What the table should hold of a day, checked before anything is written.

Items that are not what was published stop the load: nothing good can come of them. An item that is as published but
more than DynamoDB takes is set aside with its reason, and the others are loaded.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from music_streaming.errors import ItemError
from music_streaming.items import COLUMNS, digest_of
from music_streaming.table import Attributes, number

# DynamoDB's limits. Each of the two indexes has metric type and date as its keys, in either order.
MAX_KEY_BYTES = 2048
MAX_INDEX_KEY_BYTES = 1024
MAX_ITEM_BYTES = 400 * 1024
MAX_NUMBER = 1e125

# Bytes that a map takes, and each of its entries.
MAP_BYTES = 3
ENTRY_BYTES = 1

# A number of the 17 digits that a double has.
NUMBER_BYTES = 11

# Wrong items that an error names; the first ones tell the cause.
NAMED_ITEMS = 5

Row = dict[str, Any]
"""An item as computed: id, metric_type, date, value, and dimensions and metadata as JSON."""


@dataclass(frozen=True)
class Wanted:
    day: str
    edition: int
    items: dict[str, Attributes]
    """As they should stand in the table, by id."""
    unwritable: dict[str, str]
    """Why DynamoDB does not take an item, by id."""


def wanted_items(
    day: str, edition: int, rows: list[Row], *, expected: int, digest: str, published_at: datetime, retention: timedelta
) -> Wanted:
    """
    expected: how many items the edition has
    digest: of the edition's items, as `items.digest_of` computes it
    published_at: what the items' `timestamp` says; they expire `retention` later

    Raises ItemError when the rows are not the edition's items.
    """
    _check(day, rows, expected, digest)
    stamps = {
        "timestamp": published_at.isoformat(),
        "edition": edition,
        "expires_at": int((published_at + retention).timestamp()),
    }
    items = {row["id"]: _attributes(row) | stamps for row in rows}
    unwritable = {id: reason for id, item in items.items() if (reason := _why_unwritable(item)) is not None}
    return Wanted(day, edition, {id: item for id, item in items.items() if id not in unwritable}, unwritable)


def _attributes(row: Row) -> Attributes:
    documents = {name: json.loads(row[name]) for name in ("dimensions", "metadata")}
    return {name: row[name] for name in COLUMNS} | documents | {"value": number(row["value"])}


def _check(day: str, rows: list[Row], expected: int, digest: str) -> None:
    wrong: list[str] = []
    if len(rows) != expected:
        wrong.append(f"there are {len(rows)} instead of {expected}")
    seen: set[str] = set()
    for row in rows:
        problem = "its id occurs twice" if row["id"] in seen else _problem(day, row)
        if problem is not None:
            wrong.append(f"{row['id']}: {problem}")
        seen.add(row["id"])
    if not wrong and digest_of(tuple(row[name] for name in COLUMNS) for row in rows) != digest:
        wrong.append("their digest is another")
    if wrong:
        more = f" and {len(wrong) - NAMED_ITEMS} more" if len(wrong) > NAMED_ITEMS else ""
        raise ItemError(
            f"the items of {day} are not those that were computed: {'; '.join(wrong[:NAMED_ITEMS])}{more}; "
            "nothing was written, compute the day again"
        )


def _problem(day: str, row: Row) -> str | None:
    texts = ("id", "metric_type", "date", "dimensions", "metadata")
    if not all(isinstance(row.get(name), str) and row[name] for name in texts):
        return "a text is missing"
    if row["date"] != day:
        return f"its date is {row['date']}"
    if not row["id"].startswith(f"{row['metric_type']}#{day}#"):
        return f"its metric type is {row['metric_type']}"
    if not isinstance(row["value"], float | int) or not math.isfinite(row["value"]):
        return f"its value is {row['value']}"
    for name in ("dimensions", "metadata"):
        try:
            parsed = json.loads(row[name])
        except ValueError:
            return f"its {name} are not JSON"
        if not isinstance(parsed, dict) or not all(isinstance(value, str | int) for value in parsed.values()):
            return f"its {name} are not texts and whole numbers by their names"
    return None


def _why_unwritable(item: Attributes) -> str | None:
    if len(item["id"].encode()) > MAX_KEY_BYTES:
        return f"the id is longer than {MAX_KEY_BYTES} bytes"
    if len(item["metric_type"].encode()) > MAX_INDEX_KEY_BYTES:
        return f"the metric type is longer than {MAX_INDEX_KEY_BYTES} bytes"
    if abs(item["value"]) > MAX_NUMBER:
        return "the value is larger than DynamoDB's numbers"
    if _size(item) > MAX_ITEM_BYTES:
        return f"the item is larger than {MAX_ITEM_BYTES} bytes"
    return None


def _size(value: Any) -> int:
    """What DynamoDB counts, or somewhat more."""
    if isinstance(value, dict):
        return MAP_BYTES + sum(ENTRY_BYTES + len(name.encode()) + _size(part) for name, part in value.items())
    return len(value.encode()) if isinstance(value, str) else NUMBER_BYTES
