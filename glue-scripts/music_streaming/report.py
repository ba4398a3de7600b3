"""The validation report: every delivered row counted once, by verdict, first reason, file, day and hour."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from music_streaming.duplicates import Duplicates
from music_streaming.heads import FIRST, InputFile
from music_streaming.rules import REASONS, RULES, is_rejected, reasons_of

# Share of rows that may fail a dataset rule before the rule counts as failed; the gate has limits of its own.
REJECTED_LIMIT = 0.05
REVIEW_LIMIT = 0.02


@dataclass
class Counts:
    """What the judged rows amount to."""

    accepted: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """Rows by source, day and hour."""
    masks: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Rows that were not accepted, by source and broken rules."""
    first_bad_lines: dict[str, int] = field(default_factory=dict)
    duplicates: Duplicates = field(default_factory=Duplicates)


def file_reports(files: list[InputFile], counts: Counts) -> list[dict[str, Any]]:
    return [_file_report(file, counts) for file in files]


def _file_report(file: InputFile, counts: Counts) -> dict[str, Any]:
    days: Counter[str] = Counter()
    for (source, day, _hour), rows in counts.accepted.items():
        if source == file.id:
            days[day] += rows
    first_reasons = dict.fromkeys(REASONS, 0)
    rejected, review = file.data_lines, 0
    for (source, mask), rows in counts.masks.items():
        if source != file.id:
            continue
        first_reasons[reasons_of(mask)[0]] += rows
        if is_rejected(mask):
            rejected += rows
        else:
            review += rows
    duplicate = counts.duplicates.by_source.get(file.id, 0)
    rows = _rows(valid=days.total() - duplicate, duplicate=duplicate, rejected=rejected, under_review=review)
    problem = file.problem
    return {
        "id": file.id,
        "key": file.key,
        "status": "rejected" if problem else "accepted",
        "problem": {"code": problem.code, "message": problem.message} if problem else None,
        "rows": rows,
        "firstReasons": first_reasons,
        "drift": None if problem and not file.missing.count else _drift(file),
        "days": dict(sorted(days.items())),
        "truncatedLastLine": file.truncated_last_line,
        "firstBadLine": counts.first_bad_lines.get(file.id),
        "warnings": ["no_rows"] if not problem and rows["delivered"] == 0 else [],
    }


def _drift(file: InputFile) -> dict[str, Any]:
    return {
        "extraColumns": list(file.extra.first),
        "extraColumnCount": file.extra.count,
        "missingColumns": list(file.missing.first),
        "missingColumnCount": file.missing.count,
        "reordered": file.reordered,
    }


def _rows(valid: int = 0, duplicate: int = 0, rejected: int = 0, under_review: int = 0) -> dict[str, int]:
    return {
        "delivered": valid + duplicate + rejected + under_review,
        "valid": valid,
        "duplicate": duplicate,
        "rejected": rejected,
        "underReview": under_review,
    }


def totals(files: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(file["rows"][name] for file in files) for name in _rows()}


def reason_hits(counts: Counts) -> dict[str, int]:
    """Rows that broke each rule, whether or not as their first reason."""
    hits = dict.fromkeys(REASONS, 0)
    for (_source, mask), rows in counts.masks.items():
        for reason in reasons_of(mask):
            hits[reason] += rows
    return hits


def hours(counts: Counts) -> list[dict[str, Any]]:
    by_hour: Counter[tuple[str, int]] = Counter()
    for (_source, day, hour), rows in counts.accepted.items():
        by_hour[day, hour] += rows
    return [{"day": day, "hour": hour, "rows": rows} for (day, hour), rows in sorted(by_hour.items())]


def completeness(counts: Counts) -> dict[str, Any]:
    """Hours in which the run brought no play: of the first days that lack any, and how many such days there are."""
    present: defaultdict[str, set[int]] = defaultdict(set)
    for _source, day, hour in counts.accepted:
        present[day].add(hour)
    gaps = {day: [hour for hour in range(24) if hour not in seen] for day, seen in sorted(present.items())}
    missing = [{"day": day, "hours": hours} for day, hours in gaps.items() if hours]
    return {"missingHours": missing[:FIRST], "daysWithMissingHours": len(missing)}


def ruleset(files: list[dict[str, Any]], hits: dict[str, int]) -> dict[str, Any]:
    """Dataset rules, shaped like a result of Glue Data Quality."""
    rows = totals(files)
    delivered = rows["delivered"]
    results = [_result("RowCount", "at least one row was delivered", {"RowCount": delivered}, delivered > 0)]
    for rule in RULES:
        share = hits[rule.id] / delivered if delivered else 0.0
        limit = REJECTED_LIMIT if rule.action == "reject" else REVIEW_LIMIT
        passed = share <= limit
        results.append(
            _result(rule.id, f"{rule.description} (in all but {limit:.0%} of rows)", {"Share": share}, passed)
        )
    unique = rows["valid"] / (rows["valid"] + rows["duplicate"]) if rows["valid"] + rows["duplicate"] else 1.0
    results.append(_result("Uniqueness", "accepted plays are distinct", {"Uniqueness": unique}, unique == 1.0))
    drifted = sum(
        1 for file in files if file["drift"] and (file["drift"]["extraColumnCount"] or file["drift"]["reordered"])
    )
    results.append(
        _result("SchemaMatch", "columns are the expected ones in order", {"DriftedFiles": drifted}, drifted == 0)
    )
    broken = sum(1 for file in files if file["status"] == "rejected")
    results.append(_result("FilesReadable", "every file could be read", {"RejectedFiles": broken}, broken == 0))
    passed = sum(1 for result in results if result["result"] == "PASS")
    return {"score": passed / len(results), "results": results}


def _result(name: str, description: str, metrics: dict[str, float], passed: bool) -> dict[str, Any]:
    message = "" if passed else f"not met: {', '.join(f'{metric} is {value:g}' for metric, value in metrics.items())}"
    return {
        "name": name,
        "description": description,
        "result": "PASS" if passed else "FAIL",
        "evaluatedMetrics": metrics,
        "evaluationMessage": message,
    }
