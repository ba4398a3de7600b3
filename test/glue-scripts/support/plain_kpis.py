"""The KPIs of a day by the plainest means: loops over a set of plays. It shares no code with the scripts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from support.world import Song


@dataclass(frozen=True)
class Play:
    user: int
    track_id: str
    time: datetime
    """In UTC."""

    @property
    def day(self) -> str:
        return self.time.date().isoformat()


@dataclass(frozen=True)
class PlainItem:
    value: float
    metadata: dict[str, str]


def plain_items(plays: Iterable[Play], songs: Iterable[Song], countries: dict[int, str]) -> dict[str, PlainItem]:
    """Items by id, of all days that have plays."""
    by_day: defaultdict[str, set[Play]] = defaultdict(set)
    for play in plays:
        by_day[play.day].add(play)
    by_id = {song.track_id: song for song in songs}
    found: dict[str, PlainItem] = {}
    for day, played in by_day.items():
        found |= _day(day, played, by_id, countries)
    return found


def _day(day: str, plays: set[Play], songs: dict[str, Song], countries: dict[int, str]) -> dict[str, PlainItem]:
    found: dict[str, PlainItem] = {}

    def add(metric: str, dimensions: str, value: float, **metadata: str) -> None:
        found[f"{metric}#{day}#{dimensions}"] = PlainItem(value, metadata)

    def ranked(counter: Counter[Any]) -> list[tuple[Any, int]]:
        return sorted(counter.items(), key=lambda entry: (-entry[1], entry[0].encode()))

    by_genre: Counter[str] = Counter()
    artists: Counter[str] = Counter()
    for genre in {song.genre for song in songs.values()}:
        heard = [play for play in plays if songs[play.track_id].genre == genre]
        if not heard:
            continue
        by_genre[genre] = len(heard)
        users = {play.user for play in heard}
        total = sum(songs[play.track_id].duration_ms for play in heard)
        add("genre_listen_count", f"genre={genre}", len(heard))
        add("genre_unique_listeners", f"genre={genre}", len(users))
        add("genre_total_listening_ms", f"genre={genre}", total)
        add("genre_avg_listening_ms_per_user", f"genre={genre}", total / len(users))
        tracks = ranked(Counter(play.track_id for play in heard))
        for rank, (track_id, count) in enumerate(tracks[:3], start=1):
            song = songs[track_id]
            named = {"track_id": track_id, "track_name": song.name, "artists": song.artists, "genre": genre}
            add("top_song", f"genre={genre},rank={rank}", count, **named)
    for play in plays:
        for artist in {name.strip() for name in songs[play.track_id].artists.split(";")} - {""}:
            artists[artist] += 1
    for rank, (genre, count) in enumerate(ranked(by_genre)[:5], start=1):
        add("top_genre", f"rank={rank}", count, genre=genre)
    for rank, (artist, count) in enumerate(ranked(artists)[:10], start=1):
        add("top_artist", f"rank={rank}", count, artist=artist)
    for hour in {play.time.hour for play in plays}:
        of_hour = [play for play in plays if play.time.hour == hour]
        add("hourly_listen_count", f"hour={hour}", len(of_hour))
        add("hourly_active_users", f"hour={hour}", len({play.user for play in of_hour}))
    for country in {countries[play.user] for play in plays}:
        of_country = [play for play in plays if countries[play.user] == country]
        add("country_listen_count", f"country={country}", len(of_country))
        add("country_active_users", f"country={country}", len({play.user for play in of_country}))
    add("daily_listen_count", "all", len(plays))
    add("daily_active_users", "all", len({play.user for play in plays}))
    add("daily_total_listening_ms", "all", sum(songs[play.track_id].duration_ms for play in plays))
    return found
