"""Plays of several days, and plays that came before: in the same file, in another one, or in an earlier run."""

from __future__ import annotations

from pathlib import Path

import pytest

from music_streaming.report import Counts, completeness
from support.rows import at, lines, play, plays, track
from support.world import Validation, World

BEFORE, DAY, AFTER = "2024-06-24", "2024-06-25", "2024-06-26"

MIDNIGHT = [play(86_398, day=DAY), play(86_399, day=DAY), play(0, day=AFTER), play(1, day=AFTER)]
THREE_DAYS = [*plays(3600, 2, BEFORE), *plays(3600, 3, DAY), *plays(3600, 4, AFTER)]
REPEATS = [play(100), play(101), play(100), play(102), play(100)]


@pytest.fixture(scope="module")
def run(shared_world: World) -> Validation:
    return shared_world.validate(
        {
            "midnight.csv": lines(*MIDNIGHT),
            "three-days.csv": lines(*THREE_DAYS),
            "repeats.csv": lines(*REPEATS),
            "overlap.csv": lines(play(100), play(102), play(103), *THREE_DAYS[2:6]),
            # The same play in other words, and three plays that share all but one field with another.
            "other-words.csv": lines(
                f'"01",{track(1)},{DAY}T00:01:43.000Z',
                play(103, user=2),
                play(103, song=2),
                f"1,{track(1)},{at(103)}.5",
            ),
        }
    )


def part(run: Validation, day: str) -> dict[str, object]:
    return next(part for part in run.report["parts"] if part["day"] == day)


def test_a_play_belongs_to_its_own_day_whatever_else_its_file_holds(run: Validation) -> None:
    assert run.file("midnight.csv")["days"] == {DAY: 2, AFTER: 2}
    assert run.file("three-days.csv")["days"] == {BEFORE: 2, DAY: 3, AFTER: 4}
    assert [part["day"] for part in run.report["parts"]] == [BEFORE, DAY, AFTER]
    for part in run.report["parts"]:
        for file in part["files"]:
            assert f"/listen_date={part['day']}/run=test-run/{run.report['jobRunId']}-" in file["key"]


def test_rows_are_counted_by_hour(run: Validation) -> None:
    hours = {(hour["day"], hour["hour"]): hour["rows"] for hour in run.report["hours"]}
    assert hours[BEFORE, 1] == 2
    assert hours[DAY, 23] == 2
    assert hours[AFTER, 0] == 2


def test_hours_without_plays_are_told(run: Validation) -> None:
    missing = {entry["day"]: entry["hours"] for entry in run.report["completeness"]["missingHours"]}
    assert missing == {
        BEFORE: [hour for hour in range(24) if hour != 1],
        DAY: [hour for hour in range(24) if hour not in (0, 1, 23)],
        AFTER: [hour for hour in range(24) if hour not in (0, 1)],
    }


def test_of_many_days_with_hours_without_plays_the_first_are_named(run: Validation) -> None:
    counts = Counts({("a", f"2024-01-{day:02d}", 1): 1 for day in range(1, 32)}, {}, {})
    told = completeness(counts)
    assert [entry["day"] for entry in told["missingHours"]] == [f"2024-01-{day:02d}" for day in range(1, 11)]
    assert told["daysWithMissingHours"] == 31
    assert run.report["completeness"]["daysWithMissingHours"] == 3


def test_a_play_repeated_within_a_file_is_valid_once(run: Validation) -> None:
    assert run.counts("repeats.csv") == (3, 2, 0, 0)


def test_a_play_of_an_earlier_file_is_a_duplicate(run: Validation) -> None:
    assert run.counts("three-days.csv") == (9, 0, 0, 0)
    assert run.counts("overlap.csv") == (1, 6, 0, 0)


def test_a_play_is_the_same_however_it_is_written_and_another_if_any_field_differs(run: Validation) -> None:
    assert run.counts("other-words.csv") == (3, 1, 0, 0)


def test_duplicates_are_kept_with_their_source_since_that_may_be_withdrawn(run: Validation) -> None:
    for key in ("repeats.csv", "overlap.csv"):
        sources = [source for part in run.report["parts"] for source in part["sources"]]
        mine = [source["rows"] for source in sources if source["id"] == run.file(key)["id"]]
        assert sum(mine) == len(run.plays(key)) == run.file(key)["rows"]["delivered"]


def test_a_part_says_how_many_distinct_plays_it_has(run: Validation) -> None:
    for part in run.report["parts"]:
        distinct = {play for play in run.plays() if play[2].startswith(part["day"])}
        assert part["distinctPlays"] == len(distinct) < part["rows"] or part["day"] != DAY
        assert part["distinctPlays"] == len(distinct)


@pytest.fixture(params=["few plays", "many plays"])
def published(request: pytest.FixtureRequest, world: World, patch: pytest.MonkeyPatch) -> tuple[World, Validation]:
    """A world with a published day of two sources, and another day that the run does not touch."""
    if request.param == "many plays":
        patch.setattr("validate_data.FEW_PLAYS", 0)
    one, two, other = lines(*plays(0, 10), play(9)), lines(*plays(8, 4)), lines(*plays(0, 3, AFTER))
    first = world.validate({"one.csv": one, "two.csv": two, "other.csv": other})
    world.publish(first)
    return world, first


LATE = {
    # 0-11 count already; 20 is new, and stands twice.
    "late.csv": lines(play(20), *plays(4, 2), *plays(10, 1), play(20), play(4, user=1 + 4 % 7, song=1 + 4 % 5)),
    "later.csv": lines(*plays(5, 1), play(30), *plays(0, 1, BEFORE)),
    # What one.csv brought, as another file.
    "again.csv": lines(play(9), *plays(0, 10)),
}


def test_a_play_that_its_day_has_already_is_a_duplicate(published: tuple[World, Validation]) -> None:
    world, _first = published
    late = world.validate(LATE)
    assert late.counts("late.csv") == (1, 5, 0, 0)
    assert late.counts("later.csv") == (2, 1, 0, 0)
    assert late.counts("again.csv") == (0, 11, 0, 0)


def test_plays_of_sources_that_the_run_withdraws_do_not_count(published: tuple[World, Validation]) -> None:
    world, first = published
    late = world.validate(LATE, retiring=[first.file("one.csv")["id"]])
    # Of 0-11 only two.csv's 8-11 are left, so 4 and 5 are new here, and then 0-3, 6 and 7.
    assert late.counts("late.csv") == (3, 3, 0, 0)
    assert late.counts("later.csv") == (2, 1, 0, 0)
    assert late.counts("again.csv") == (7, 4, 0, 0)
    world.publish(first, retired=[first.file("one.csv")["id"]])
    assert world.validate(LATE).report["rows"] == late.report["rows"]


def test_a_part_of_which_nothing_counts_is_not_read(world: World) -> None:
    first = world.validate({"one.csv": lines(*plays(0, 10)), "two.csv": lines(*plays(8, 4))})
    world.publish(first)
    for file in part(first, DAY)["files"]:
        Path(file["key"]).unlink()
    both = [first.file(key)["id"] for key in ("one.csv", "two.csv")]
    again = world.validate({"one.csv": lines(*plays(0, 10)), "two.csv": lines(*plays(8, 4))}, retiring=both)
    assert again.report["rows"] == first.report["rows"]


def test_a_doubled_job_run_writes_the_same_plays_under_other_names(world: World) -> None:
    files = {"a.csv": lines(*plays(0, 20), "bad"), "b.csv": lines(*plays(10, 20, AFTER))}
    one, two = world.validate(files), world.validate(files)
    changing = ("jobRunId", "startedAt", "finishedAt", "parts", "errors")
    assert {k: v for k, v in one.report.items() if k not in changing} == {
        k: v for k, v in two.report.items() if k not in changing
    }
    assert one.plays() == two.plays()
    names = [{file["key"] for part in each.report["parts"] for file in part["files"]} for each in (one, two)]
    assert not names[0] & names[1]
    assert all(Path(key).exists() for key in names[0] | names[1])
