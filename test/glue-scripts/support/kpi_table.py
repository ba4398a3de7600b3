"""A KPI table like the pipeline's, clients whose calls are counted and can be made to fail, and items to load."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from music_streaming.backoff import Backoff
from music_streaming.items import COLUMNS, digest_of
from music_streaming.load import Loaded, load_day
from music_streaming.table import DATE_INDEX, Table
from music_streaming.wanted import Wanted, wanted_items
from music_streaming.writer import Rate
from support.ministack import REGION
from support.rows import DAY

PUBLISHED = datetime(2024, 7, 1, 3, tzinfo=UTC)
RETENTION = timedelta(days=365)

WRITES = {"UpdateItem", "PutItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}

# A table that stands still is given up after this in the tests that want to see it.
SHORT_PATIENCE = 0.2

Row = dict[str, Any]

Answer = tuple[AWSResponse, dict[str, Any]]
"""What a handler returns in place of the service."""


def item(
    metric: str, value: float, *, day: str = DAY, metadata: dict[str, str] | None = None, **dimensions: Any
) -> Row:
    """A row of an items file."""
    named = ",".join(f"{name}={value}" for name, value in dimensions.items()) or "all"
    return {
        "id": f"{metric}#{day}#{named}",
        "metric_type": metric,
        "date": day,
        "value": float(value),
        "dimensions": json.dumps(dimensions),
        "metadata": json.dumps(metadata or {}),
    }


def items(number: int, value: float = 1.0, day: str = DAY) -> list[Row]:
    return [item("genre_listen_count", value + n, day=day, genre=f"genre {n:05d}") for n in range(number)]


def wanted(rows: Sequence[Row], edition: int = 1, *, day: str = DAY, published: datetime = PUBLISHED) -> Wanted:
    return wanted_items(
        day,
        edition,
        list(rows),
        expected=len(rows),
        digest=digest_of(tuple(row[column] for column in COLUMNS) for row in rows),
        published_at=published,
        retention=RETENTION,
    )


def failure(code: str, **more: Any) -> Answer:
    """An error, as the SDK reads it from the service's answer."""
    parsed = {"Error": {"Code": code, "Message": f"made to fail: {code}"}, "ResponseMetadata": {}, **more}
    return AWSResponse("http://made.up", 400, {}, None), parsed


def throttled(*reasons: str, code: str = "ThrottlingException") -> Answer:
    # The SDK gives the member the name that the service's model has, which is not the same in all errors.
    member = "throttlingReasons" if code == "ThrottlingException" else "ThrottlingReasons"
    return failure(code, **{member: [{"reason": reason, "resource": "arn:made-up"} for reason in reasons]})


def cancelled(*codes: str) -> Answer:
    """A transaction that was refused; a reason for each of its actions."""
    reasons: list[dict[str, str]] = [{"Code": code} for code in codes]
    for reason in reasons:
        if reason["Code"] != "None":
            reason["Message"] = f"{reason['Code']} here"
    return failure("TransactionCanceledException", CancellationReasons=reasons)


def success(**parsed: Any) -> Answer:
    return AWSResponse("http://made.up", 200, {}, None), {"ResponseMetadata": {}, **parsed}


@dataclass
class Client:
    """A DynamoDB client that counts its calls. Its SDK never tries twice, like the loader's."""

    endpoint: str
    calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dynamodb = boto3.client(
            "dynamodb",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
        )
        self.before("*", lambda operation, _request: self.calls.update([operation]))

    def before(self, operation: str, handler: Callable[[str, dict[str, Any]], Answer | None]) -> None:
        """Calls the handler with the operation and its request before it is sent; what it returns is the answer."""

        def on_call(model: Any, params: dict[str, Any], **_rest: Any) -> Answer | None:
            return handler(model.name, json.loads(params["body"]))

        self.dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", on_call)

    def answer_first(self, operation: str, *answers: Answer) -> None:
        """The first calls of the operation get these answers and never reach the service."""
        left = list(answers)
        self.before(operation, lambda _operation, _request: left.pop(0) if left else None)

    def answer_all(self, operation: str, answer: Answer) -> None:
        self.before(operation, lambda _operation, _request: answer)

    def lose_answer(self, operation: str, nth: int = 1, meanwhile: Callable[[], object] = lambda: None) -> None:
        """The connection breaks after the service has done what the nth call of the operation asked for."""
        calls = count(1)

        def after(**_rest: Any) -> None:
            if next(calls) == nth:
                meanwhile()
                raise ConnectionClosedError(endpoint_url=self.endpoint)

        self.dynamodb.meta.events.register(f"after-call.dynamodb.{operation}", after)

    def before_nth(self, operation: str, nth: int, meanwhile: Callable[[], object]) -> None:
        """Something else happens before the nth call of the operation is sent."""
        calls = count(1)

        def before(_operation: str, _request: dict[str, Any]) -> None:
            if next(calls) == nth:
                meanwhile()

        self.before(operation, before)

    @property
    def writes(self) -> int:
        return sum(count for operation, count in self.calls.items() if operation in WRITES)


class KpiTable:
    """A table of one test."""

    def __init__(self, endpoint: str, name: str) -> None:
        self._endpoint = endpoint
        self.name = name
        self._reader = Client(endpoint).dynamodb
        self._reader.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": column, "AttributeType": "S"} for column in ("id", "metric_type", "date")
            ],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                _index("metric_type-date-index", "metric_type", "date"),
                _index(DATE_INDEX, "date", "metric_type"),
            ],
        )
        self._reader.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    def client(self) -> Client:
        return Client(self._endpoint)

    def load(
        self,
        rows: Sequence[Row],
        edition: int = 1,
        *,
        day: str = DAY,
        client: Client | None = None,
        backoff: Backoff | None = None,
        published: datetime = PUBLISHED,
        rate: Rate | None = None,
    ) -> Loaded:
        table = Table((client or self.client()).dynamodb, self.name, backoff or unhurried())
        return load_day(table, wanted(rows, edition, day=day, published=published), rate or Rate(None))

    def scan(self) -> dict[str, dict[str, Any]]:
        """All items by id, in DynamoDB's own types."""
        pages = self._reader.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True)
        return {found["id"]["S"]: found for page in pages for found in page["Items"]}

    def values(self) -> dict[str, float]:
        """Values by id, without the guards."""
        return {id: float(found["value"]["N"]) for id, found in self.scan().items() if "value" in found}

    def edition(self, day: str = DAY) -> int | None:
        guard = self.scan().get(f"day#{day}")
        return None if guard is None else int(guard["edition"]["N"])

    def query(self, day: str = DAY) -> list[dict[str, Any]]:
        """What the index shows of the day, as the loader asks for it."""
        pages = self._reader.get_paginator("query").paginate(
            TableName=self.name,
            IndexName=DATE_INDEX,
            KeyConditionExpression="#date = :day",
            ProjectionExpression="id",
            ExpressionAttributeNames={"#date": "date"},
            ExpressionAttributeValues={":day": {"S": day}},
        )
        return [found for page in pages for found in page["Items"]]

    def delete(self, id: str) -> None:
        self._reader.delete_item(TableName=self.name, Key={"id": {"S": id}})

    def put(self, found: dict[str, Any]) -> None:
        self._reader.put_item(TableName=self.name, Item=found)


def _index(name: str, partition: str, sort: str) -> Any:
    keys = [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}


def unhurried() -> Backoff:
    """The loader's backoff, with pauses that cost a test nothing."""
    return Backoff(sleep=lambda _seconds: None)


def impatient() -> Backoff:
    return Backoff(sleep=lambda _seconds: time.sleep(0.01), patience=SHORT_PATIENCE)


def values_of(rows: Sequence[Row]) -> dict[str, float]:
    return {row["id"]: row["value"] for row in rows}
