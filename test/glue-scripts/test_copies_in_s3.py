"""A copy that Spark reads instead of a file is written to the bucket as it is made."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from music_streaming import objects
from music_streaming.heads import look_at_all
from support.rows import lines, plays

# More than one part of an upload.
LONG = "x" * (9 * 2**20)


@pytest.fixture
def bucket(aws: None) -> Iterator[str]:
    objects.s3.cache_clear()
    boto3.client("s3").create_bucket(
        Bucket="copies", CreateBucketConfiguration={"LocationConstraint": boto3.client("s3").meta.region_name}
    )
    yield "s3://copies"
    objects.s3.cache_clear()


def test_a_record_of_several_lines_comes_onto_one(bucket: str) -> None:
    rows = [f'{play},"one\ntwo"' for play in plays(0, 3)]
    content = lines(*rows, f"a,b,c,{LONG}", header="user_id,track_id,listen_time,note")
    place = {"id": "a", "key": "streams/a.csv", "uri": f"{bucket}/staged/a.csv"}
    objects.write(place["uri"], [content.encode()])
    [file] = look_at_all({"files": [place], "maxUnpackedBytes": 1}, f"{bucket}/temporary/")
    assert (file.problem, file.uri) == (None, f"{bucket}/temporary/a.csv")
    copy = b"".join(objects.Content(file.uri)).decode()
    assert copy == content.replace("one\ntwo", "one two").replace('two"\n', 'two"\n\n')
