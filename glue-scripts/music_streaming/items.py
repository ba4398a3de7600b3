"""The items of a day: what stands in the table, one for each metric and its dimensions.

A day has some thousand items, so they are built here as plain values; only the aggregates behind them are Spark's.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from music_streaming.kpis import Kpis

TOP_GENRES = 5

# Order in which dimensions stand in an id.
DIMENSIONS = ("genre", "rank", "hour", "country")

SCHEMA = "id string, metric_type string, date string, value double, dimensions string, metadata string"


@dataclass(frozen=True)
class Item:
    metric_type: str
    date: str
    value: float
    """Counts and milliseconds are whole, and exact up to 2^53."""
    dimensions: dict[str, str | int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`metric_type#date#dimensions`: readable, and the same whenever it is computed."""
        named = [f"{name}={self.dimensions[name]}" for name in DIMENSIONS if name in self.dimensions]
        return f"{self.metric_type}#{self.date}#{','.join(named) or 'all'}"

    def row(self) -> tuple[str, str, str, float, str, str]:
        dimensions, metadata = _json(self.dimensions), _json(self.metadata)
        return (self.id, self.metric_type, self.date, float(self.value), dimensions, metadata)


@dataclass(frozen=True)
class Day:
    date: str
    plays: int
    items: list[Item]

    @property
    def digest(self) -> str:
        """SHA-256 over the items in the order of their ids."""
        digest = hashlib.sha256()
        for row in sorted(item.row() for item in self.items):
            digest.update(_json(row).encode())
        return digest.hexdigest()


def items_of(kpis: Kpis) -> dict[str, Day]:
    """The items of each day that has plays."""
    items: defaultdict[str, list[Item]] = defaultdict(list)
    plays: dict[str, int] = {}

    def add(metric: str, day: str, value: float, metadata: dict[str, str] | None = None, **dimensions: str | int) -> None:
        items[day].append(Item(metric, day, value, dimensions, metadata or {}))

    listeners = {(row.day, row.genre): row.listeners for row in kpis.genre_listeners.collect()}
    genres: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    milliseconds: defaultdict[str, int] = defaultdict(int)
    for row in kpis.genres.collect():
        unique = listeners[row.day, row.genre]
        add("genre_listen_count", row.day, row.listens, genre=row.genre)
        add("genre_unique_listeners", row.day, unique, genre=row.genre)
        add("genre_total_listening_ms", row.day, row.total_ms, genre=row.genre)
        add("genre_avg_listening_ms_per_user", row.day, row.total_ms / unique, genre=row.genre)
        genres[row.day].append((-row.listens, row.genre))
        milliseconds[row.day] += row.total_ms
    for row in kpis.songs.collect():
        song = {"track_id": row.track_id, "track_name": row.track_name, "artists": row.artists, "genre": row.genre}
        add("top_song", row.day, row.listens, song, genre=row.genre, rank=row["rank"])
    for row in kpis.artists.collect():
        add("top_artist", row.day, row.listens, {"artist": row.artist}, rank=row["rank"])
    for row in kpis.hours.collect():
        add("hourly_listen_count", row.day, row.listens, hour=row.hour)
    for row in kpis.hour_users.collect():
        add("hourly_active_users", row.day, row.users, hour=row.hour)
    users: defaultdict[str, int] = defaultdict(int)
    for row in kpis.countries.collect():
        add("country_listen_count", row.day, row.listens, country=row.country)
        add("country_active_users", row.day, row.users, country=row.country)
        users[row.day] += row.users
    for day, ranked in genres.items():
        plays[day] = -sum(listens for listens, _genre in ranked)
        for rank, (listens, genre) in enumerate(sorted(ranked)[:TOP_GENRES], start=1):
            add("top_genre", day, -listens, {"genre": genre}, rank=rank)
        add("daily_listen_count", day, plays[day])
        add("daily_active_users", day, users[day])
        add("daily_total_listening_ms", day, milliseconds[day])
    return {day: Day(day, plays[day], of_day) for day, of_day in items.items()}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
