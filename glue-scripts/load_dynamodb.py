"""Glue job: loads the items of published editions into DynamoDB and verifies the table against them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from pyspark.sql import SparkSession

from music_streaming import objects
from music_streaming.arguments import Arguments, read_arguments
from music_streaming.backoff import Backoff
from music_streaming.errors import DeadLetterError
from music_streaming.load import Loaded, load_day
from music_streaming.session import spark_session
from music_streaming.table import Table
from music_streaming.wanted import Wanted, wanted_items
from music_streaming.writer import Rate

# The loader retries by itself and counts why; the SDK's own retries would hide it. Threads share the connections.
CLIENT = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)


def load(spark: SparkSession, plan: dict[str, Any], table: Table) -> list[tuple[dict[str, Any], Loaded]]:
    """Loads the days of the plan one after another, none before the items of all have been checked."""
    rate = Rate(plan["maxWriteUnitsPerSecond"])
    wanted = [_wanted(spark, plan, day) for day in plan["days"]]
    return [(day, load_day(table, each, rate)) for day, each in zip(plan["days"], wanted, strict=True)]


def _wanted(spark: SparkSession, plan: dict[str, Any], day: dict[str, Any]) -> Wanted:
    return wanted_items(
        day["day"],
        day["edition"],
        _rows(spark, day["files"]),
        expected=day["items"],
        digest=day["digest"],
        published_at=datetime.fromisoformat(plan["publishedAt"]),
        retention=timedelta(days=plan["retentionDays"]),
    )


def _rows(spark: SparkSession, files: list[str]) -> list[dict[str, Any]]:
    if not files:
        return []
    return [row.asDict() for row in spark.read.parquet(*files).collect()]


def report_of(
    loaded: list[tuple[dict[str, Any], Loaded]], backoff: Backoff, dead_letters: str | None
) -> dict[str, Any]:
    written = [outcome.written for _day, outcome in loaded]
    return {
        "stage": "dynamodb_load",
        "days": [
            {
                "day": day["day"],
                "edition": day["edition"],
                "outcome": outcome.outcome,
                "items": outcome.items,
                "put": len(outcome.written.put),
                "deleted": len(outcome.written.deleted),
                "unchanged": outcome.unchanged,
                "deadLettered": len(outcome.written.dead),
                "verified": outcome.verified,
            }
            for day, outcome in loaded
        ],
        "writes": {
            "put": sum(len(each.put) for each in written),
            "deleted": sum(len(each.deleted) for each in written),
            "requests": sum(each.requests for each in written),
            "retries": backoff.retries,
            "consumedUnits": sum(each.units for each in written),
        },
        "throttles": [{"reason": reason, "count": count} for reason, count in sorted(backoff.throttles.items())],
        "deadLetters": {"key": dead_letters, "items": sum(len(each.dead) for each in written)},
    }


def _write_dead_letters(arguments: Arguments, prefix: str, loaded: list[tuple[dict[str, Any], Loaded]]) -> str | None:
    letters = [
        {"day": day["day"], "id": id, "reason": reason}
        for day, outcome in loaded
        for id, reason in outcome.written.dead.items()
    ]
    if not letters:
        return None
    uri = f"{prefix}{arguments.job_run_id}.json"
    objects.write_json(uri, {"version": 1, "run": arguments.run_id, "items": letters})
    return objects.key_of(uri)


def main() -> None:
    arguments = read_arguments()
    started = datetime.now(UTC)
    plan = objects.read_plan(arguments.plan)
    backoff = Backoff()
    table = Table(boto3.client("dynamodb", config=CLIENT), plan["table"], backoff)
    loaded = load(spark_session("load_dynamodb"), plan, table)
    dead_letters = _write_dead_letters(arguments, plan["deadLetterPrefix"], loaded)
    report = report_of(loaded, backoff, dead_letters)
    objects.write_json(arguments.report, arguments.envelope(started) | report)
    if dead_letters is not None:
        dead, items = report["deadLetters"]["items"], sum(day["items"] for day in report["days"])
        raise DeadLetterError(
            f"{dead} of {items} items could not be written, all others were; their reasons are in {dead_letters}"
        )
    put, deleted = report["writes"]["put"], report["writes"]["deleted"]
    unchanged = sum(day["unchanged"] for day in report["days"])
    print(
        f"dynamodb_load: {put} items written, {deleted} deleted, {unchanged} unchanged, of {len(report['days'])} days"
    )


if __name__ == "__main__":
    main()
