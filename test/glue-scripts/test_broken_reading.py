"""Objects whose answers break off: reading goes on where it stopped, and never mixes two versions."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from urllib3.exceptions import ProtocolError

from music_streaming import objects

CONTENT = bytes(range(256)) * 40
URI = "s3://bucket/key"


class Breaking(io.BytesIO):
    """Gives so many bytes, then the connection is gone."""

    def __init__(self, content: bytes, good: int) -> None:
        super().__init__(content[:good])

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        if not found:
            raise ProtocolError("Connection broken")
        return found


class Bucket:
    """An S3 of one object. Answers break off after so many bytes each, the later ones not at all."""

    def __init__(self, *breaks: int) -> None:
        self.breaks = list(breaks)
        self.etag = '"one"'
        self.changes_after: int | None = None
        self.asked: list[str] = []

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request.get("Range", "all"))
        if self.changes_after == len(self.asked) - 1:
            self.etag = '"two"'
        if request.get("IfMatch", self.etag) != self.etag:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "GetObject")
        start, _, end = request.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        content = CONTENT[int(start) : int(end) + 1 if end else None]
        stream = Breaking(content, self.breaks.pop(0)) if self.breaks else io.BytesIO(content)
        return {"Body": StreamingBody(stream, len(content)), "ETag": self.etag}


@pytest.fixture
def pauses(patch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    patch.setattr(objects.time, "sleep", taken.append)
    patch.setattr(objects, "CHUNK_BYTES", 1000)
    return taken


def serve(patch: pytest.MonkeyPatch, bucket: Bucket) -> Bucket:
    patch.setattr(objects, "s3", lambda: bucket)
    return bucket


def test_reading_goes_on_where_the_connection_broke(patch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    bucket = serve(patch, Bucket(0, 2500, 1))
    assert b"".join(objects.chunks(URI)) == CONTENT
    assert bucket.asked == ["all", "all", "bytes=2500-", "bytes=2501-"]
    assert len(pauses) == 3


def test_another_version_is_never_read_on(patch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    bucket = serve(patch, Bucket(2000))
    bucket.changes_after = 1
    with pytest.raises(ClientError, match="PreconditionFailed"):
        b"".join(objects.chunks(URI))


def test_a_connection_that_breaks_at_once_again_and_again_is_given_up(
    patch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    bucket = serve(patch, Bucket(*[0] * 100))
    with pytest.raises(Exception, match="Connection broken"):
        b"".join(objects.chunks(URI))
    assert len(bucket.asked) == objects.BREAKS_IN_A_ROW + 1
    assert pauses == sorted(pauses)
