"""A day that is small enough to be counted by hand, from the delivered file to the items."""

from __future__ import annotations

from typing import Any

import pytest

from support.kpi_table import KpiTable
from support.rows import DAY, lines, track
from support.world import Report, Song, World, planned_day, songs_csv, users_csv

SONGS = [
    Song(track(1), 'Åse, or "The Storm"', "Ada;Bea", "folk", 200_000),
    Song(track(2), "Two", "Ada; Ada ;;Çelik", "folk", 100_000),
    Song(track(3), "Three", "Bea", "folk", 60_001),
    Song(track(4), "Four", "Dee", "folk", 1_000),
    Song(track(5), "Five", "", "jazz", 300_000),
    Song(track(6), "Never played", "Eve", "techno", 300_000),
]
COUNTRIES = {1: "Norway", 2: "Norway", 3: "Côte d'Ivoire"}

PLAYS = [
    f"1,{track(1)},{DAY} 00:00:00",
    f"2,{track(1)},{DAY} 00:00:00",
    f"1,{track(2)},{DAY} 00:59:59",
    f"1,{track(2)},{DAY} 01:00:00",
    f"3,{track(3)},{DAY} 23:59:59",
    f"3,{track(4)},{DAY} 23:59:59",
    f"1,{track(5)},{DAY} 13:00:00",
    # Delivered again: counts once.
    f"1,{track(1)},{DAY} 00:00:00",
    # Not accepted: counts nowhere.
    f"1,{track(99)},{DAY} 05:00:00",
    f"99,{track(1)},{DAY} 05:00:00",
]

VALUES: dict[str, float] = {
    "genre_listen_count": {"genre=folk": 6, "genre=jazz": 1},
    "genre_unique_listeners": {"genre=folk": 3, "genre=jazz": 1},
    "genre_total_listening_ms": {"genre=folk": 661_001, "genre=jazz": 300_000},
    "genre_avg_listening_ms_per_user": {"genre=folk": 661_001 / 3, "genre=jazz": 300_000},
    "top_song": {
        "genre=folk,rank=1": 2,
        "genre=folk,rank=2": 2,
        "genre=folk,rank=3": 1,
        "genre=jazz,rank=1": 1,
    },
    "top_genre": {"rank=1": 6, "rank=2": 1},
    "top_artist": {"rank=1": 4, "rank=2": 3, "rank=3": 2, "rank=4": 1},
    "daily_listen_count": {"all": 7},
    "daily_active_users": {"all": 3},
    "daily_total_listening_ms": {"all": 961_001},
    "hourly_listen_count": {"hour=0": 3, "hour=1": 1, "hour=13": 1, "hour=23": 2},
    "hourly_active_users": {"hour=0": 2, "hour=1": 1, "hour=13": 1, "hour=23": 1},
    "country_listen_count": {"country=Norway": 5, "country=Côte d'Ivoire": 2},
    "country_active_users": {"country=Norway": 2, "country=Côte d'Ivoire": 1},
}


@pytest.fixture(scope="module")
def computed(shared_world: World) -> tuple[World, Report]:
    reference = shared_world.deliver_reference(songs_csv(SONGS), users_csv(COUNTRIES), "by-hand")
    # The second file repeats some of the first, so the plays that count stand in several sources.
    files = {"a.csv": lines(*PLAYS), "b.csv": lines(*PLAYS[2:5])}
    validation = shared_world.validate(files, reference=reference)
    assert (validation.counts("a.csv"), validation.counts("b.csv")) == ((7, 1, 0, 2), (0, 3, 0, 0))
    return shared_world, shared_world.compute([planned_day(validation, edition=4)], reference)


@pytest.fixture(scope="module")
def items(computed: tuple[World, Report]) -> dict[str, dict[str, Any]]:
    world, report = computed
    return world.items(report)


def test_every_metric_is_what_counting_by_hand_gives(items: dict[str, dict[str, Any]]) -> None:
    by_hand = {
        f"{metric}#{DAY}#{dimensions}": value
        for metric, values in VALUES.items()
        for dimensions, value in values.items()
    }
    assert {id: item["value"] for id, item in items.items()} == by_hand


def test_rankings_tell_who_it_is(items: dict[str, dict[str, Any]]) -> None:
    songs = [items[f"top_song#{DAY}#genre=folk,rank={rank}"]["metadata"] for rank in (1, 2, 3)]
    # Two plays each for 1 and 2, one each for 3 and 4: the lower track id is first.
    assert [song["track_id"] for song in songs] == [track(1), track(2), track(3)]
    assert songs[0] == {
        "track_id": track(1),
        "track_name": 'Åse, or "The Storm"',
        "artists": "Ada;Bea",
        "genre": "folk",
    }
    genres = [items[f"top_genre#{DAY}#rank={rank}"]["metadata"] for rank in (1, 2)]
    assert genres == [{"genre": "folk"}, {"genre": "jazz"}]
    artists = [items[f"top_artist#{DAY}#rank={rank}"]["metadata"]["artist"] for rank in (1, 2, 3, 4)]
    assert artists == ["Ada", "Bea", "Çelik", "Dee"]


def test_dimensions_and_metric_are_attributes_too(items: dict[str, dict[str, Any]]) -> None:
    top = items[f"top_song#{DAY}#genre=folk,rank=2"]
    assert (top["metric_type"], top["date"], top["dimensions"]) == ("top_song", DAY, {"genre": "folk", "rank": 2})
    assert items[f"hourly_listen_count#{DAY}#hour=13"]["dimensions"] == {"hour": 13}
    assert items[f"country_active_users#{DAY}#country=Côte d'Ivoire"]["dimensions"] == {"country": "Côte d'Ivoire"}
    daily = items[f"daily_listen_count#{DAY}#all"]
    assert (daily["dimensions"], daily["metadata"]) == ({}, {})


@pytest.mark.usefixtures("aws")
def test_the_table_holds_what_was_computed(computed: tuple[World, Report], kpi_table: KpiTable) -> None:
    world, report = computed
    [day] = report["days"]
    planned = {name: day[name] for name in ("day", "edition", "items", "digest")}
    files = [file["key"] for file in day["files"]]
    loaded = world.load([{**planned, "files": files}], kpi_table.name)
    assert [(each["outcome"], each["verified"]) for each in loaded["days"]] == [("loaded", True)]
    assert kpi_table.values() == {id: item["value"] for id, item in world.items(report).items()}
    assert kpi_table.edition() == 4


def test_the_report_says_what_was_counted_and_where_it_is(computed: tuple[World, Report]) -> None:
    _world, report = computed
    [day] = report["days"]
    assert (day["day"], day["edition"], day["plays"], day["items"]) == (DAY, 4, 7, sum(map(len, VALUES.values())))
    [file] = day["files"]
    assert f"/kpis/listen_date={DAY}/edition=4/{report['jobRunId']}" in file["key"]
    assert report["referenceVersion"] == "by-hand"
