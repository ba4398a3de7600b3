"""The load of a day: what is new or changed is written, what is no longer true is deleted, the rest costs nothing.

A look compares the table with what it should hold. Its changes are right whatever others write at the same time, as
long as the guard is held, so one look before the changes and one after them are enough; the last one, which finds
nothing left to change, verifies the load.
"""

from __future__ import annotations

from dataclasses import dataclass

from music_streaming.backoff import Pauses
from music_streaming.errors import LoadNotVerifiedError
from music_streaming.table import DATE_INDEX, Attributes, Table, same
from music_streaming.wanted import Wanted
from music_streaming.writer import Change, Rate, Superseded, Writer, Written

# What an older edition wrote last may not be in the index yet when the guard is taken from it; as a rule it is there
# after a fraction of a second.
INDEX_SECONDS = 1.0

# Looks at the table: one before the changes, one after, and some while the index lags behind the table, each after a
# longer pause, some ten seconds in all.
MOST_LOOKS = 10


@dataclass(frozen=True)
class Loaded:
    outcome: str
    """`loaded`, `unchanged` or `superseded`."""
    items: int
    unchanged: int
    written: Written
    verified: bool


@dataclass(frozen=True)
class Look:
    changes: list[Change]
    """What makes the table what it should be."""
    not_in_index: int
    """Items that are right in the table, but that its index does not show yet."""


def load_day(table: Table, wanted: Wanted, rate: Rate) -> Loaded:
    """Raises LoadNotVerifiedError when the table does not become what it should."""
    writer = Writer(table, wanted, rate)
    written = writer.written
    written.dead |= wanted.unwritable
    count = len(wanted.items) + len(wanted.unwritable)
    try:
        _settle(table, wanted, writer)
    except Superseded:
        # Whatever could not be written, nobody misses it.
        written.dead.clear()
        return Loaded("superseded", count, 0, written, verified=False)
    outcome = "loaded" if written.put or written.deleted or written.dead else "unchanged"
    unchanged = len(wanted.items.keys() - written.put - written.dead.keys())
    return Loaded(outcome, count, unchanged, written, verified=not written.dead)


def _settle(table: Table, wanted: Wanted, writer: Writer) -> None:
    found = look(table, wanted, writer.written)
    if (found.changes or not writer.has_guard()) and writer.take_guard():
        writer.write(found.changes)
        table.backoff.sleep(INDEX_SECONDS)
        found = look(table, wanted, writer.written)
    lag = Pauses(table.backoff)
    for _ in range(MOST_LOOKS - 1):
        if found.changes:
            writer.write(found.changes)
        elif found.not_in_index:
            lag.pause()
        else:
            return
        found = look(table, wanted, writer.written)
    if found.changes or found.not_in_index:
        raise LoadNotVerifiedError(
            f"after {MOST_LOOKS} looks, {len(found.changes)} items of {wanted.day} still differ from edition "
            f"{wanted.edition}, and {DATE_INDEX} does not show {found.not_in_index}; see who else writes, then retry"
        )


def look(table: Table, wanted: Wanted, written: Written) -> Look:
    """Compares the day's items in the table with those wanted, but for those that can't be written."""
    dead = written.dead.keys()
    listed = table.ids_of_day(wanted.day)
    items: dict[str, Attributes] = {id: item for id, item in wanted.items.items() if id not in dead}
    there = table.read(sorted(items))
    puts = [Change(id, item) for id, item in items.items() if id not in there or not same(item, there[id])]
    # The index may still show what is deleted already.
    vanished = table.read(sorted(listed - items.keys() - dead))
    deletions = [Change(id, None) for id in vanished]
    return Look(puts + deletions, len(there.keys() - listed))
