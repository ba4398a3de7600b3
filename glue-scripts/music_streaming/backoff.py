"""Retrying what DynamoDB throttles: exponential backoff with full jitter, until it is done.

What bounds it is the lack of progress, not a number of tries: a throttled table that takes a few writes a second still
finishes, and one that takes none for minutes is given up.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

T = TypeVar("T")

# First pause; the same as the AWS SDKs take for DynamoDB.
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 10.0

# Time without any progress after which the table is given up; on-demand tables adapt within minutes.
PATIENCE_SECONDS = 300.0

THROTTLED = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
}
TRANSIENT = THROTTLED | {
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionInProgressException",
    "RequestTimeout",
}


class Backoff:
    """Shared by the threads of one load: counts retries and the reasons of throttling."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep, patience: float = PATIENCE_SECONDS) -> None:
        self._sleep = sleep
        self._patience = patience
        self._lock = threading.Lock()
        self.retries = 0
        self.throttles: Counter[str] = Counter()

    def call(self, request: Callable[[], T]) -> T:
        """Repeats the request as long as it is throttled or the service fails. Raises what can't get better."""
        progress = self.progress()
        while True:
            try:
                return request()
            except ClientError as error:
                if error_code(error) not in TRANSIENT:
                    raise
                self.note(error)
                progress.wait(advanced=False, cause=error)
            except (ConnectionError, HTTPClientError) as error:
                progress.wait(advanced=False, cause=error)

    def progress(self) -> Progress:
        return Progress(self, self._sleep, self._patience)

    def count_retry(self) -> None:
        with self._lock:
            self.retries += 1

    def note(self, error: ClientError) -> None:
        """Counts why a request was throttled; the service names a table, an index, a key range or the account."""
        if error_code(error) not in THROTTLED:
            return
        given: Any = error.response.get("ThrottlingReasons") or []
        reasons = [entry.get("reason", "") for entry in given] or [error_code(error)]
        with self._lock:
            self.throttles.update(reason or error_code(error) for reason in reasons)


class Progress:
    """Pauses of one piece of work: they grow while it stands still and begin anew when it moves."""

    def __init__(self, backoff: Backoff, sleep: Callable[[float], None], patience: float) -> None:
        self._backoff = backoff
        self._sleep = sleep
        self._patience = patience
        self._pause = FIRST_PAUSE_SECONDS
        self._since = time.monotonic()

    def wait(self, advanced: bool, cause: Exception | None = None) -> None:
        """Raises the cause (or TimeoutError) once nothing has moved for the time of patience."""
        if advanced:
            self._pause = FIRST_PAUSE_SECONDS
            self._since = time.monotonic()
        elif time.monotonic() - self._since > self._patience:
            raise cause or TimeoutError(f"DynamoDB made no progress for {self._patience:.0f} s")
        self._backoff.count_retry()
        self._sleep(random.uniform(0, self._pause))
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)


def error_code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
