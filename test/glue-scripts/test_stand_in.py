"""What takes the place of Spark in tests of whole stacks makes what Spark makes: reports, plays, other rows, items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.kpi_table import KpiTable
from support.rows import DAY, at, lines, play, plays, track
from support.world import Report, StandInWorld, World, planned_day

NEXT_DAY = "2024-06-26"

EARLIER = {"earlier.csv": lines(*plays(0, 40), play(100)), "gone.csv": lines(*plays(50, 60))}

FILES: dict[str, bytes | str] = {
    "known.csv": lines(play(100), play(101), play(100), *plays(2000, 90), *plays(10, 20, NEXT_DAY)),
    "again.csv": lines(*plays(2040, 70), play(60), play(101)),
    "gone.csv": lines(*plays(70, 5)),
    "quoted.csv": lines(f'"1", "{track(3)}" ,"{DAY} 03:00:00"', f"2,{track(4)},{DAY}T04:00:00.25+01:00"),
    "reordered.csv": f"listen_time,track_id,user_id,device\r\n{at(7)},{track(1)},9,a\r\n\r\n{at(8)},{track(2)},9,b",
    "bad.csv": lines(
        *plays(3000, 3),
        f",{track(1)},{at(1)}",
        f"1,,{at(1)}",
        "x,short,yesterday",
        f"1,{track(1)},2999-01-01 00:00:00",
        f"999,{track(1)},{at(2)}",
        f"1,{'z' * 22},{at(2)}",
        "1",
        f"0,{track(1)},no",
    ),
    "empty.csv": "",
    "missing.csv": "user_id,track_id\n1,2\n",
}

Made = dict[str, Any]


def made_by(world: World) -> Made:
    """What validations and the KPI computation of a day in two parts leave, without what tells job runs apart."""
    first = world.validate(EARLIER)
    world.publish(first)
    gone = first.file("gone.csv")["id"]
    second = world.validate(FILES, retiring=[gone])
    before, now = planned_day(first, retired=[gone]), planned_day(second)
    both = {**now, "parts": before["parts"] + now["parts"], "sources": before["sources"] + now["sources"]}
    both |= {"retired": [gone], "edition": 2}
    kpis = world.compute([both, planned_day(second, NEXT_DAY)])
    return {
        "reports": [_told(first.report), _told(second.report), _told(kpis)],
        "plays": [first.plays(), *(second.plays(name) for name in FILES)],
        "set aside": [second.set_aside(name) for name in FILES],
        "items": [world.items(kpis, day) for day in (DAY, NEXT_DAY)],
        "kpis": kpis,
    }


def _told(value: Any) -> Any:
    """Without times, names and bytes of files, and which rows are in which file."""
    if isinstance(value, list):
        return [_told(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "sha256" in value or set(value) == {"key", "size", "rows"}:
        return "a file"
    told = {name: _told(each) for name, each in value.items() if name not in ("jobRunId", "startedAt", "finishedAt")}
    if isinstance(files := told.get("files"), list) and "a file" in files:
        told["files"] = "files"
    return told


@pytest.fixture(scope="module")
def by_spark(shared_world: World) -> Made:
    return made_by(shared_world)


@pytest.fixture(scope="module")
def by_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with pytest.MonkeyPatch.context() as context:
        yield made_by(StandInWorld(tmp_path_factory.mktemp("stand-in"), context))


@pytest.mark.parametrize("what", ["reports", "plays", "set aside", "items"])
def test_it_makes_what_spark_makes(by_spark: Made, by_stand_in: Made, what: str) -> None:
    assert by_stand_in[what] == by_spark[what]


@pytest.mark.usefixtures("aws")
def test_it_loads_what_the_other_has_made(
    by_spark: Made, by_stand_in: Made, tmp_path: Path, patch: pytest.MonkeyPatch, kpi_table: KpiTable, world: World
) -> None:
    def load(loading: World, day: Report) -> Report:
        planned = {name: day[name] for name in ("day", "edition", "items", "digest")}
        return loading.load([planned | {"files": [file["key"] for file in day["files"]]}], kpi_table.name)

    [spark_day, _], [stand_in_day, _] = by_spark["kpis"]["days"], by_stand_in["kpis"]["days"]
    put = load(StandInWorld(tmp_path, patch), spark_day)["writes"]["put"]
    assert put == spark_day["items"] == len(kpi_table.values())
    assert load(world, stand_in_day)["days"][0]["outcome"] == "unchanged"
