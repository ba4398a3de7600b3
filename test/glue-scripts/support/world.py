"""A bucket on the local file system, in which a test delivers files and runs the scripts as Glue does.

`validate` and `compute` call the scripts' `main` with the arguments of a job run, and hold every report to what must be
true of all reports: counts that add up, and files that are what the report says.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

import compute_kpis
import load_dynamodb
import validate_data
from music_streaming.items import COLUMNS, SCHEMA, digest_of
from support.rows import DAY, NOW, table, track

RUN = "test-run"

STAND_IN = Path(__file__).parents[2] / "support" / "spark" / "stand_in.py"

TRACKS = 30
USERS = 50

Report = dict[str, Any]
Row = dict[str, Any]

_job_runs = count(1)


@dataclass(frozen=True)
class Song:
    track_id: str
    name: str
    artists: str
    genre: str
    duration_ms: int


SONGS = [
    Song(track(n), f"Song {n}", f"Artist {n % 4}", f"genre-{n % 3}", 1000 * (100 + n)) for n in range(1, TRACKS + 1)
]

COUNTRIES = {user: f"Country {user % 5}" for user in range(1, USERS + 1)}

SONG_HEADER = ("", "track_id", "artists", "album_name", "track_name", "popularity", "duration_ms", "track_genre")
USER_HEADER = ("user_id", "user_name", "user_age", "user_country", "created_at")


def songs_csv(songs: Sequence[Song]) -> str:
    rows = [
        (n, song.track_id, song.artists, "an album", song.name, 50, song.duration_ms, song.genre)
        for n, song in enumerate(songs)
    ]
    return table(SONG_HEADER, rows)


def users_csv(countries: dict[int, str]) -> str:
    return table(USER_HEADER, [(user, f"User {user}", 30, land, "2024-01-01") for user, land in countries.items()])


class Validation:
    """The report of a validation and the files that it names."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def file(self, key: str) -> Report:
        return next(file for file in self.report["files"] if file["key"] == key)

    def counts(self, key: str) -> tuple[int, int, int, int]:
        """Valid, duplicate, rejected and under review."""
        rows = self.file(key)["rows"]
        return rows["valid"], rows["duplicate"], rows["rejected"], rows["underReview"]

    def reasons(self, key: str) -> dict[str, int]:
        """First reasons of the file's rows, without those that no row has."""
        return {reason: rows for reason, rows in self.file(key)["firstReasons"].items() if rows}

    def plays(self, key: str | None = None) -> list[tuple[int, str, str]]:
        """Accepted rows as written, of one file or all: user, track and time, sorted."""
        source = None if key is None else self.file(key)["id"]
        mine = [row for row in self._accepted if source in (None, row[3])]
        return sorted((user, track_id, time.removesuffix(".000000")) for user, track_id, time, _source in mine)

    @cached_property
    def _accepted(self) -> list[tuple[Any, ...]]:
        return _rows(
            [file["key"] for part in self.report["parts"] for file in part["files"]],
            "user_id, track_id, strftime(listen_time, '%Y-%m-%d %H:%M:%S.%f'), source",
        )

    def set_aside(self, key: str) -> list[dict[str, Any]]:
        """Rejected rows and rows under review of the file, as written, in the order of their lines."""
        return sorted((row for row in self._set_aside if row["key"] == key), key=lambda row: row["line"])

    @cached_property
    def _set_aside(self) -> list[dict[str, Any]]:
        names = ["source", "key", "line", "raw", "user_id", "track_id", "listen_time", "reasons", "verdict"]
        rows: list[dict[str, Any]] = []
        for kind in ("errors", "review"):
            written = [file["key"] for file in self.report[kind]["files"]]
            rows += [dict(zip(names, row, strict=True)) for row in _rows(written, ", ".join(names))]
        return rows


def _rows(files: list[str], columns: str) -> list[tuple[Any, ...]]:
    if not files:
        return []
    # A second engine reads what Spark wrote, as every reader of the bucket will.
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        query = f"SELECT {columns} FROM read_parquet(?, hive_partitioning = false)"
        return connection.execute(query, [files]).fetchall()


class World:
    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self._root = root
        self._patch = patch
        self.job_run_id = ""
        """Of the latest run."""
        self.reference = self.deliver_reference(songs_csv(SONGS), users_csv(COUNTRIES))

    def write(self, path: str, content: bytes | str) -> str:
        """Writes an object and returns its URI."""
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(file)

    def prefix(self, path: str) -> str:
        return f"{self._root}/{path}/"

    def deliver_reference(self, songs: bytes | str, users: bytes | str, name: str = "v1") -> dict[str, Any]:
        """The reference data of a plan."""
        files = {"songs": {"songs.csv": songs}, "users": {"users.csv": users}}
        return {"version": name, "uri": self.list_reference(files, name)}

    def list_reference(self, files: dict[str, dict[str, bytes | str]], name: str) -> str:
        """Writes the files by kind and name, oldest first, and the document that names them; returns its URI."""
        listed = {
            kind: [
                {
                    "key": f"reference/{kind}/{file}",
                    "uri": self.write(f"reference/versions/{name}/{kind}/{file}", content),
                }
                for file, content in contents.items()
            ]
            for kind, contents in files.items()
        }
        return self.write(f"reference/versions/{name}/judged.json", json.dumps(listed))

    def stage(self, key: str, content: bytes | str) -> dict[str, Any]:
        """A delivered file, as the worker stages it: by the digest of its bytes, with the name that Spark goes by."""
        body = content.encode() if isinstance(content, str) else content
        id = hashlib.sha256(body).hexdigest()[:32]
        suffix = ".csv.gz" if body.startswith(b"\x1f\x8b") else ".csv"
        uri = self.write(f"temporary/run={RUN}/staged/{id}{suffix}", body)
        return {"id": id, "key": key, "uri": uri, "size": len(body)}

    def publish(self, validation: Validation, retired: Sequence[str] = ()) -> None:
        """Writes the days' manifests as the worker does for a first edition."""
        for part in validation.report["parts"]:
            live = [source for source in part["sources"] if source["id"] not in retired]
            manifest = {
                "version": 1,
                "kind": "plays",
                "day": part["day"],
                "edition": 1,
                "sources": [{**source, "key": "streams/a.csv", "run": RUN} for source in live],
                "retired": [{"id": id, "key": "streams/a.csv", "run": RUN, "retiredBy": "x"} for id in retired],
                "parts": [{**part, "run": RUN, "sources": [source["id"] for source in part["sources"]]}],
            }
            self.write(f"processed/manifests/plays/{part['day']}.json", json.dumps(manifest))

    def validate(
        self,
        files: dict[str, bytes | str],
        *,
        now: str = NOW,
        reference: dict[str, Any] | None = None,
        retiring: Sequence[str] = (),
        max_unpacked: int = 1024**3,
    ) -> Validation:
        """Delivers the files, by their keys and in this order, and runs the validation."""
        plan = {
            "version": 1,
            "run": RUN,
            "now": now,
            "files": [self.stage(key, content) for key, content in files.items()],
            "reference": reference or self.reference,
            "playsPrefix": self.prefix("validated/plays"),
            "errorsPrefix": self.prefix(f"validated/errors/run={RUN}"),
            "reviewPrefix": self.prefix(f"validated/review/run={RUN}"),
            "manifestsPrefix": self.prefix("processed/manifests/plays"),
            "retiring": list(retiring),
            "maxUnpackedBytes": max_unpacked,
            "scratchPrefix": self.prefix(f"temporary/run={RUN}"),
        }
        report = self.run(validate_data, plan)
        _hold_together(report)
        return Validation(report)

    def compute(self, days: list[dict[str, Any]], reference: dict[str, Any] | None = None) -> Report:
        plan = {
            "version": 1,
            "run": RUN,
            "days": days,
            "reference": reference or self.reference,
            "itemsPrefix": self.prefix("kpis"),
            "scratchPrefix": self.prefix(f"temporary/run={RUN}"),
        }
        report = self.run(compute_kpis, plan)
        for day in report["days"]:
            assert sum(file["rows"] for file in day["files"]) == day["items"]
            for file in day["files"]:
                _hold_file(file)
        return report

    def write_items(self, rows: Sequence[Row], day: str = DAY, edition: int = 1) -> Report:
        """Writes a day's items as the KPI computation does; returns the load plan's entry of it."""
        file = self.write(f"kpis/listen_date={day}/edition={edition}/{next(_job_runs)}.parquet", "")
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE items ({SCHEMA.replace(' string', ' VARCHAR')})")
            values = [[row[column] for column in COLUMNS] for row in rows]
            if values:
                connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)", values)
            connection.execute(f"COPY items TO '{file}' (FORMAT parquet)")
        digest = digest_of(tuple(row[column] for column in COLUMNS) for row in rows)
        return {"day": day, "edition": edition, "files": [file], "items": len(rows), "digest": digest}

    def load(self, days: list[Report], table: str) -> Report:
        """Needs the service's endpoint and credentials in the environment, as a job has them."""
        plan = {
            "version": 1,
            "run": RUN,
            "table": table,
            "days": days,
            "publishedAt": "2024-07-01T03:00:00Z",
            "retentionDays": 365,
            "deadLetterPrefix": self.prefix(f"processed/runs/{RUN}/dead-letters"),
            "maxWriteUnitsPerSecond": None,
        }
        return self.run(load_dynamodb, plan)

    def run(self, script: ModuleType, plan: dict[str, Any]) -> Report:
        """Runs a script as a job run of its own; returns its report."""
        job_run_id = self.job_run_id = f"jr_{next(_job_runs):04d}"
        plan_uri = self.write(f"processed/runs/{RUN}/{job_run_id}-plan.json", json.dumps(plan))
        reports = self.prefix(f"processed/runs/{RUN}")
        arguments = {
            "JOB_NAME": script.__name__,
            "JOB_RUN_ID": job_run_id,
            "run_id": RUN,
            "run_token": f"{RUN}/stage/1",
            "plan": plan_uri,
            "report_prefix": reports,
            "script_digest": "d1",
        }
        self._call(script, [word for name, value in arguments.items() for word in (f"--{name}", value)])
        report = self.latest_report()
        assert (report["version"], report["run"], report["jobRunId"]) == (1, RUN, job_run_id)
        assert report["scriptDigest"] == "d1"
        return report

    def _call(self, script: ModuleType, words: list[str]) -> None:
        self._patch.setattr(sys, "argv", [script.__name__, *words])
        script.main()

    def latest_report(self) -> Report:
        """Of the latest run, which may have failed after it."""
        return json.loads((self._root / f"processed/runs/{RUN}/{self.job_run_id}.json").read_text())

    def items(self, report: Report, day: str = DAY) -> dict[str, dict[str, Any]]:
        """The items of a day, as written, by their ids."""
        names = ["id", "metric_type", "date", "value", "dimensions", "metadata"]
        files = [file["key"] for found in report["days"] if found["day"] == day for file in found["files"]]
        rows = [dict(zip(names, row, strict=True)) for row in _rows(files, ", ".join(names))]
        read = {row["id"]: row for row in rows}
        assert len(read) == len(rows)
        for row in rows:
            row["dimensions"] = json.loads(row["dimensions"])
            row["metadata"] = json.loads(row["metadata"])
        return read


class StandInWorld(World):
    """Its scripts are run by what takes the place of spark-submit in tests of whole stacks."""

    def _call(self, script: ModuleType, words: list[str]) -> None:
        source = Path(script.__file__ or "")
        package = ["--py-files", str(source.parent)]
        program = [sys.executable, str(STAND_IN), "--master", "local[2]", *package, str(source)]
        subprocess.run([*program, *words], check=True)


def planned_day(validation: Validation, day: str = DAY, *, edition: int = 1, retired: Sequence[str] = ()) -> Report:
    """The KPI plan's entry of a day that this validation alone has brought."""
    part = next(part for part in validation.report["parts"] if part["day"] == day)
    files = [file["key"] for file in part["files"]]
    return {
        "day": day,
        "edition": edition,
        "parts": [{"files": files, "rows": part["rows"], "distinctPlays": part["distinctPlays"]}],
        "sources": [source["id"] for source in part["sources"] if source["id"] not in retired],
        "retired": list(retired),
    }


def _hold_together(report: Report) -> None:
    kinds = ("delivered", "valid", "duplicate", "rejected", "underReview")
    for rows in [report["rows"], *(file["rows"] for file in report["files"])]:
        assert rows["delivered"] == rows["valid"] + rows["duplicate"] + rows["rejected"] + rows["underReview"]
    for kind in kinds:
        assert report["rows"][kind] == sum(file["rows"][kind] for file in report["files"])
    accepted = report["rows"]["valid"] + report["rows"]["duplicate"]
    assert sum(hour["rows"] for hour in report["hours"]) == accepted
    assert sum(part["rows"] for part in report["parts"]) == accepted
    for file in report["files"]:
        assert sum(file["days"].values()) == file["rows"]["valid"] + file["rows"]["duplicate"]
        if file["status"] == "accepted":
            aside = file["rows"]["rejected"] + file["rows"]["underReview"]
            assert sum(file["firstReasons"].values()) == aside
            assert (file["firstBadLine"] is None) == (aside == 0)
    for part in report["parts"]:
        assert sum(file["rows"] for file in part["files"]) == part["rows"]
        assert sum(source["rows"] for source in part["sources"]) == part["rows"]
        assert part["distinctPlays"] <= part["rows"]
        for file in part["files"]:
            _hold_file(file)
    for kind in ("errors", "review"):
        assert sum(file["rows"] for file in report[kind]["files"]) == report[kind]["rows"]
        for file in report[kind]["files"]:
            assert _rows([file["key"]], "count(*)")[0][0] == file["rows"]
    assert report["review"]["rows"] == report["rows"]["underReview"]
    unread = sum(file["rows"]["rejected"] for file in report["files"] if file["status"] == "rejected")
    assert report["errors"]["rows"] == report["rows"]["rejected"] - unread


def _hold_file(file: Report) -> None:
    content = Path(file["key"]).read_bytes()
    assert len(content) == file["size"]
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert _rows([file["key"]], "count(*)")[0][0] == file["rows"]
