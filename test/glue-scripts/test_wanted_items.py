"""What is checked of the items of a day before anything is written."""

from __future__ import annotations

import pytest

from music_streaming.errors import ItemError
from music_streaming.wanted import wanted_items
from support.kpi_table import PUBLISHED, RETENTION, Row, item, items, wanted
from support.rows import DAY

GOOD = item("genre_listen_count", 1, genre="folk")
OTHER = item("genre_listen_count", 1, genre="jazz")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"value": float("nan")}, "its value is nan"),
        ({"value": float("inf")}, "its value is inf"),
        ({"value": None}, "its value is None"),
        ({"date": "2024-06-26"}, "its date is 2024-06-26"),
        ({"date": None}, "a text is missing"),
        ({"metric_type": "top_song"}, "its metric type is top_song"),
        ({"metric_type": ""}, "a text is missing"),
        ({"id": f"genre_listen_count#2024-06-26#{DAY}"}, "its metric type is genre_listen_count"),
        ({"dimensions": "genre=folk"}, "its dimensions are not JSON"),
        ({"metadata": "[]"}, "its metadata are not texts and whole numbers"),
        ({"metadata": '{"a":1.5}'}, "its metadata are not texts and whole numbers"),
        ({"metadata": '{"a":null}'}, "its metadata are not texts and whole numbers"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_items_that_are_not_what_was_computed_are_named_and_stop_the_load(wrong: Row, message: str) -> None:
    with pytest.raises(ItemError, match=f"items of {DAY} are not those that were computed: .*{message}.*nothing was"):
        wanted([OTHER, {**GOOD, **wrong}])


def test_an_id_that_occurs_twice_is_named() -> None:
    with pytest.raises(ItemError, match="genre=folk: its id occurs twice"):
        wanted([GOOD, GOOD])


def test_items_that_are_missing_are_told() -> None:
    with pytest.raises(ItemError, match="there are 2 instead of 3"):
        wanted_items(DAY, 1, [GOOD, OTHER], expected=3, digest="", published_at=PUBLISHED, retention=RETENTION)


def test_items_of_another_digest_are_not_the_editions() -> None:
    with pytest.raises(ItemError, match="their digest is another"):
        wanted_items(DAY, 1, [GOOD], expected=1, digest="0" * 64, published_at=PUBLISHED, retention=RETENTION)


def test_of_many_wrong_items_the_first_are_named_and_the_others_counted() -> None:
    rows = [{**row, "value": float("nan")} for row in items(12)]
    with pytest.raises(ItemError, match=r"genre 00004: .* and 7 more;"):
        wanted(rows)


@pytest.mark.parametrize(
    ("large", "reason"),
    [
        ({"id": f"genre_listen_count#{DAY}#" + "x" * 2048}, "the id is longer than 2048 bytes"),
        ({"id": f"genre_listen_count#{DAY}#" + "é" * 1020}, "the id is longer than 2048 bytes"),
        (
            {"metric_type": "m" * 1025, "id": "m" * 1025 + f"#{DAY}#all"},
            "the metric type is longer than 1024 bytes",
        ),
        ({"value": 1e200}, "the value is larger than DynamoDB's numbers"),
        ({"value": -1e126}, "the value is larger than DynamoDB's numbers"),
        ({"metadata": '{"a":"' + "x" * 410_000 + '"}'}, "the item is larger than 409600 bytes"),
        ({"metadata": '{"a":"' + "é" * 205_000 + '"}'}, "the item is larger than 409600 bytes"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_an_item_that_dynamodb_does_not_take_is_set_aside_with_its_reason(large: Row, reason: str) -> None:
    row = {**GOOD, **large}
    found = wanted([OTHER, row])
    assert found.unwritable == {row["id"]: reason}
    assert list(found.items) == [OTHER["id"]]


@pytest.mark.parametrize(
    "row",
    [
        {**GOOD, "id": f"genre_listen_count#{DAY}#".ljust(2048, "x")},
        {**GOOD, "value": 9e124},
        {**GOOD, "metadata": '{"a":"' + "x" * 408_000 + '"}'},
    ],
    ids=["long id", "large value", "large item"],
)
def test_an_item_within_the_limits_is_not_set_aside(row: Row) -> None:
    assert wanted([row]).unwritable == {}
