"""Whether the scripts and DuckDB found the same: every count of the validation, every item of the KPIs.

    python compare.py DUCKDB_JSON VALIDATION_REPORT KPI_REPORT [--days-of-kpis-only]

Prints what differs and ends with 1, or prints how much was compared.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import duckdb

# Relative; the averages are the only values that are not whole, and both sides divide doubles.
TOLERANCE = 1e-12

Items = dict[str, tuple[float, str]]
"""Value, and for rankings who it is, by id."""


def expected_items(kpis: dict[str, list[list[Any]]]) -> Items:
    items: Items = {}

    def add(metric: str, day: str, dimensions: str, value: float, who: str = "") -> None:
        items[f"{metric}#{day}#{dimensions or 'all'}"] = (value, who)

    by_day: dict[str, list[tuple[int, str]]] = {}
    for day, genre, listens, listeners, total in kpis["genres"]:
        of_genre = f"genre={genre}"
        add("genre_listen_count", day, of_genre, listens)
        add("genre_unique_listeners", day, of_genre, listeners)
        add("genre_total_listening_ms", day, of_genre, total)
        add("genre_avg_listening_ms_per_user", day, of_genre, total / listeners)
        by_day.setdefault(day, []).append((-listens, genre))
    for day, genres in by_day.items():
        for rank, (listens, genre) in enumerate(sorted(genres)[:5], start=1):
            add("top_genre", day, f"rank={rank}", -listens, genre)
    for day, genre, rank, track, listens in kpis["songs"]:
        add("top_song", day, f"genre={genre},rank={rank}", listens, track)
    for day, rank, artist, listens in kpis["artists"]:
        add("top_artist", day, f"rank={rank}", listens, artist)
    for day, listens, users, total in kpis["days"]:
        add("daily_listen_count", day, "", listens)
        add("daily_active_users", day, "", users)
        add("daily_total_listening_ms", day, "", total)
    for day, hour, listens, users in kpis["hours"]:
        add("hourly_listen_count", day, f"hour={hour}", listens)
        add("hourly_active_users", day, f"hour={hour}", users)
    for day, country, listens, users in kpis["countries"]:
        add("country_listen_count", day, f"country={country}", listens)
        add("country_active_users", day, f"country={country}", users)
    return items


def written_items(report: dict[str, Any]) -> Items:
    files = [file["key"] for day in report["days"] for file in day["files"]]
    rows = duckdb.execute("select id, value, metadata from read_parquet($files)", {"files": files}).fetchall()
    items: Items = {}
    for item, value, metadata in rows:
        named = json.loads(metadata)
        # A song's metadata names its genre and artists too; what tells it from others is its id.
        items[item] = (value, next((named[key] for key in ("track_id", "artist", "genre") if key in named), ""))
    return items


def differences(expected: Items, found: Items) -> list[str]:
    wrong = [f"missing: {item}" for item in expected.keys() - found.keys()]
    wrong += [f"not expected: {item}" for item in found.keys() - expected.keys()]
    for item in expected.keys() & found.keys():
        (value, who), (other, whose) = expected[item], found[item]
        if who != whose or abs(value - other) > TOLERANCE * abs(value):
            wrong.append(f"{item}: DuckDB has {value} {who}, the scripts {other} {whose}")
    return sorted(wrong)


def read(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("expected")
    parser.add_argument("validation")
    parser.add_argument("kpis")
    parser.add_argument("--days-of-kpis-only", action="store_true", help="compare the KPIs of the report's days alone")
    arguments = parser.parse_args()
    expected, validation, kpis = read(arguments.expected), read(arguments.validation), read(arguments.kpis)
    days = {day["day"] for day in kpis["days"]}
    items = expected_items(expected["kpis"])
    wrong: list[str] = []
    if arguments.days_of_kpis_only:
        items = {item: value for item, value in items.items() if item.split("#")[1] in days}
    else:
        reasons = {reason: rows for reason, rows in validation["firstReasons"].items() if rows}
        for what, theirs, ours in (
            ("rows", expected["rows"], validation["rows"]),
            ("first reasons", expected["firstReasons"], reasons),
        ):
            if theirs != ours:
                wrong.append(f"{what}: DuckDB has {theirs}, the scripts {ours}")
    wrong += differences(items, written_items(kpis))
    if wrong:
        raise SystemExit("\n".join([f"{len(wrong)} differences", *wrong[:20]]))
    print(f"{len(items)} items of {len(days)} days are equal")


if __name__ == "__main__":
    main()
