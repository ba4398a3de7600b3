"""A real table for the loader's tests, on a MiniStack of their own, and a client whose calls a test can interfere with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from music_streaming.table import deserialize

REGION = "eu-west-1"

# MiniStack takes a second; a busy machine some more.
START_SECONDS = 60

# It saves nothing here, and ends at once.
STOP_SECONDS = 10

Interference = Callable[[Callable[..., Any], dict[str, Any]], Any]
"""Gets the call and its arguments, and answers in its place."""


def ministack_program() -> str | None:
    """The one of the environment that runs the tests, else one on the path; None where it is not installed."""
    beside = Path(sys.executable).with_name("ministack")
    return str(beside) if beside.exists() else shutil.which("ministack")


@contextmanager
def ministack(program: str, folder: Path) -> Iterator[str]:
    """Runs MiniStack on a free port of this machine; the endpoint."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINISTACK_"))}
    settings = {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "GATEWAY_PORT": str(port),
        "STATE_DIR": str(folder),
    }
    with open(folder / "ministack.log", "wb") as log:
        process = subprocess.Popen([program], env=kept | settings, stdout=log, stderr=log, cwd=folder)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _until_healthy(process, endpoint, folder)
        yield endpoint
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_healthy(process: subprocess.Popen[bytes], endpoint: str, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"MiniStack ended: {(folder / 'ministack.log').read_text()[-2000:]}")
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{endpoint}/_ministack/health"):
            return
        time.sleep(0.05)
    raise TimeoutError(f"MiniStack was not ready within {START_SECONDS} s")


def dynamodb(endpoint: str) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
    )


def create_table(client: Any, name: str) -> None:
    """As provisioning makes it."""

    def key(partition: str, order: str) -> list[dict[str, str]]:
        return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": order, "KeyType": "RANGE"}]

    def index(partition: str, order: str) -> dict[str, Any]:
        name = f"{partition}-{order}-index"
        return {"IndexName": name, "KeySchema": key(partition, order), "Projection": {"ProjectionType": "ALL"}}

    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in ("id", "metric_type", "date")
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[index("metric_type", "date"), index("date", "metric_type")],
    )


def items_in(client: Any, name: str) -> dict[str, dict[str, Any]]:
    """Every item of the table but the guards, by its id."""
    found: dict[str, dict[str, Any]] = {}
    for page in client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
        found |= {item["id"]: item for item in map(deserialize, page["Items"]) if not item["id"].startswith("day#")}
    return found


def guard_in(client: Any, name: str, day: str) -> int | None:
    """The edition that owns the day; None where none does."""
    answer = client.get_item(TableName=name, Key={"id": {"S": f"day#{day}"}}, ConsistentRead=True)
    item = answer.get("Item")
    return None if item is None else int(item["edition"]["N"])


class Interfered:
    """A client that counts its calls and lets a test take the place of some of them."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._queued: dict[str, list[Interference]] = {}
        self._standing: dict[str, Interference] = {}
        self.calls: Counter[str] = Counter()

    def next(self, operation: str, *interferences: Interference) -> None:
        """For the next calls of this operation, one after another; later ones go through."""
        self._queued.setdefault(operation, []).extend(interferences)

    def every(self, operation: str, interference: Interference) -> None:
        self._standing[operation] = interference

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call = getattr(self._client, operation)

        def interfered(**arguments: Any) -> Any:
            self.calls[operation] += 1
            queued = self._queued.get(operation)
            interference = queued.pop(0) if queued else self._standing.get(operation)
            return call(**arguments) if interference is None else interference(call, arguments)

        return interfered

    @property
    def writes(self) -> int:
        """Requests that write."""
        return sum(self.calls[name] for name in ("transact_write_items", "update_item", "put_item", "delete_item"))


def refusal(code: str, status: int = 400, **details: Any) -> ClientError:
    """An error as boto3 raises it."""
    response: Any = {
        "Error": {"Code": code, "Message": f"the test says {code}"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **details,
    }
    return ClientError(response, "operation")


def refusing(error: Exception) -> Interference:
    """Refuses without doing anything."""

    def interference(_call: Callable[..., Any], _arguments: dict[str, Any]) -> Any:
        raise error

    return interference


def losing_the_answer(error: Exception) -> Interference:
    """Does what is asked and then fails, as when a connection breaks."""

    def interference(call: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        call(**arguments)
        raise error

    return interference


def cancelled(*codes: str) -> ClientError:
    """A cancelled transaction; the first code is the guard's."""
    reasons = [{"Code": code, "Message": f"the test says {code}"} for code in codes]
    return refusal("TransactionCanceledException", CancellationReasons=reasons)
