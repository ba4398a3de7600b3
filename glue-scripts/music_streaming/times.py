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
    micros = f"unix_micros({time})"
    # Taking off the remainder first rounds down, where the division alone would round towards 1970.
    return F.expr(f"cast(({micros} - pmod({micros}, {HOUR_MICROSECONDS}L)) div {HOUR_MICROSECONDS}L as int)")


def epoch_day(hour: str) -> Column:
    """Days since 1970 of hours since 1970 in this column."""
    return F.expr(f"cast(({hour} - pmod({hour}, 24)) div 24 as int)")


def day_name(day: int) -> str:
    """`YYYY-MM-DD` of days since 1970."""
    return (EPOCH + timedelta(days=day)).isoformat()
