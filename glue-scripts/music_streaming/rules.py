"""The rule table: what makes a row rejected or puts it under review. All rules are evaluated in one pass.

The order of the table is the order in which reports name the first reason of a row. A change of the table is a new
`RULE_VERSION`, which is part of every result.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add, and_
from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

RULE_VERSION = "4"

WELL_FORMED_TRACK_ID = "[0-9A-Za-z]{22}"
# Java's `$` also matches ahead of a line separator at the end, such as U+0085; `\z` is the very end.
TRACK_ID = rf"^{WELL_FORMED_TRACK_ID}\z"

# ISO 8601 with a date, a time and perhaps a zone; seconds and their fraction may be missing. Spark reads all of it but
# a decimal comma, a small z, and a zone right after the minutes.
ISO_TIME = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([zZ]| ?[+-]\d{2}(:?\d{2})?)?\z"
MINUTES_THEN_ZONE = r"^(.{16})(?=[Z +-])"

# The first day that has a name: with it in the year 0, or brought there by its zone, a time is none.
EARLIEST = "timestamp'0001-01-01 00:00:00'"


MISSING = "coalesce({}, '') = ''"
GIVEN = "coalesce({}, '') <> ''"

# A known track is well-formed, so only unknown ones cost the look at their characters. In a branch of its own: what two
# rules have in common is evaluated ahead of both, whatever stands before an `and`.
WELL_FORMED = f"case when song is null then track_text rlike r'{TRACK_ID}' else false end"


@dataclass(frozen=True)
class Rule:
    id: str
    column: Literal["user_id", "track_id", "listen_time"]
    action: Literal["reject", "review"]
    predicate: str
    """True where the row breaks the rule, never null: SQL over its columns, which `broken_rules` names."""
    description: str


RULES: tuple[Rule, ...] = (
    Rule("missing_user_id", "user_id", "reject", MISSING.format("user_text"), "user_id is given"),
    Rule("missing_track_id", "track_id", "reject", MISSING.format("track_text"), "track_id is given"),
    Rule("missing_listen_time", "listen_time", "reject", MISSING.format("time_text"), "listen_time is given"),
    Rule(
        "bad_listen_time",
        "listen_time",
        "reject",
        f"{GIVEN.format('time_text')} and (listen_time is null or listen_time < {EARLIEST})",
        "listen_time is YYYY-MM-DD HH:MM:SS or ISO 8601",
    ),
    Rule(
        "bad_user_id",
        "user_id",
        "reject",
        f"{GIVEN.format('user_text')} and user_id is null",
        "user_id is a positive integer",
    ),
    Rule(
        "bad_track_id",
        "track_id",
        "reject",
        f"{GIVEN.format('track_text')} and song is null and not {WELL_FORMED}",
        "track_id is 22 base62 characters",
    ),
    Rule(
        "future_listen_time",
        "listen_time",
        "reject",
        "coalesce(listen_time > now, false)",
        "listen_time is not after the run's start",
    ),
    Rule(
        "unknown_track",
        "track_id",
        "review",
        f"{GIVEN.format('track_text')} and song is null and {WELL_FORMED}",
        "track_id is among the songs",
    ),
    Rule("unknown_user", "user_id", "review", "user_id is not null and user is null", "user_id is among the users"),
)

REASONS: tuple[str, ...] = tuple(rule.id for rule in RULES)


def broken_rules() -> Column:
    """The broken rules as bits of an int, rule 0 the lowest; 0 for an accepted row.

    Columns of a row: user_text, track_text and time_text as read; user_id and listen_time, null where the text is none;
    song and user, null where unknown; now.
    """
    bits = [F.when(F.expr(rule.predicate), F.lit(1 << bit)).otherwise(F.lit(0)) for bit, rule in enumerate(RULES)]
    return reduce(add, bits)


def reasons_of(mask: int) -> list[str]:
    """The ids of the rules in a mask, in the table's order."""
    return [rule.id for bit, rule in enumerate(RULES) if mask & (1 << bit)]


def is_rejected(mask: int) -> bool:
    return any(mask & (1 << bit) for bit, rule in enumerate(RULES) if rule.action == "reject")


def parse_user_id(column: str) -> Column:
    """The column's text as a positive 64-bit integer, else null. Leading zeros are the same number.

    The conversion takes nothing but digits after a sign and between control characters, so the first and the last
    character tell the rest; a pattern would cost more than the conversion itself.
    """
    number = F.expr(f"try_cast({column} as bigint)")
    starts_with_digit = (F.col(column) >= "0") & (F.col(column) < ":")
    ends_with_digit = _is_digit(_byte(F.col(column), -1))
    return F.when(starts_with_digit & ends_with_digit & (number > 0), number)


def parse_listen_time(column: str) -> Column:
    """The column's text as a time, else null. No zone means UTC, which is the session's zone.

    The common form is told by its length, three separators and a digit at its end, because a pattern on every row would
    cost more than the conversion itself; with them there the conversion can't read anything but two digits between
    them. They are looked up as bytes: to find a character, Spark counts all of the text's.
    """
    text = F.col(column)
    separators = [_byte(text, 5) == b"-", _byte(text, 14) == b":", _byte(text, 17) == b":"]
    ends_with_digit = _is_digit(_byte(text, 19))
    common = reduce(and_, separators, F.octet_length(text) == 19) & ends_with_digit
    as_time = F.expr(f"try_cast({column} as timestamp)")
    as_iso_time = F.try_to_timestamp(F.regexp_replace(F.translate(text, ",z", ".Z"), MINUTES_THEN_ZONE, "$1:00"))
    return F.when(common, as_time).when(text.rlike(ISO_TIME), as_iso_time)


def _byte(text: Column, place: int) -> Column:
    return F.substring(text.cast("binary"), place, 1)


def _is_digit(byte: Column) -> Column:
    return (byte >= b"0") & (byte < b":")


def literal_time(iso: str) -> Column:
    at = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    return F.timestamp_micros(F.lit(int(at.timestamp() * 1_000_000)))
