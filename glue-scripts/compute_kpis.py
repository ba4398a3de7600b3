"""Glue job: computes the KPIs of each day of the plan, always over the whole day, and writes them as items.

The plan names the files of each day's plays and the sources that count. The items go where the plan says, under names
that carry the job run's id; publishing them is the worker's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from music_streaming import objects
from music_streaming.arguments import read_arguments
from music_streaming.duplicates import ACCEPTED_SCHEMA, FEW_PLAYS, PLAY, suspected_repeats
from music_streaming.items import SCHEMA, Day, items_of
from music_streaming.kpis import compute
from music_streaming.reference import load_reference
from music_streaming.session import spark_session_beside


def counted_plays(spark: SparkSession, days: list[dict[str, Any]]) -> DataFrame:
    """user_id, track_id, listen_time and weight of every play that counts.

    Where there are many, a play that stands several times is taken off again by a row of negative weight: its repeats
    change no distinct count, and removing them would mean to send all plays around. Days whose only part has no play
    twice are not searched.
    """
    rows = _live_rows(spark, days)
    weighted = rows.withColumn("weight", F.lit(1))
    repeating = [day for day in days if not _is_distinct(day)]
    if not repeating:
        return weighted
    if sum(part["rows"] for day in days for part in day["parts"]) <= FEW_PLAYS:
        return weighted.distinct()
    searched = rows if repeating == days else _live_rows(spark, repeating)
    repeats = suspected_repeats(searched).groupBy(*PLAY).agg(F.count(F.lit(1)).alias("rows"))
    surplus = repeats.where("rows > 1").withColumn("weight", F.expr("cast(1 - rows as int)")).drop("rows").cache()
    return weighted.unionByName(surplus)


def _is_distinct(day: dict[str, Any]) -> bool:
    parts = day["parts"]
    return len(parts) == 1 and parts[0]["rows"] == parts[0]["distinctPlays"]


def _live_rows(spark: SparkSession, days: list[dict[str, Any]]) -> DataFrame:
    files = [uri for day in days for part in day["parts"] for uri in part["files"]]
    rows = spark.read.schema(ACCEPTED_SCHEMA).parquet(*files)
    if any(day["retired"] for day in days):
        live = [(day["day"], source) for day in days for source in day["sources"]]
        counting = spark.createDataFrame(live, "day string, source string")
        dated = rows.withColumn("day", F.to_date("listen_time").cast("string"))
        rows = dated.join(F.broadcast(counting), ["day", "source"], "left_semi")
    return rows.select(*PLAY)


def compute_days(plan: dict[str, Any], job_run_id: str) -> list[dict[str, Any]]:
    """Computes and writes the items of the plan's days; returns what the report says of each."""
    with_plays = [day for day in plan["days"] if day["parts"] and day["sources"]]
    computed: dict[str, Day] = {}
    written: dict[str, tuple[str, str]] = {}
    if with_plays:
        spark, reference = spark_session_beside("compute_kpis", lambda: load_reference(plan["reference"]))
        computed = items_of(compute(spark, counted_plays(spark, with_plays), reference))
        written = _write(spark, plan, job_run_id, computed)
    copied = objects.copy_all(list(written.values()))
    files = dict(zip(written, copied, strict=True))
    report = []
    for planned in plan["days"]:
        name = planned["day"]
        day = computed.get(name, Day(name, 0, []))
        listed = [files[name].listed(len(day.items))] if name in files else []
        report.append(
            {
                "day": name,
                "edition": planned["edition"],
                "plays": day.plays,
                "items": len(day.items),
                "digest": day.digest,
                "files": listed,
            }
        )
    return report


def _write(
    spark: SparkSession, plan: dict[str, Any], job_run_id: str, days: dict[str, Day]
) -> dict[str, tuple[str, str]]:
    """Writes one file for each day to scratch; returns where it is and where it belongs."""
    scratch = f"{plan['scratchPrefix']}{job_run_id}/kpis"
    rows = [item.row() for day in days.values() for item in sorted(day.items, key=lambda item: item.id)]
    frame = spark.createDataFrame(rows, SCHEMA, verifySchema=False).withColumn("day", F.col("date"))
    # One task, so that each day is one file, in the order of its items' ids.
    frame.coalesce(1).write.mode("overwrite").partitionBy("day").parquet(scratch)
    editions = {day["day"]: day["edition"] for day in plan["days"]}
    pairs = {}
    for uri in objects.list_files(scratch, ".parquet"):
        day = uri.rsplit("/", 2)[-2].removeprefix("day=")
        pairs[day] = (uri, f"{plan['itemsPrefix']}listen_date={day}/edition={editions[day]}/{job_run_id}.parquet")
    return pairs


def main() -> None:
    arguments = read_arguments()
    started = datetime.now(UTC)
    plan = objects.read_plan(arguments.plan)
    days = compute_days(plan, arguments.job_run_id)
    result = {"stage": "kpi_computation", "referenceVersion": plan["reference"]["version"], "days": days}
    objects.write_json(arguments.report, arguments.envelope(started) | result)
    plays, items = (sum(day[name] for day in days) for name in ("plays", "items"))
    print(f"kpi_computation: {items} items of {len(days)} days computed from {plays} plays")


if __name__ == "__main__":
    main()
