"""Objects by URI: `s3://bucket/key` through boto3, anything else is a path of the local file system.

Spark reads and writes data; this is for what Spark has no word for: a document at an exact key, the bytes of a file, a
copy whose digest is known.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from music_streaming.errors import PlanError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1024 * 1024

GZIP_MAGIC = b"\x1f\x8b"

# botocore repeats a request that is not answered; where an answer breaks off, reading it on is left to its readers.
# Breaks without a byte in between after which it is given up.
BREAKS_IN_A_ROW = 5
FIRST_PAUSE_SECONDS = 0.2

# Copies at once: each is one read and one request, bound by the network and not by this process.
PARALLEL_COPIES = 8


@dataclass(frozen=True)
class Copied:
    key: str
    """Key within the bucket, or the path."""
    size: int
    sha256: str

    def listed(self, rows: int) -> dict[str, Any]:
        """As reports list a file."""
        return {"key": self.key, "size": self.size, "rows": rows, "sha256": self.sha256}


@lru_cache(maxsize=1)
def s3() -> S3Client:
    return boto3.client("s3")


def split(uri: str) -> tuple[str, str] | None:
    """Bucket and key of an S3 URI; None for a path."""
    if not uri.startswith("s3://"):
        return None
    bucket, _, key = uri[len("s3://") :].partition("/")
    return bucket, key


def path_of(uri: str) -> str:
    return uri.removeprefix("file://")


def key_of(uri: str) -> str:
    """What a report calls the object: its key within the bucket, or its path."""
    place = split(uri)
    return path_of(uri) if place is None else place[1]


def read_plan(uri: str) -> dict[str, Any]:
    """The plan at the URI. Raises PlanError when it is missing, not JSON or of another version."""
    plan = read_json(uri)
    if plan is None:
        raise PlanError(f"There is no plan at {uri}; the worker writes it before it starts this job")
    if plan.get("version") != 1:
        raise PlanError(f"The plan at {uri} has version {plan.get('version')}; these scripts know version 1")
    return plan


def read_json(uri: str) -> dict[str, Any] | None:
    """None when there is no such object."""
    try:
        content = b"".join(chunks(uri))
    except FileNotFoundError:
        return None
    try:
        return json.loads(content)
    except ValueError as error:
        raise PlanError(f"{uri} is not JSON: {error}") from error


def write_json(uri: str, value: Any) -> None:
    body = json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
    place = split(uri)
    if place is None:
        write(uri, [body])
        return
    s3().put_object(Bucket=place[0], Key=place[1], Body=body, ContentType="application/json")


def chunks(uri: str) -> Iterator[bytes]:
    """The object's bytes in constant memory. Raises FileNotFoundError when it is not there."""
    place = split(uri)
    if place is None:
        with open(path_of(uri), "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
        return
    try:
        yield from _unbroken(*place)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise FileNotFoundError(uri) from error
        raise


def _unbroken(bucket: str, key: str) -> Iterator[bytes]:
    """The object's bytes; goes on reading where a connection broke."""
    at, breaks = 0, 0
    same: dict[str, str] = {}
    while True:
        part: dict[str, str] = {} if at == 0 else {"Range": f"bytes={at}-"}
        answer = s3().get_object(Bucket=bucket, Key=key, **part, **same)
        # Another object's bytes must not follow on this one's.
        same = {"IfMatch": answer["ETag"]}
        try:
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                at += len(chunk)
                breaks = 0
                yield chunk
            return
        except (HTTPClientError, IncompleteReadError):
            breaks += 1
            if breaks > BREAKS_IN_A_ROW:
                raise
        time.sleep(FIRST_PAUSE_SECONDS * 2 ** (breaks - 1))


class Content:
    """The content of an object in pieces of at most CHUNK_BYTES, decompressed where it is gzip, of which a file may
    hold several members. Zeros behind a member are padding.

    Iterating raises EOFError or zlib.error when the stream is broken.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self.is_gzip = False
        self.is_padded = False
        """Known at the end."""

    def __iter__(self) -> Iterator[bytes]:
        pieces = chunks(self._uri)
        first = next(pieces, b"")
        self.is_gzip = first.startswith(GZIP_MAGIC)
        whole = chain([first], pieces)
        return self._unpacked(whole) if self.is_gzip else whole

    def _unpacked(self, packed: Iterator[bytes]) -> Iterator[bytes]:
        stream: Any = None
        for chunk in packed:
            rest = chunk
            while rest:
                if stream is None:
                    member = rest.lstrip(b"\0")
                    self.is_padded |= len(member) < len(rest)
                    rest = member
                    if not rest:
                        break
                    stream = zlib.decompressobj(wbits=31)
                # A megabyte may unpack to a thousand of them.
                yield stream.decompress(rest, CHUNK_BYTES)
                rest = stream.unused_data if stream.eof else stream.unconsumed_tail
                if stream.eof:
                    stream = None
        if stream is not None:
            raise EOFError("the stream ends before its end marker")


def opened(uri: str) -> io.BufferedReader:
    """The content as a file to read from. Reading raises what iterating `Content` does."""
    return io.BufferedReader(_Pieces(Content(uri)))


def write(uri: str, pieces: Iterable[bytes]) -> None:
    """Writes an object in constant memory."""
    place = split(uri)
    if place is None:
        path = path_of(uri)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.writelines(pieces)
        return
    # One part at a time: with threads, each file that is written would hold ten of them in memory.
    one_by_one = TransferConfig(use_threads=False)
    s3().upload_fileobj(io.BufferedReader(_Pieces(pieces)), *place, Config=one_by_one)


class _Pieces(io.RawIOBase):
    """A file to read from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = filter(None, pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken


def list_files(prefix: str, suffix: str) -> list[str]:
    """URIs below the prefix that end in the suffix, sorted."""
    place = split(prefix)
    if place is None:
        return sorted(str(path) for path in Path(path_of(prefix)).rglob(f"*{suffix}"))
    pages = s3().get_paginator("list_objects_v2").paginate(Bucket=place[0], Prefix=place[1])
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return sorted(f"s3://{place[0]}/{key}" for key in keys if key.endswith(suffix))


def copy_all(pairs: list[tuple[str, str]]) -> list[Copied]:
    """Copies each source to its target; the digests are of the bytes as read from the source."""
    with ThreadPoolExecutor(PARALLEL_COPIES) as pool:
        return list(pool.map(lambda pair: _copy(*pair), pairs))


def _copy(source: str, target: str) -> Copied:
    digest = hashlib.sha256()
    size = 0
    for chunk in chunks(source):
        digest.update(chunk)
        size += len(chunk)
    there, here = split(target), split(source)
    if there is None or here is None:
        path = path_of(target)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copyfile(path_of(source), path)
    else:
        s3().copy_object(Bucket=there[0], Key=there[1], CopySource={"Bucket": here[0], "Key": here[1]})
    return Copied(key_of(target), size, digest.hexdigest())
