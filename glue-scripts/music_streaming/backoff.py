"""Retrying what DynamoDB throttles: exponential backoff with full jitter, until it is done.

What bounds it is the lack of progress, not a number of tries: a throttled table that takes a few writes a second still
finishes, and one that takes none for minutes is given up.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from music_streaming.errors import TableStalledError

T = TypeVar("T")

# First pause; the same as the AWS SDKs take for DynamoDB.
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 10.0

# Time of nothing but refusals after which the table is given up; on-demand tables adapt within minutes.
PATIENCE_SECONDS = 300.0

THROTTLED = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
TRANSIENT = THROTTLED | {
    "InternalServerError",
    "ServiceUnavailable",
    "RequestTimeout",
    "TransactionInProgressException",
    # Of single writes, while a transaction has the item.
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
}

# A server's fault, whatever it calls it.
FIRST_SERVER_ERROR = 500


class Backoff:
    """Shared by the threads of one load: counts retries and why it was throttled, and knows when anything moved."""

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._refused_since: float | None = None
        self.retries = 0
        self.throttles: Counter[str] = Counter()

    def call(self, request: Callable[[], T], is_progress: Callable[[T], bool] = lambda _answer: True) -> T:
        """Repeats the request as long as it is throttled or the service fails. Raises what can't get better, and
        TableStalledError when nothing got better for too long.

        is_progress: whether an answer shows that the table still takes or gives something
        """
        pauses = Pauses(self)
        while True:
            try:
                answer = request()
            except ClientError as error:
                if not _passes(error):
                    raise
                self.note(_reasons(error))
                pauses.retry(error)
            except (ConnectionError, HTTPClientError) as error:
                pauses.retry(error)
            else:
                if is_progress(answer):
                    self._refused_since = None
                return answer

    def note(self, reasons: Iterable[str]) -> None:
        """Counts why a request was throttled, each reason once."""
        with self._lock:
            self.throttles.update(set(reasons))

    def count_retry(self, cause: Exception | None) -> None:
        with self._lock:
            now = self._clock()
            since = self._refused_since = now if self._refused_since is None else self._refused_since
            self.retries += 1
        if now - since > self._patience:
            why = "it left requests unprocessed" if cause is None else f"the last refusal was: {cause}"
            raise TableStalledError(
                f"DynamoDB did nothing but refuse for {now - since:.0f} s ({why}); "
                "look at the table's throttling and limits, then retry the load"
            ) from cause

    def sleep(self, seconds: float) -> None:
        self._sleep(seconds)


class Pauses:
    """The pauses of one piece of work, each up to twice as long as the one before."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._longest = FIRST_PAUSE_SECONDS

    def retry(self, cause: Exception | None = None) -> None:
        """Before the same is asked again. Raises TableStalledError once nothing has moved for too long."""
        self._backoff.count_retry(cause)
        self.pause()

    def pause(self) -> None:
        self._backoff.sleep(random.uniform(0, self._longest))
        self._longest = min(self._longest * 2, LONGEST_PAUSE_SECONDS)


def error_code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _passes(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error_code(error) in TRANSIENT or status >= FIRST_SERVER_ERROR


def _reasons(error: ClientError) -> list[str]:
    """What throttled: a table, an index, a key range or the account, in the service's words. Empty for other errors."""
    if error_code(error) not in THROTTLED:
        return []
    response: Any = error.response
    # One of the three errors spells the member's name with a small letter.
    given = response.get("ThrottlingReasons") or response.get("throttlingReasons") or []
    return [entry["reason"] for entry in given if entry.get("reason")] or [error_code(error)]
