"""A run of the scripts over files that a test writes, with a catalogue small enough to compute by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

SONGS = "\n".join(
    [
        "track_id,artists,track_name,duration_ms,track_genre",
        '0000000000000000000001,Ada;Bea,"A, ""B""",1000,rock',
        "0000000000000000000002,Ada,Two,2000,rock",
        "0000000000000000000003,Çelik,Three,3000,jazz\n",
    ]
)
USERS = "user_id,user_name,user_age,user_country,created_at\n" + "".join(
    f"{n},N,30,{'Norway' if n % 2 else 'Chile'},2024-01-01\n" for n in range(1, 10)
)
HEADER = "user_id,track_id,listen_time"
T1 = "0000000000000000000001"
DAY = "2024-07-01"


class Workbench:
    """A folder that stands in for the bucket."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark = spark
        self.folder = folder
        (folder / "songs.csv").write_text(SONGS)
        (folder / "users.csv").write_text(USERS)

    @property
    def reference(self) -> dict[str, Any]:
        return {"version": "v", "songs": [f"{self.folder}/songs.csv"], "users": [f"{self.folder}/users.csv"]}

    def file(self, name: str, content: str | bytes) -> dict[str, Any]:
        body = content.encode() if isinstance(content, str) else content
        path = self.folder / name
        path.write_bytes(body)
        return {
            "id": hashlib.sha256(name.encode() + body).hexdigest()[:32],
            "key": f"streams/{name}",
            "uri": str(path),
            "size": len(body),
        }

    def validate(self, *files: dict[str, Any], retiring: tuple[str, ...] = ()) -> dict[str, Any]:
        from validate_data import validate

        base = f"{self.folder}/out/"
        plan = {
            "version": 1,
            "run": "r",
            "now": "2024-12-31T00:00:00Z",
            "files": list(files),
            "reference": self.reference,
            "playsPrefix": f"{base}plays/",
            "errorsPrefix": f"{base}errors/",
            "reviewPrefix": f"{base}review/",
            "manifestsPrefix": f"{self.folder}/manifests/",
            "retiring": list(retiring),
            "scratchPrefix": f"{base}scratch/",
        }
        return validate(self.spark, plan, "jr_1")

    def compute(self, days: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """The items of all days by id, and the report of each day by its name."""
        from compute_kpis import compute_days

        plan = {
            "run": "r",
            "days": days,
            "reference": self.reference,
            "itemsPrefix": f"{self.folder}/out/kpis/",
            "scratchPrefix": f"{self.folder}/out/scratch/",
        }
        reported = compute_days(self.spark, plan, "jr_1")
        files = [file["key"] for day in reported for file in day["files"]]
        rows = self.spark.read.parquet(*files).collect() if files else []
        return {"items": {row.id: row for row in rows}, "days": {day["day"]: day for day in reported}}


def csv(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def planned(report: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """The days of a KPI plan that publishes all parts of a validation report."""
    return [
        {
            "day": part["day"],
            "edition": 1,
            "parts": [
                {
                    "files": [file["key"] for file in part["files"]],
                    "rows": part["rows"],
                    "distinctPlays": part["distinctPlays"],
                }
            ],
            "sources": [source["id"] for source in part["sources"]],
            "retired": [],
        }
        | changes
        for part in report["parts"]
    ]
