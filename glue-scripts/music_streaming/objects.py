"""Objects by URI: `s3://bucket/key` through boto3, anything else is a path of the local file system.

Spark reads and writes data; this is for what Spark has no word for: a document at an exact key, the first bytes of a
file, a copy whose digest is known.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
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
        path = path_of(uri)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(body)
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


def _unbroken(bucket: str, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The object's bytes, those from `start` to `end` inclusive; goes on reading where a connection broke."""
    at, breaks = start, 0
    same: dict[str, str] = {}
    while True:
        whole = at == 0 and end is None
        part: dict[str, str] = {} if whole else {"Range": f"bytes={at}-{'' if end is None else end}"}
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


def content(uri: str) -> Iterator[bytes]:
    """The content, decompressed where it is gzip, of which a file may hold several members.

    Raises EOFError or zlib.error when the stream is broken.
    """
    stream: Any = None
    for number, chunk in enumerate(chunks(uri)):
        if number == 0 and not chunk.startswith(GZIP_MAGIC):
            stream = False
        if stream is False:
            yield chunk
            continue
        while chunk:
            if stream is None:
                stream = zlib.decompressobj(wbits=31)
            yield stream.decompress(chunk)
            chunk = stream.unused_data
            if stream.eof:
                stream = None
            elif not chunk:
                break
    if stream:
        raise EOFError("the stream ends before its end marker")


def read_range(uri: str, size: int, start: int, length: int) -> bytes:
    """At most `length` bytes of an object of `size` bytes, from `start`."""
    end = min(start + length, size) - 1
    if end < start:
        return b""
    place = split(uri)
    if place is None:
        with open(path_of(uri), "rb") as file:
            file.seek(start)
            return file.read(end - start + 1)
    return b"".join(_unbroken(*place, start, end))


def list_files(prefix: str, suffix: str) -> list[str]:
    """URIs below the prefix that end in the suffix, sorted."""
    place = split(prefix)
    if place is None:
        base = path_of(prefix)
        found = [os.path.join(folder, name) for folder, _, names in os.walk(base) for name in names]
        return sorted(path for path in found if path.endswith(suffix))
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
