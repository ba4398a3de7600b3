"""The items of a day: what stands in the table, one for each metric and its dimensions.

A day has some thousand items, so they are built here as plain values; only the aggregates behind them are Spark's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from music_streaming.kpis import DayKpis

TOP_GENRES = 5

# Order in which dimensions stand in an id.
DIMENSIONS = ("genre", "rank", "hour", "country")

SCHEMA = "id string, metric_type string, date string, value double, dimensions string, metadata string"
COLUMNS = tuple(column.split(" ")[0] for column in SCHEMA.split(", "))

ItemRow = tuple[str, str, str, float, str, str]
"""An item as it is written: a value for each column, dimensions and metadata as JSON."""


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

    def row(self) -> ItemRow:
        dimensions, metadata = _json(self.dimensions), _json(self.metadata)
        return (self.id, self.metric_type, self.date, float(self.value), dimensions, metadata)


@dataclass(frozen=True)
class Day:
    date: str
    plays: int
    items: list[Item]

    @property
    def digest(self) -> str:
        return digest_of(item.row() for item in self.items)


def digest_of(rows: Iterable[ItemRow]) -> str:
    """SHA-256 over the items in the order of their ids."""
    digest = hashlib.sha256()
    for row in sorted(rows):
        digest.update(_json(row).encode())
    return digest.hexdigest()


def items_of(kpis: dict[str, DayKpis]) -> dict[str, Day]:
    """The items of each day that has plays."""
    return {name: _day(name, day) for name, day in kpis.items()}


def _day(name: str, kpis: DayKpis) -> Day:
    items: list[Item] = []

    def add(metric: str, value: float, metadata: dict[str, str] | None = None, **dimensions: str | int) -> None:
        items.append(Item(metric, name, value, dimensions, metadata or {}))

    for genre, found in kpis.genres.items():
        add("genre_listen_count", found.listens, genre=genre)
        add("genre_unique_listeners", found.listeners, genre=genre)
        add("genre_total_listening_ms", found.total_ms, genre=genre)
        add("genre_avg_listening_ms_per_user", found.total_ms / found.listeners, genre=genre)
        for rank, (song, listens) in enumerate(found.songs, start=1):
            named = {"track_id": song.track_id, "track_name": song.track_name, "artists": song.artists, "genre": genre}
            add("top_song", listens, named, genre=genre, rank=rank)
    ranked = sorted((-found.listens, genre) for genre, found in kpis.genres.items())
    for rank, (listens, genre) in enumerate(ranked[:TOP_GENRES], start=1):
        add("top_genre", -listens, {"genre": genre}, rank=rank)
    for rank, (artist, listens) in enumerate(kpis.artists, start=1):
        add("top_artist", listens, {"artist": artist}, rank=rank)
    for hour, group in kpis.hours.items():
        add("hourly_listen_count", group.listens, hour=hour)
        add("hourly_active_users", group.users, hour=hour)
    for country, group in kpis.countries.items():
        add("country_listen_count", group.listens, country=country)
        add("country_active_users", group.users, country=country)
    plays = sum(found.listens for found in kpis.genres.values())
    add("daily_listen_count", plays)
    add("daily_active_users", sum(group.users for group in kpis.countries.values()))
    add("daily_total_listening_ms", sum(found.total_ms for found in kpis.genres.values()))
    return Day(name, plays, items)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
