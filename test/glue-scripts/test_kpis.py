"""KPIs against a plain computation of them, one play at a time."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from workbench import Workbench, csv, planned


@pytest.fixture
def bench(spark: SparkSession, tmp_path: Path) -> Workbench:
    return Workbench(spark, tmp_path)


SONGS = {
    "0000000000000000000001": ("rock", 1000, ["Ada", "Bea"]),
    "0000000000000000000002": ("rock", 2000, ["Ada"]),
    "0000000000000000000003": ("jazz", 3000, ["Çelik"]),
}


def plainly(plays: set[tuple[int, str, str]]) -> dict[str, float]:
    """Every item but the names in the rankings."""
    items: dict[str, float] = {}
    for day in {time[:10] for _, _, time in plays}:
        of_day = [play for play in plays if play[2].startswith(day)]
        genres: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
        hours: defaultdict[int, list[int]] = defaultdict(list)
        countries: defaultdict[str, list[int]] = defaultdict(list)
        artists: Counter[str] = Counter()
        for play in of_day:
            user, track, time = play
            genres[SONGS[track][0]].append(play)
            hours[int(time[11:13])].append(user)
            countries["Norway" if user % 2 else "Chile"].append(user)
            artists.update(SONGS[track][2])
        for genre, played in genres.items():
            total, users = sum(SONGS[track][1] for _, track, _ in played), {user for user, _, _ in played}
            items[f"genre_listen_count#{day}#genre={genre}"] = len(played)
            items[f"genre_unique_listeners#{day}#genre={genre}"] = len(users)
            items[f"genre_total_listening_ms#{day}#genre={genre}"] = total
            items[f"genre_avg_listening_ms_per_user#{day}#genre={genre}"] = total / len(users)
            best = sorted(Counter(track for _, track, _ in played).items(), key=lambda item: (-item[1], item[0]))
            for rank, (_, count) in enumerate(best[:3], start=1):
                items[f"top_song#{day}#genre={genre},rank={rank}"] = count
        for rank, count in enumerate(sorted((len(played) for played in genres.values()), reverse=True), start=1):
            items[f"top_genre#{day}#rank={rank}"] = count
        for rank, count in enumerate(sorted(artists.values(), reverse=True), start=1):
            items[f"top_artist#{day}#rank={rank}"] = count
        items[f"daily_listen_count#{day}#all"] = len(of_day)
        items[f"daily_active_users#{day}#all"] = len({user for user, _, _ in of_day})
        items[f"daily_total_listening_ms#{day}#all"] = sum(SONGS[track][1] for _, track, _ in of_day)
        for hour, users_of_hour in hours.items():
            items[f"hourly_listen_count#{day}#hour={hour}"] = len(users_of_hour)
            items[f"hourly_active_users#{day}#hour={hour}"] = len(set(users_of_hour))
        for country, users_of_country in countries.items():
            items[f"country_listen_count#{day}#country={country}"] = len(users_of_country)
            items[f"country_active_users#{day}#country={country}"] = len(set(users_of_country))
    return items


def some_plays(seed: int, count: int) -> list[str]:
    chosen = random.Random(seed)
    return [
        f"{chosen.randint(1, 9)},{chosen.choice(list(SONGS))},2024-07-0{chosen.randint(1, 3)} "
        f"{chosen.randint(0, 23):02}:{chosen.randint(0, 5):02}:00"
        for _ in range(count)
    ]


def parsed(lines: list[str]) -> set[tuple[int, str, str]]:
    return {(int(user), track, time) for user, track, time in (line.split(",") for line in lines)}


def test_kpis_equal_a_plain_computation_with_plays_repeated_within_and_between_files(bench: Workbench) -> None:
    one, two = some_plays(1, 300), some_plays(2, 300)
    report = bench.validate(bench.file("a.csv", csv(*one, *one[:50])), bench.file("b.csv", csv(*two, *one[50:90])))
    computed = bench.compute(planned(report))
    assert {id: row.value for id, row in computed["items"].items()} == plainly(parsed(one + two))
    assert sum(day["plays"] for day in computed["days"].values()) == len(parsed(one + two))


def test_rows_of_a_withdrawn_source_do_not_count_but_what_another_source_brought_too_does(bench: Workbench) -> None:
    one, two = some_plays(3, 100), some_plays(4, 100)
    kept, gone = bench.file("a.csv", csv(*one)), bench.file("b.csv", csv(*two, *one[:30]))
    report = bench.validate(gone, kept)
    computed = bench.compute(planned(report, sources=[kept["id"]], retired=[gone["id"]]))
    assert {id: row.value for id, row in computed["items"].items()} == plainly(parsed(one))


def test_a_day_that_has_lost_its_plays_has_no_items(bench: Workbench) -> None:
    computed = bench.compute([{"day": "2024-07-01", "edition": 2, "parts": [], "sources": [], "retired": ["x"]}])
    assert computed["items"] == {}
    assert computed["days"]["2024-07-01"]["plays"] == 0


def test_rankings_name_who_holds_the_rank_and_break_ties_by_name(bench: Workbench) -> None:
    lines = [f"{n},{track},2024-07-01 10:00:0{n}" for n in (1, 2) for track in SONGS]
    items = bench.compute(planned(bench.validate(bench.file("a.csv", csv(*lines)))))["items"]
    named = {id: json.loads(row.metadata) for id, row in items.items() if row.metric_type.startswith("top_")}
    assert named["top_song#2024-07-01#genre=rock,rank=1"]["track_id"] == "0000000000000000000001"
    assert named["top_song#2024-07-01#genre=rock,rank=1"]["track_name"] == 'A, "B"'
    assert named["top_genre#2024-07-01#rank=1"] == {"genre": "rock"}
    assert [named[f"top_artist#2024-07-01#rank={rank}"]["artist"] for rank in (1, 2, 3)] == ["Ada", "Bea", "Çelik"]
