"""Days of random plays against a plain computation: every item, whatever the plays are spread over."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import duckdb
import pytest

from music_streaming.errors import ReferenceDataError
from support.plain_kpis import PlainItem, Play, plain_items
from support.rows import track
from support.world import Report, Song, World, songs_csv, users_csv

GENRES = 70
"""More than the bits of one number."""

DAYS = ["2024-06-24", "2024-06-25", "2024-06-26"]

Row = tuple[Play, str]
"""A play and its source."""

_files = count(1)


def make_songs(dice: random.Random) -> list[Song]:
    names = [f"Artist {n}" for n in range(12)] + ["Ünal", "artist 1", "Zoë", "中島"]
    songs = []
    for n in range(160):
        credited = [dice.choice(names) for _ in range(dice.randrange(5))]
        artists = dice.choice([";", "; ", " ;"]).join(credited)
        songs.append(Song(track(n), f'"{n}", a song', artists, f"genre {n % GENRES:02d}", dice.randrange(1, 400_000)))
    return songs


DICE = random.Random(3)
SONGS = make_songs(DICE)
COUNTRIES = {user: DICE.choice(["Chile", "Côte d'Ivoire", "Åland", "Zambia"]) for user in range(1, 26)}


def make_plays(dice: random.Random, number: int, day: str) -> list[Play]:
    """Few songs are heard often and many seldom, so that there are ties of every kind."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return [
        Play(
            dice.choice(list(COUNTRIES)),
            dice.choice(SONGS[: dice.choice([5, 40, 160])]).track_id,
            start + timedelta(seconds=dice.randrange(86_400)),
        )
        for _ in range(number)
    ]


class Parts:
    """Parts of days, written as the validation writes them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def write(self, rows: Sequence[Row]) -> Report:
        path = Path(self._world.write(f"validated/plays/{next(_files)}.parquet", ""))
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(
                "CREATE TABLE plays (user_id BIGINT, track_id VARCHAR, listen_time TIMESTAMPTZ, source VARCHAR)"
            )
            values = [(play.user, play.track_id, play.time, source) for play, source in rows]
            connection.executemany("INSERT INTO plays VALUES (?, ?, ?, ?)", values)
            connection.execute(f"COPY plays TO '{path}' (FORMAT parquet)")
        return {"files": [str(path)], "rows": len(rows), "distinctPlays": len({play for play, _source in rows})}

    def day(self, day: str, parts: Sequence[Sequence[Row]], retired: Sequence[str] = ()) -> Report:
        sources = {source for rows in parts for _play, source in rows}
        return {
            "day": day,
            "edition": 2,
            "parts": [self.write(rows) for rows in parts],
            "sources": sorted(sources - set(retired)),
            "retired": list(retired),
        }


def cut(dice: random.Random, rows: Sequence[Row], pieces: int) -> list[list[Row]]:
    parts: list[list[Row]] = [[] for _ in range(pieces)]
    for row in rows:
        dice.choice(parts).append(row)
    return [part for part in parts if part]


def written_items(world: World, report: Report) -> dict[str, PlainItem]:
    return {
        id: PlainItem(item["value"], item["metadata"])
        for day in report["days"]
        for id, item in world.items(report, day["day"]).items()
    }


@pytest.fixture(scope="module")
def parts(shared_world: World) -> Parts:
    shared_world.reference = shared_world.deliver_reference(songs_csv(SONGS), users_csv(COUNTRIES), "random")
    return Parts(shared_world)


@pytest.mark.parametrize("few", [200_000, 0], ids=["few plays", "many plays"])
def test_every_item_of_every_day_is_what_a_plain_computation_gives(
    shared_world: World, parts: Parts, patch: pytest.MonkeyPatch, few: int
) -> None:
    patch.setattr("compute_kpis.FEW_PLAYS", few)
    dice = random.Random(11)
    counted: list[Play] = []
    days = []
    for day, number in zip(DAYS, (700, 300, 2), strict=True):
        plays = make_plays(dice, number, day)
        rows = [(play, dice.choice(["a", "b"])) for play in plays]
        again = [(play, dice.choice(["a", "b", "c"])) for play in dice.choices(plays, k=number // 3)]
        withdrawn = [(play, "gone") for play in [*make_plays(dice, number // 4, day), *plays[: number // 5]]]
        counted += plays
        days.append(parts.day(day, cut(dice, [*rows, *again, *withdrawn], 3), retired=["gone"] if withdrawn else []))
    report = shared_world.compute(days)
    assert written_items(shared_world, report) == plain_items(counted, SONGS, COUNTRIES)
    assert [day["plays"] for day in report["days"]] == [
        len({play for play in counted if play.day == day}) for day in DAYS
    ]


def test_items_do_not_depend_on_how_the_plays_are_spread(shared_world: World, parts: Parts) -> None:
    dice = random.Random(12)
    plays = list(dict.fromkeys(make_plays(dice, 200, DAYS[0])))
    rows = [(play, "a") for play in plays]
    alone = shared_world.compute([parts.day(DAYS[0], [rows])])
    dice.shuffle(rows)
    spread = parts.day(DAYS[0], [*cut(dice, rows, 4), [(play, "b") for play in plays[:50]]])
    # Beside another day, of which nothing is known of this one.
    other = parts.day(DAYS[1], [[(play, "a") for play in make_plays(dice, 50, DAYS[1])]])
    beside = shared_world.compute([other, spread])
    assert beside["days"][1]["digest"] == alone["days"][0]["digest"]
    assert shared_world.items(beside, DAYS[0]) == shared_world.items(alone, DAYS[0])
    assert alone["days"][0]["items"] > 0
    assert beside["days"][0]["digest"] != alone["days"][0]["digest"]


def test_a_day_without_plays_left_has_no_items(shared_world: World, parts: Parts) -> None:
    rows = [(play, "a") for play in make_plays(random.Random(13), 20, DAYS[0])]
    emptied = parts.day(DAYS[0], [rows], retired=["a"])
    kept = parts.day(DAYS[1], [[(play, "a") for play in make_plays(random.Random(14), 20, DAYS[1])]])
    report = shared_world.compute([emptied, kept])
    assert [(day["plays"], day["items"] > 0) for day in report["days"]] == [(0, False), (20, True)]
    assert report["days"][0]["files"] == []


def test_the_last_source_of_the_only_day_withdrawn_leaves_nothing(shared_world: World, parts: Parts) -> None:
    rows = [(play, "a") for play in make_plays(random.Random(15), 5, DAYS[0])]
    report = shared_world.compute([parts.day(DAYS[0], [rows], retired=["a"])])
    assert [(day["plays"], day["items"], day["files"]) for day in report["days"]] == [(0, 0, [])]


@pytest.mark.parametrize(
    ("songs", "users", "message"),
    [
        (SONGS[1:], COUNTRIES, "of 3 accepted plays of 2024-06-24, 2 are of songs and 0 of users"),
        (SONGS, {user: land for user, land in COUNTRIES.items() if user != 7}, "0 are of songs and 1 of users"),
    ],
    ids=["songs", "users"],
)
def test_plays_are_never_left_out_because_the_reference_data_shrank(
    shared_world: World, parts: Parts, songs: list[Song], users: dict[int, str], message: str
) -> None:
    time = datetime.fromisoformat(DAYS[0]).replace(tzinfo=UTC)
    plays = [Play(1, track(0), time), Play(2, track(0), time), Play(7, track(1), time)]
    reference = shared_world.deliver_reference(songs_csv(songs), users_csv(users), "shrunk")
    with pytest.raises(ReferenceDataError, match=f"{message}.*version shrunk"):
        shared_world.compute([parts.day(DAYS[0], [[(play, "a") for play in plays]])], reference)
