"""Which forms of a time, a user id and a track id are read, and as what."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from support.rows import lines, track
from support.world import TRACKS, USERS, Validation, World

# Text of the time, and the UTC time it is read as; None where it is refused.
TIMES: dict[str, str | None] = {
    "2024-06-25 12:30:45": "2024-06-25 12:30:45",
    "2024-06-25T12:30:45": "2024-06-25 12:30:45",
    "2024-06-25T12:30:45Z": "2024-06-25 12:30:45",
    "2024-06-25 12:30:45Z": "2024-06-25 12:30:45",
    "2024-06-25T12:30:45.5Z": "2024-06-25 12:30:45.500000",
    "2024-06-25T12:30:45.123456": "2024-06-25 12:30:45.123456",
    "2024-06-25T12:30:45.123456789Z": "2024-06-25 12:30:45.123456",
    "2024-06-25T12:30:45,5Z": "2024-06-25 12:30:45.500000",
    "2024-06-25T12:30:45.5z": "2024-06-25 12:30:45.500000",
    "2024-06-25T12:30": "2024-06-25 12:30:00",
    "2024-06-25T12:30Z": "2024-06-25 12:30:00",
    "2024-06-25 12:30+02:00": "2024-06-25 10:30:00",
    "2024-06-25 12:30:45 +02:00": "2024-06-25 10:30:45",
    "2024-06-25T12:30:45+02:00": "2024-06-25 10:30:45",
    "2024-06-25T12:30:45-0530": "2024-06-25 18:00:45",
    "2024-06-25T12:30:45+02": "2024-06-25 10:30:45",
    "2024-06-25T00:00:00Z": "2024-06-25 00:00:00",
    "2024-06-25T00:00:00+01:00": "2024-06-24 23:00:00",
    "2024-06-25T23:59:59-01:00": "2024-06-26 00:59:59",
    "2024-02-29 00:00:00": "2024-02-29 00:00:00",
    "1969-12-31 23:59:59": "1969-12-31 23:59:59",
    "1899-12-31 12:00:00": "1899-12-31 12:00:00",
    "1582-10-10 12:00:00": "1582-10-10 12:00:00",
    "0001-01-01 00:00:00": "0001-01-01 00:00:00",
    "0001-01-01T00:00:00+01:00": None,
    "0000-12-31 00:00:00": None,
    "2024": None,
    "2024-06": None,
    "2024-06-25": None,
    "12:00:00": None,
    "T12:00:00": None,
    "2024-6-5 1:2:3": None,
    "2024-06-25 1:02:03": None,
    "2024-06-25 12:30:45 PM": None,
    "2024-02-30 12:00:00": None,
    "2023-02-29 12:00:00": None,
    "2024-13-01 12:00:00": None,
    "2024-00-10 12:00:00": None,
    "2024-06-25 24:00:00": None,
    "2024-06-25 12:60:00": None,
    "2024-06-25 23:59:60": None,
    "2024-06-25T12:30:45+25:00": None,
    "2024-06-25T12:30:45 Europe/Berlin": None,
    "2024-06-25 12:30:4Z": None,
    "2024-06-25 12:30:4\t": None,
    "2024-06-25 12:30:4.": None,
    "2024-06-25 12:30:45\0": None,
    "2024-06-25 12:30:\x005": None,
    "\x002024-06-25 12:30:45": None,
    "2024/06/25 12:30:45": None,
    "25.06.2024 12:30:45": None,
    "1719318645": None,
    "20240625T123045Z": None,
    "+2024-06-25 12:30:45": None,
    "now": None,
    "NULL": None,
    "２０２４-06-25 12:30:45": None,
}

# Text of the user id, and the number; None where it is refused.
USER_IDS: dict[str, int | None] = {
    "5": 5,
    "0005": 5,
    "50": 50,
    "0": None,
    "-1": None,
    "+5": None,
    "1.0": None,
    "12345.0": None,
    "5e0": None,
    "0x5": None,
    "5L": None,
    "5 0": None,
    "5_0": None,
    "5\t": None,
    "\t5": None,
    "5\0": None,
    "5\x000": None,
    "5\x1f": None,
    "５": None,
    "12345678901234567890": None,
    "9223372036854775808": None,
    "user-5": None,
    "null": None,
    "NaN": None,
}

TRACK_IDS: dict[str, bool] = {
    track(3): True,
    track(3)[1:]: False,
    "0" + track(3): False,
    track(3)[:10] + "-" + track(3)[11:]: False,
    track(3)[:10] + "_" + track(3)[11:]: False,
    track(3)[:10] + "é" + track(3)[11:]: False,
    track(3)[:10] + " " + track(3)[11:]: False,
    track(3) + "\0": False,
    track(3)[:10] + "\0" + track(3)[11:]: False,
    track(3) + "\u0085": False,
    track(3) + "\u2028": False,
    "null": False,
    f"spotify:track:{track(3)}": False,
    f"https://open.spotify.com/track/{track(3)}": False,
}

# What stands around the fields of one and the same play.
WRAPPINGS = [
    "{user},{song},{time}",
    " {user} , {song} , {time} ",
    '"{user}","{song}","{time}"',
    ' "{user}" ,{song}, " {time} " ',
    '{user},"{song}",{time}',
    '{user},{song},{time},"an extra field, with a comma"',
    '{user},{song},{time},"an extra ""quote"", and a comma"',
]

TIME_PATTERN = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::(\d\d)(\.\d+)?)?([zZ]| ?[+-]\d\d(?::?\d\d)?)?", re.ASCII
)


def near_times(count: int) -> list[str]:
    """Texts that differ from a time in a character or two, most of them not times any more."""
    dice = random.Random(20240625)
    found: set[str] = set()
    while len(found) < count:
        text = list(dice.choice(["2024-06-25 12:30:45", "2024-06-25T03:04:05", "2024-01-31 23:59:59"]))
        for _ in range(dice.choice([1, 1, 2, 3])):
            # Seldom in the year and the month: each day that comes out is written as one.
            at = dice.randrange(0 if dice.random() < 0.1 else 7, len(text))
            match dice.randrange(4):
                case 0:
                    del text[at]
                case 1:
                    text.insert(at, dice.choice("0123456789-: TZ+.tz"))
                case _:
                    text[at] = dice.choice("0123456789-: TZ+.tzé")
        found.add("".join(text).strip())
    return sorted(found)


def read_by_hand(text: str) -> str | None:
    """The UTC time, read by other means than the scripts'; None where the text is none."""
    match = TIME_PATTERN.fullmatch(text)
    if match is None:
        return None
    day, time, seconds, fraction, zone = match.groups()
    try:
        value = datetime.strptime(f"{day} {time}:{seconds or '00'}", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    value += timedelta(seconds=float(f"0{fraction or ''}"))
    if zone is not None and zone not in "zZ":
        sign, digits = zone.strip()[0], zone.strip()[1:].replace(":", "").ljust(4, "0")
        hours, minutes = int(digits[:2]), int(digits[2:])
        # The widest offset of java.time.
        if hours * 60 + minutes > 18 * 60 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        value = value.replace(tzinfo=timezone(-offset if sign == "-" else offset)).astimezone(UTC)
    return value.strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")


NEAR_TIMES = near_times(600)


def numbered(texts: list[str]) -> str:
    """A file that tells by user and track which text a play came from."""
    assert len(texts) <= USERS * TRACKS
    return lines(*(f'{1 + n // TRACKS},{track(1 + n % TRACKS)},"{text}"' for n, text in enumerate(texts)))


def read_as(validation: Validation, key: str, texts: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(texts)
    for user, track_id, time in validation.plays(key):
        found[texts[(user - 1) * TRACKS + int(track_id) - 1]] = time
    return found


@pytest.fixture(scope="module")
def forms(shared_world: World) -> Validation:
    second = iter(range(60))
    wrapped = [
        wrapping.format(user=9, song=track(9), time=f"2024-06-20 10:00:{next(second):02d}") for wrapping in WRAPPINGS
    ]
    return shared_world.validate(
        {
            "times.csv": numbered(list(TIMES)),
            "near-times.csv": numbered(NEAR_TIMES),
            "users.csv": lines(*(f"{user},{track(1)},2024-06-21 00:00:{n:02d}" for n, user in enumerate(USER_IDS))),
            "tracks.csv": lines(*(f"1,{song},2024-06-22 00:00:{n:02d}" for n, song in enumerate(TRACK_IDS))),
            "wrapped.csv": lines(*wrapped, header="user_id,track_id,listen_time,note"),
        },
        # No time is in the future.
        now="9999-12-31T23:59:59Z",
    )


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_read_as_utc_or_refused(forms: Validation, text: str) -> None:
    assert read_as(forms, "times.csv", list(TIMES))[text] == TIMES[text]


def test_times_that_are_refused_are_bad_times(forms: Validation) -> None:
    refused = sum(time is None for time in TIMES.values())
    assert forms.reasons("times.csv") == {"bad_listen_time": refused}


def test_nothing_but_a_time_is_read_as_one(forms: Validation) -> None:
    read = read_as(forms, "near-times.csv", NEAR_TIMES)
    accepted = {text: time for text, time in read.items() if time is not None}
    assert accepted == {text: read_by_hand(text) for text in accepted}
    assert {text for text in NEAR_TIMES if read_by_hand(text)} <= accepted.keys()
    assert 20 < len(accepted) < len(NEAR_TIMES) - 20


def test_a_time_belongs_to_its_day_in_utc(forms: Validation) -> None:
    days = forms.file("times.csv")["days"]
    assert (days["2024-06-24"], days["2024-06-26"], days["0001-01-01"]) == (1, 1, 1)


def test_a_user_id_is_a_positive_whole_number(forms: Validation) -> None:
    read = {time: user for user, _track, time in forms.plays("users.csv")}
    for n, (text, number) in enumerate(USER_IDS.items()):
        assert read.get(f"2024-06-21 00:00:{n:02d}") == number, text
    assert forms.reasons("users.csv") == {"bad_user_id": sum(number is None for number in USER_IDS.values())}


def test_a_track_id_is_22_base62_characters(forms: Validation) -> None:
    assert [play[2] for play in forms.plays("tracks.csv")] == [
        f"2024-06-22 00:00:{n:02d}" for n, good in enumerate(TRACK_IDS.values()) if good
    ]
    assert forms.reasons("tracks.csv") == {"bad_track_id": sum(not good for good in TRACK_IDS.values())}


def test_quotes_and_spaces_around_a_field_are_not_part_of_it(forms: Validation) -> None:
    assert forms.plays("wrapped.csv") == [(9, track(9), f"2024-06-20 10:00:{n:02d}") for n in range(len(WRAPPINGS))]
