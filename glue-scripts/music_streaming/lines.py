"""From the lines of the input files to judged rows.

Files are read as text, not as CSV, because a verdict names its line. A line's place is the start of its split and its
number within the split; the number within the file needs the lines of the splits before it, which are counted only
for files that have something to report behind their first split (`lines_before`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import groupby

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from music_streaming.heads import InputFile
from music_streaming.reference import ReferenceData
from music_streaming.rules import broken_rules, literal_time, parse_listen_time, parse_user_id
from music_streaming.session import one_split_for_each_task
from music_streaming.times import day_of

# The lower 33 bits of monotonically_increasing_id count the rows within a partition.
PLACE_BITS = (1 << 33) - 1

# A field behind its comma. A quote opens a field only at its start, perhaps after spaces; one that never closes is a
# character. Nothing is taken back once matched (`*+`): to be able to, Java's regular expressions need stack for every
# quote, and a line with thousands ends the process.
FIELD = r',( *+"[^"]*+(?:""[^"]*+)*+"[^,]*+|[^,]*+)'

Place = tuple[str, int]
"""A split: the id of its file, and where in the file it starts."""

BAD = -1_000_000
"""Value of the partition column `day` for rows that were not accepted: before any date."""


def judged_rows(spark: SparkSession, files: list[InputFile], reference: ReferenceData, now: str) -> DataFrame:
    """One row for each data line of the files.

    Columns: user_id, track_id, listen_time, source, day (since 1970; BAD where not accepted), problem (null where
    accepted, else mask, block, place, raw and the three fields as read).
    """
    by_layout = sorted(files, key=_layout)
    frames = [_fields(spark, list(group), *layout) for layout, group in groupby(by_layout, _layout)]
    fields = reduce(DataFrame.unionByName, frames)
    songs = reference.song_frame(spark).select(F.col("track_id").alias("song"))
    users = reference.user_frame(spark).select(F.col("user_id").alias("user"))
    joined = (
        fields.withColumn("user_id", parse_user_id("user_text"))
        .withColumn("listen_time", parse_listen_time("time_text"))
        .join(F.broadcast(songs), F.col("track_text") == F.col("song"), "left")
        .join(F.broadcast(users), F.col("user_id") == F.col("user"), "left")
    )
    judged = joined.withColumn("now", literal_time(now)).withColumn("mask", broken_rules())
    accepted = F.col("mask") == 0
    problem = F.struct("mask", "block", "place", "raw", "user_text", "track_text", "time_text")
    return judged.select(
        "user_id",
        F.col("track_text").alias("track_id"),
        "listen_time",
        "source",
        F.when(accepted, day_of("listen_time")).otherwise(F.lit(BAD)).alias("day"),
        F.when(~accepted, problem).alias("problem"),
    )


def _layout(file: InputFile) -> tuple[int, tuple[int, int, int]]:
    return file.header_line, file.positions


def _fields(
    spark: SparkSession, files: list[InputFile], header_line: int, positions: tuple[int, int, int]
) -> DataFrame:
    """The three fields of each data line of files that have the same columns in the same places."""
    lines = read_lines(spark, [file.uri for file in files])
    is_header = (F.col("block") == 0) & (F.col("place") < header_line)
    data = lines.where(~is_header & (F.trim("raw") != "")).withColumn("source", source_of(files, "path"))
    quoted = F.col("raw").contains('"')
    by_field = F.regexp_extract_all(F.concat(F.lit(","), "raw"), F.lit(FIELD), F.lit(1))
    # What stands behind the last field that is needed is not looked at.
    by_comma = F.split("raw", ",", max(positions) + 2)
    split = data.withColumn("parts", F.when(quoted, by_field).otherwise(by_comma)).withColumn("quoted", quoted)
    names = zip(("user_text", "track_text", "time_text"), positions, strict=True)
    fields = [_unquoted(F.get("parts", at)).alias(name) for name, at in names]
    return split.select("source", "block", "place", "raw", *fields)


def _unquoted(part: Column) -> Column:
    """The field without its quotes and the white space around it."""
    bare = F.trim(part)
    inner = F.trim(F.replace(bare.substr(F.lit(2), F.length(bare) - 2), F.lit('""'), F.lit('"')))
    return F.when(F.col("quoted") & bare.startswith('"') & bare.endswith('"'), inner).otherwise(bare)


def read_lines(spark: SparkSession, uris: list[str]) -> DataFrame:
    """raw, path, block (start of the split in bytes) and place (number within the split, from 0) of each line."""
    return spark.read.text(uris).select(
        F.col("value").alias("raw"),
        F.col("_metadata.file_path").alias("path"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().bitwiseAND(F.lit(PLACE_BITS)).alias("place"),
    )


def source_of(files: list[InputFile], path: str) -> Column:
    """The id of the file that a path belongs to. Staged copies have names of their own, which the paths end in."""
    if len(files) == 1:
        return F.lit(files[0].id)
    names = F.create_map(*[F.lit(part) for file in files for part in (file.uri.rsplit("/", 1)[-1], file.id)])
    return F.element_at(names, F.element_at(F.split(path, "/"), -1))


def lines_before(spark: SparkSession, files: list[InputFile], places: Iterable[Place]) -> dict[Place, int]:
    """How many lines of its file stand before each of these splits; those at the start of a file are left out."""
    behind = {source for source, block in places if block > 0}
    split_files = [file for file in files if file.id in behind]
    if not split_files:
        return {}
    lines = read_lines(spark, [file.uri for file in split_files]).withColumn("source", source_of(split_files, "path"))
    ahead = Window.partitionBy("source").orderBy("block").rowsBetween(Window.unboundedPreceding, -1)
    counted = lines.groupBy("source", "block").count().withColumn("before", F.sum("count").over(ahead))
    with one_split_for_each_task(spark):
        return {(row.source, row.block): row.before for row in counted.where("block > 0").collect()}


def with_line(spark: SparkSession, rows: DataFrame, before: dict[Place, int]) -> DataFrame:
    """Adds `line`, the physical line number from 1, to rows that have source, block and place."""
    if not before:
        return rows.withColumn("line", F.col("place") + 1)
    values = [(source, block, offset) for (source, block), offset in before.items()]
    offsets = spark.createDataFrame(values, "source string, block bigint, before bigint")
    line = F.coalesce("before", F.lit(0)) + F.col("place") + 1
    return rows.join(F.broadcast(offsets), ["source", "block"], "left").withColumn("line", line).drop("before")
