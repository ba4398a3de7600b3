"""Stands in for spark-submit: runs a Glue script as it is, but for what Spark does in it.

The plan, the looks at files and at reference data, copies, digests, reports and the whole load are the script's own.
Rows are read, judged, counted and written here, by plain loops and DuckDB, in a tenth of the time that Spark takes: for
runs that only lay the ground of a test, or whose calls are its subject. `test/glue-scripts/test_stand_in.py` holds
what it makes against what Spark makes. It reads times in the forms that Python knows.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# As `music_streaming.lines` has it, for Java.
FIELD = re.compile(r',( *+"[^"]*+(?:""[^"]*+)*+"[^,]*+|[^,]*+)')
TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([zZ]| ?[+-]\d{2}(:?\d{2})?)?")


class _Absent(MetaPathFinder, Loader):
    """pyspark, of which the scripts name things that are never called here. Importing it takes longer than a run."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if fullname.split(".")[0] == "pyspark" else None

    def exec_module(self, module: ModuleType) -> None:
        module.__getattr__ = lambda name: type(name, (), {})  # type: ignore[method-assign]


def rows_in(uris: Sequence[str], columns: str) -> list[dict[str, Any]]:
    """The rows of Parquet files, whatever of the columns is asked for."""
    import duckdb

    from music_streaming import objects

    if not uris:
        return []
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        files = []
        for n, uri in enumerate(uris):
            files.append(f"{folder}/{n}.parquet")
            Path(files[-1]).write_bytes(b"".join(objects.chunks(uri)))
        found = connection.execute(f"SELECT {columns} FROM read_parquet(?)", [files])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def write_rows(uri: str, columns: dict[str, Sequence[Any]], select: str = "*") -> str:
    """Writes columns, by their names and types, as Parquet. Returns the URI."""
    import duckdb

    from music_streaming import objects

    named = ", ".join(
        f"unnest(CAST(? AS {kind}[])) AS {name}" for name, kind in (column.split(" ") for column in columns)
    )
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = f"{folder}/rows.parquet"
        connection.execute(f"CREATE TABLE rows AS SELECT {named}", [list(values) for values in columns.values()])
        connection.execute(f"COPY (SELECT {select} FROM rows) TO '{file}' (FORMAT parquet)")
        objects.write(uri, [Path(file).read_bytes()])
    return uri


class Row:
    """A data line as it is judged."""

    def __init__(self, line: int, raw: str, fields: list[str | None]) -> None:
        self.line = line
        self.raw = raw
        self.user_text, self.track_text, self.time_text = fields
        self.user_id = _user_id(self.user_text or "")
        self.time = _time(self.time_text or "")
        self.broken: list[str] = []

    def judge(self, songs: set[str], users: dict[int, str], now: datetime) -> None:
        track = self.track_text or ""
        well_formed = re.fullmatch("[0-9A-Za-z]{22}", track) is not None
        breaks = {
            "missing_user_id": not self.user_text,
            "missing_track_id": not track,
            "missing_listen_time": not self.time_text,
            "bad_listen_time": bool(self.time_text) and self.time is None,
            "bad_user_id": bool(self.user_text) and self.user_id is None,
            "bad_track_id": track != "" and track not in songs and not well_formed,
            "future_listen_time": self.time is not None and self.time > now,
            "unknown_track": track not in songs and well_formed,
            "unknown_user": self.user_id is not None and self.user_id not in users,
        }
        self.broken = [rule for rule, is_broken in breaks.items() if is_broken]

    @property
    def play(self) -> tuple[int, str, int]:
        """User, track and microseconds since 1970 of an accepted row."""
        assert self.user_id is not None and self.track_text is not None and self.time is not None
        return self.user_id, self.track_text, (self.time - EPOCH) // MICROSECOND


def _user_id(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text.lstrip("0")) > 19:
        return None
    number = int(text)
    return number if 0 < number < 1 << 63 else None


def _time(text: str) -> datetime | None:
    if TIME.fullmatch(text) is None:
        return None
    try:
        time = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _rows_of(file: Any) -> Iterator[Row]:
    from music_streaming import objects

    text = b"".join(objects.Content(file.uri)).decode("utf-8", errors="replace")
    for line, raw in enumerate(re.split("\r\n?|\n", text), start=1):
        if line <= file.header_line or raw.strip(" ") == "":
            continue
        quoted = '"' in raw
        parts = FIELD.findall(f",{raw}") if quoted else raw.split(",")
        yield Row(line, raw, [_field(parts[at], quoted) if at < len(parts) else None for at in file.positions])


def _field(part: str, quoted: bool) -> str:
    bare = part.strip(" ")
    is_quoted = quoted and bare.startswith('"') and bare.endswith('"')
    return bare[1:-1].replace('""', '"').strip(" ") if is_quoted else bare


def _day_of(micros: int) -> str:
    return (EPOCH + micros * MICROSECOND).date().isoformat()


def in_place_of_validate(script: ModuleType) -> Callable[[dict[str, Any], str], dict[str, Any]]:
    from music_streaming import objects, report
    from music_streaming.duplicates import Duplicates
    from music_streaming.rules import REASONS
    from music_streaming.set_aside import _copied

    def validate(plan: dict[str, Any], job_run_id: str) -> dict[str, Any]:
        scratch = f"{plan['scratchPrefix']}{job_run_id}/"
        reference, files = script._look(plan, scratch)
        songs = {song.track_id for song in reference.songs}
        now = datetime.fromisoformat(plan["now"].replace("Z", "+00:00"))
        counts = report.Counts(accepted={}, masks={}, first_bad_lines={})
        accepted: dict[tuple[str, str], list[tuple[int, str, int]]] = {}
        aside: dict[str, list[tuple[Any, Row]]] = {"rejected": [], "under_review": []}
        for file in files:
            for row in _rows_of(file) if file.problem is None else ():
                row.judge(songs, reference.users, now)
                if not row.broken:
                    micros = row.play[2]
                    day = _day_of(micros)
                    hour = (file.id, day, micros // 3_600_000_000 % 24)
                    counts.accepted[hour] = counts.accepted.get(hour, 0) + 1
                    accepted.setdefault((day, file.id), []).append(row.play)
                    continue
                mask = (file.id, sum(1 << REASONS.index(rule) for rule in row.broken))
                counts.masks[mask] = counts.masks.get(mask, 0) + 1
                counts.first_bad_lines.setdefault(file.id, row.line)
                aside["rejected" if script.report.is_rejected(mask[1]) else "under_review"].append((file, row))
        days = sorted({day for day, _source in accepted})
        manifests = [objects.read_json(f"{plan['manifestsPrefix']}{day}.json") for day in days]
        known = [manifest for manifest in manifests if manifest is not None]
        published = _published(known, script._bucket_of(plan["playsPrefix"]), set(plan["retiring"]))
        counts.duplicates = duplicates_of(accepted, [file.id for file in files], published)
        parts = [part_of(plan, job_run_id, scratch, day, accepted, counts.duplicates) for day in days]
        errors = _copied(_set_aside(scratch, "rejected", aside), f"{plan['errorsPrefix']}{job_run_id}")
        review = _copied(_set_aside(scratch, "under_review", aside), f"{plan['reviewPrefix']}{job_run_id}")
        return script._report(files, counts, parts, errors, review, reference)

    def duplicates_of(
        accepted: dict[tuple[str, str], list[tuple[int, str, int]]],
        order: list[str],
        published: set[tuple[int, str, int]],
    ) -> Any:
        """A play belongs to its first source; where it counts already, even the first of it is a duplicate."""
        by_source: Counter[str] = Counter()
        repeats: Counter[str] = Counter()
        seen: set[tuple[int, str, int]] = set()
        for (day, source), plays in sorted(accepted.items(), key=lambda entry: order.index(entry[0][1])):
            for play in plays:
                if play in seen:
                    by_source[source] += 1
                    repeats[day] += 1
                elif play in published:
                    by_source[source] += 1
                seen.add(play)
        return Duplicates(dict(by_source), dict(repeats))

    def part_of(
        plan: dict[str, Any],
        job_run_id: str,
        scratch: str,
        day: str,
        accepted: dict[tuple[str, str], list[tuple[int, str, int]]],
        duplicates: Any,
    ) -> dict[str, Any]:
        sources = {source: plays for (of, source), plays in accepted.items() if of == day}
        rows = [(*play, source) for source, plays in sources.items() for play in plays]
        users, tracks, times, named = zip(*rows, strict=True)
        columns = {"user_id BIGINT": users, "track_id VARCHAR": tracks, "time BIGINT": times, "source VARCHAR": named}
        written = write_rows(
            f"{scratch}validated/{day}.parquet",
            columns,
            "user_id, track_id, make_timestamptz(time) AS listen_time, source",
        )
        folder = f"{plan['playsPrefix']}listen_date={day}/run={plan['run']}/"
        [copied] = objects.copy_all([(written, f"{folder}{job_run_id}-00000.parquet")])
        return {
            "day": day,
            "files": [{"key": copied.key, "size": copied.size, "rows": len(rows), "sha256": copied.sha256}],
            "rows": len(rows),
            "distinctPlays": len(rows) - duplicates.repeats_by_day.get(day, 0),
            "sources": [{"id": source, "rows": len(plays)} for source, plays in sorted(sources.items())],
        }

    return validate


def _published(manifests: list[dict[str, Any]], bucket_uri: str, retiring: set[str]) -> set[tuple[int, str, int]]:
    """The plays that count by these manifests, without those of sources that are being withdrawn."""
    plays: set[tuple[int, str, int]] = set()
    for manifest in manifests:
        live = {source["id"] for source in manifest["sources"]} - retiring
        parts = [part for part in manifest["parts"] if not live.isdisjoint(part["sources"])]
        files = [f"{bucket_uri}{file['key']}" for part in parts for file in part["files"]]
        plays |= {play for play, source in plays_in(files) if source in live}
    return plays


def plays_in(uris: Sequence[str]) -> Iterator[tuple[tuple[int, str, int], str]]:
    for row in rows_in(uris, "user_id, track_id, epoch_us(listen_time) AS time, source"):
        yield (row["user_id"], row["track_id"], row["time"]), row["source"]


def _set_aside(scratch: str, verdict: str, aside: dict[str, list[tuple[Any, Row]]]) -> dict[str, int]:
    """Writes rows that were not accepted; returns how many are in which file."""
    found = sorted(aside[verdict], key=lambda entry: (entry[0].key, entry[1].line))
    if not found:
        return {}
    columns = {
        "source VARCHAR": [file.id for file, _row in found],
        "key VARCHAR": [file.key for file, _row in found],
        "line BIGINT": [row.line for _file, row in found],
        "raw VARCHAR": [row.raw for _file, row in found],
        "user_id VARCHAR": [row.user_text for _file, row in found],
        "track_id VARCHAR": [row.track_text for _file, row in found],
        "listen_time VARCHAR": [row.time_text for _file, row in found],
        "reasons VARCHAR[]": [row.broken for _file, row in found],
        "verdict VARCHAR": [verdict for _entry in found],
    }
    return {write_rows(f"{scratch}set-aside/{verdict}.parquet", columns): len(found)}


def counted_plays(_spark: None, days: list[dict[str, Any]]) -> set[tuple[int, str, int]]:
    """In place of the frame of every play that counts: the plays."""
    counting: set[tuple[int, str, int]] = set()
    for day in days:
        files = [uri for part in day["parts"] for uri in part["files"]]
        live = set(day["sources"])
        counting |= {play for play, source in plays_in(files) if source in live or not day["retired"]}
    return counting


def compute(_spark: None, plays: set[tuple[int, str, int]], reference: Any) -> dict[str, Any]:
    from music_streaming import kpis

    days: defaultdict[str, Any] = defaultdict(kpis.DayKpis)
    numbers = {song.track_id: number for number, song in enumerate(reference.songs)}
    listens: defaultdict[str, Counter[int]] = defaultdict(Counter)
    users: defaultdict[tuple[str, str, Any], set[int]] = defaultdict(set)
    for user, track, micros in plays:
        day, hour, number, country = (
            _day_of(micros),
            micros // 3_600_000_000 % 24,
            numbers.get(track),
            reference.users.get(user),
        )
        days[day].hours[hour].listens += 1
        if number is not None:
            listens[day][number] += 1
        if country is not None:
            days[day].countries[country].listens += 1
        if number is not None and country is not None:
            users[day, "genre", reference.songs[number].genre].add(user)
            users[day, "hour", hour].add(user)
            users[day, "country", country].add(user)
    for day, counts in listens.items():
        kpis._rank(days[day], [count << 32 | number for number, count in counts.items()], reference.songs)
    for (day, kind, name), heard in users.items():
        match kind:
            case "genre":
                days[day].genres[name].listeners = len(heard)
            case "hour":
                days[day].hours[name].users = len(heard)
            case _:
                days[day].countries[name].users = len(heard)
    kpis._check_all_known(days, reference.version)
    return dict(days)


def write_items(
    _spark: None, plan: dict[str, Any], job_run_id: str, days: dict[str, Any]
) -> dict[str, tuple[str, str]]:
    from music_streaming.items import SCHEMA

    kinds = [column.replace(" string", " VARCHAR").replace(" double", " DOUBLE") for column in SCHEMA.split(", ")]
    editions = {day["day"]: day["edition"] for day in plan["days"]}
    pairs = {}
    for name, day in days.items():
        rows = [item.row() for item in sorted(day.items, key=lambda item: item.id)]
        columns = dict(zip(kinds, zip(*rows, strict=True), strict=True))
        uri = write_rows(f"{plan['scratchPrefix']}{job_run_id}/kpis/day={name}.parquet", columns)
        target = f"{plan['itemsPrefix']}listen_date={name}/edition={editions[name]}/{job_run_id}.parquet"
        pairs[name] = (uri, target)
    return pairs


def without_spark(script: ModuleType) -> None:
    """Puts what is here in the place of what Spark does in the script."""
    match script.__name__:
        case "validate_data":
            script.validate = in_place_of_validate(script)
        case "compute_kpis":
            script.spark_session_beside = lambda _name, work: (None, work())
            script.counted_plays, script.compute, script._write = counted_plays, compute, write_items
        case "load_dynamodb":
            script.spark_session = lambda _name: None
            script._rows = lambda _spark, files: rows_in(files, "*")
        case other:
            raise ValueError(f"There is no stand-in for {other}")


def main(words: list[str]) -> None:
    """The words of spark-submit: options with a value each, the script, its arguments."""
    while words[0].startswith("--"):
        option, value, *words = words
        if option == "--py-files":
            sys.path[:0] = value.split(",")
    sys.argv = words
    sys.meta_path.insert(0, _Absent())
    name = Path(words[0]).stem
    spec = importlib.util.spec_from_file_location(name, words[0])
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    without_spark(script)
    script.main()


if __name__ == "__main__":
    main(sys.argv[1:])
