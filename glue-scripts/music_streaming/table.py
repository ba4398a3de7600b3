"""Reading the KPI table: which items of a day are there, and what they say.

The index tells which ids a day has, but may lag behind the table; the items themselves are read consistently by their
ids. Both are retried until they are complete.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from music_streaming.backoff import Backoff, Pauses

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DATE_INDEX = "date-metric_type-index"

# BatchGetItem's limit.
READ_AT_ONCE = 100

# Requests under way at once; ten thousand items are a hundred requests.
PARALLEL = 8

# What makes an item the same; the rest says when and for how long, and is no reason to write.
COMPARED = ("metric_type", "date", "value", "dimensions", "metadata")

# Whole doubles are all there are below this, and their digits fit into a number of DynamoDB.
EXACT = 2**53

# What a report calls the reason where BatchGetItem answers, but leaves keys out.
UNPROCESSED = "UnprocessedKeys"

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()

Attributes = dict[str, Any]


def serialize(item: Attributes) -> Attributes:
    return {name: _serializer.serialize(value) for name, value in item.items()}


def deserialize(item: Attributes) -> Attributes:
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def number(value: float) -> Decimal:
    """The shortest decimal that is the same double."""
    return Decimal(repr(int(value)) if abs(value) < EXACT and value == int(value) else repr(value))


def same(wanted: Attributes, there: Attributes) -> bool:
    return all(wanted.get(name) == there.get(name) for name in COMPARED)


class Table:
    def __init__(self, client: DynamoDBClient, name: str, backoff: Backoff) -> None:
        self.client = client
        self.name = name
        self.backoff = backoff

    def ids_of_day(self, day: str) -> set[str]:
        """Ids of the day's items, as the index has them."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": DATE_INDEX,
            "KeyConditionExpression": "#date = :day",
            "ProjectionExpression": "id",
            "ExpressionAttributeNames": {"#date": "date"},
            "ExpressionAttributeValues": {":day": {"S": day}},
        }
        ids: set[str] = set()
        while True:
            answer = self.backoff.call(lambda: self.client.query(**request))
            ids.update(item["id"]["S"] for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return ids
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def read(self, ids: list[str]) -> dict[str, Attributes]:
        """The items of these ids that are there, read consistently."""
        batches = [ids[at : at + READ_AT_ONCE] for at in range(0, len(ids), READ_AT_ONCE)]
        with ThreadPoolExecutor(PARALLEL) as pool:
            found = [item for items in pool.map(self._read_batch, batches) for item in items]
        return {item["id"]: item for item in found}

    def _read_batch(self, ids: list[str]) -> list[Attributes]:
        keys: list[Any] = [{"id": {"S": id}} for id in ids]
        found: list[Attributes] = []
        pauses = Pauses(self.backoff)
        while True:
            items, left = self._get(keys)
            found.extend(deserialize(item) for item in items)
            if not left:
                return found
            self.backoff.note([UNPROCESSED])
            if len(left) < len(keys):
                pauses = Pauses(self.backoff)
            pauses.retry()
            keys = left

    def _get(self, keys: list[Any]) -> tuple[list[Any], list[Any]]:
        """The items of these keys that are there, and the keys that the service left for another request."""

        def request() -> tuple[list[Any], list[Any]]:
            answer = self.client.batch_get_item(RequestItems={self.name: {"Keys": keys, "ConsistentRead": True}})
            left: dict[str, Any] = answer.get("UnprocessedKeys") or {}
            return answer["Responses"].get(self.name, []), left.get(self.name, {}).get("Keys", [])

        return self.backoff.call(request, lambda answer: len(answer[1]) < len(keys))
