"""Glue job: judges every row of the run's input files.

Reads the files once. Accepted plays and the others are written side by side to the run's scratch, counted from there
(Parquet, a few columns), and then copied to where they belong, under names that carry the job run's id. Nothing of it
is published: the report says what there is, and the worker decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from music_streaming import objects, report
from music_streaming.arguments import read_arguments
from music_streaming.duplicates import ACCEPTED_SCHEMA, FEW_PLAYS, PLAY, find_duplicates, published_plays
from music_streaming.heads import InputFile, look_at_all
from music_streaming.lines import BAD, judged_rows
from music_streaming.reference import ReferenceData, load_reference
from music_streaming.rules import RULE_VERSION
from music_streaming.session import one_split_for_each_task, spark_session_beside
from music_streaming.set_aside import set_aside
from music_streaming.times import day_name, day_number, epoch_hour

# Tens of thousands of different values in each file: finding each in a dictionary takes longer than writing it.
PLAIN_COLUMNS = {f"parquet.enable.dictionary#{name}": False for name in PLAY}


class _Accepted(NamedTuple):
    """Accepted rows of one written file, source and hour."""

    name: str
    source: str
    day: str
    hour: int
    rows: int


def validate(plan: dict[str, Any], job_run_id: str) -> dict[str, Any]:
    """Judges the files of the plan; returns the report without what identifies the run."""
    scratch = f"{plan['scratchPrefix']}{job_run_id}/"
    spark, (reference, files) = spark_session_beside("validate_data", lambda: _look(plan, scratch))
    good = [file for file in files if file.problem is None]
    validated = f"{scratch}validated"
    if good:
        rows = judged_rows(spark, good, reference, plan["now"])
        writer = rows.write.mode("overwrite").partitionBy("day").options(**PLAIN_COLUMNS)
        with one_split_for_each_task(spark):
            writer.parquet(validated)
    written = objects.list_files(validated, ".parquet") if good else []
    accepted = [uri for uri in written if f"/day={BAD}/" not in uri]
    bad = [uri for uri in written if f"/day={BAD}/" in uri]

    counts = report.Counts()
    parts: list[dict[str, Any]] = []
    if accepted:
        parts = _accept(spark, plan, job_run_id, good, accepted, counts)
    errors = review = {"rows": 0, "files": []}
    if bad:
        errors, review = set_aside(spark, plan, job_run_id, good, bad, counts)
    return _report(files, counts, parts, errors, review, reference)


def _look(plan: dict[str, Any], scratch: str) -> tuple[ReferenceData, list[InputFile]]:
    return load_reference(plan["reference"]), look_at_all(plan, f"{scratch}inputs/")


def _accept(
    spark: SparkSession,
    plan: dict[str, Any],
    job_run_id: str,
    files: list[InputFile],
    written: list[str],
    counts: report.Counts,
) -> list[dict[str, Any]]:
    """Counts the accepted plays and copies them to their days; returns the parts."""
    plays = spark.read.schema(ACCEPTED_SCHEMA).parquet(*written)
    by_file = [
        _Accepted(row.name, row.source, day_name(row.hour // 24), row.hour % 24, row["count"])
        for row in plays.groupBy(
            F.col("_metadata.file_name").alias("name"), "source", epoch_hour("listen_time").alias("hour")
        )
        .count()
        .collect()
    ]
    for row in by_file:
        counts.accepted[row.source, row.day, row.hour] += row.rows

    days = sorted({row.day for row in by_file})
    manifests = [objects.read_json(f"{plan['manifestsPrefix']}{day}.json") for day in days]
    known = [manifest for manifest in manifests if manifest is not None]
    published = published_plays(spark, known, _bucket_of(plan["playsPrefix"]), set(plan["retiring"]))
    few = sum(row.rows for row in by_file) <= FEW_PLAYS
    counts.duplicates = find_duplicates(plays, _order_of(files), published, few)

    rows_of: Counter[tuple[str, str]] = Counter()
    sources: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in by_file:
        rows_of[row.day, row.name] += row.rows
        sources[row.day][row.source] += row.rows
    parts = []
    for day in days:
        mine = [uri for uri in written if f"/day={day_number(day)}/" in uri]
        folder = f"{plan['playsPrefix']}listen_date={day}/run={plan['run']}/"
        copied = objects.copy_all([(uri, f"{folder}{job_run_id}-{n:05d}.parquet") for n, uri in enumerate(mine)])
        rows = [rows_of[day, uri.rsplit("/", 1)[-1]] for uri in mine]
        total = sum(rows)
        parts.append(
            {
                "day": day,
                "files": [file.listed(count) for file, count in zip(copied, rows, strict=True)],
                "rows": total,
                "distinctPlays": total - counts.duplicates.repeats_by_day.get(day, 0),
                "sources": [{"id": source, "rows": count} for source, count in sorted(sources[day].items())],
            }
        )
    return parts


def _order_of(files: list[InputFile]) -> Column:
    if len(files) == 1:
        return F.lit(files[0].order)
    return F.element_at(
        F.create_map(*[F.lit(part) for file in files for part in (file.id, file.order)]), F.col("source")
    )


def _bucket_of(uri: str) -> str:
    """What to put before a key of the same bucket; nothing before a path."""
    place = objects.split(uri)
    return "" if place is None else f"s3://{place[0]}/"


def _report(
    files: list[InputFile],
    counts: report.Counts,
    parts: list[dict[str, Any]],
    errors: dict[str, Any],
    review: dict[str, Any],
    reference: ReferenceData,
) -> dict[str, Any]:
    per_file = report.file_reports(files, counts)
    hits = report.reason_hits(counts)
    return {
        "stage": "validation",
        "ruleVersion": RULE_VERSION,
        "referenceVersion": reference.version,
        "rows": report.totals(per_file),
        "firstReasons": {reason: sum(file["firstReasons"][reason] for file in per_file) for reason in hits},
        "reasonHits": hits,
        "files": per_file,
        "hours": report.hours(counts),
        "completeness": report.completeness(counts),
        "parts": parts,
        "errors": errors,
        "review": review,
        "ruleset": report.ruleset(per_file, hits),
        "reference": {"version": reference.version, **reference.counts},
    }


def main() -> None:
    arguments = read_arguments()
    started = datetime.now(UTC)
    plan = objects.read_plan(arguments.plan)
    result = validate(plan, arguments.job_run_id)
    objects.write_json(arguments.report, arguments.envelope(started) | result)
    print(_in_words(result))


def _in_words(result: dict[str, Any]) -> str:
    """For the log of the run: counts alone, since a log is read by more people than the data."""
    rows = result["rows"]
    days = len({part["day"] for part in result["parts"]})
    return (
        f"validation: {rows['delivered']} rows of {len(result['files'])} files judged, {rows['valid']} valid, "
        f"{rows['duplicate']} duplicate, {rows['rejected']} rejected, {rows['underReview']} under review; {days} days"
    )


if __name__ == "__main__":
    main()
