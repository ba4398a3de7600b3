"""Days and hours of plays, as numbers.

Formatting a date costs more than all else that is done with a play, so plays are grouped by hours since 1970, and the
driver names the days of the few groups that come out. All of it is UTC.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

EPOCH = date(1970, 1, 1)

HOUR_MICROSECONDS = 3_600_000_000


def epoch_hour(time: str) -> Column:
    """Whole hours from 1970 to the time in this column, negative before it."""
    return _whole(f"unix_micros({time})", HOUR_MICROSECONDS)


def day_of(time: str) -> Column:
    """Days from 1970 to the time in this column, negative before it."""
    return _whole(f"unix_micros({time})", 24 * HOUR_MICROSECONDS)


def epoch_day(hour: str) -> Column:
    """Days since 1970 of hours since 1970 in this column."""
    return _whole(hour, 24)


def _whole(number: str, unit: int) -> Column:
    # Taking off the remainder first rounds down, where the division alone would round towards 1970.
    return F.expr(f"cast(({number} - pmod({number}, {unit})) div {unit} as int)")


def day_name(day: int) -> str:
    """`YYYY-MM-DD` of days since 1970."""
    return (EPOCH + timedelta(days=day)).isoformat()


def day_number(name: str) -> int:
    """The inverse of `day_name`."""
    return (date.fromisoformat(name) - EPOCH).days
