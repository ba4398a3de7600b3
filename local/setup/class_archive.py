"""Lets Spark do a little of all that the Glue scripts let it do, so that the JVM has loaded the classes of each.

spark-submit class_archive.py FOLDER, which it may fill. The JVM writes at its end what it has loaded into its archive.
"""

from __future__ import annotations

import sys
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

# The discard port, where nothing listens: a client is made and a request is signed, and that it fails is no matter.
NOWHERE = {
    "fs.s3a.endpoint": "http://127.0.0.1:9",
    "fs.s3a.path.style.access": "true",
    "fs.s3a.attempts.maximum": "1",
    "fs.s3a.retry.limit": "0",
    "fs.s3a.access.key": "none",
    "fs.s3a.secret.key": "none",
    "fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
}


def main(folder: Path) -> None:
    spark = (
        SparkSession.builder.config("spark.sql.adaptive.enabled", False)
        .config("spark.sql.shuffle.partitions", 2)
        .getOrCreate()
    )
    plays = folder / "plays.csv"
    rows = [f"{n % 7},t{n % 5},2024-06-25 17:43:{n % 60:02}" for n in range(500)]
    plays.write_text("\n".join(["user_id,track_id,listen_time", *rows]))
    columns = ([f"t{n}" for n in range(5)], list(range(5)))
    songs = spark.createDataFrame([columns], "track_id array<string>, ms array<int>")
    songs = songs.select(F.inline(F.arrays_zip("track_id", "ms")))

    lines = spark.read.text(str(plays)).where(~F.col("value").startswith("user_id"))
    fields = F.split("value", ",")
    parsed = lines.select(
        fields[0].cast("int").alias("user_id"),
        fields[1].alias("track_id"),
        F.to_timestamp(fields[2], "yyyy-MM-dd HH:mm:ss").alias("listen_time"),
        F.input_file_name().alias("source"),
    ).withColumn("day", F.to_date("listen_time"))
    parsed.write.partitionBy("day").parquet(str(folder / "plays"))

    played = spark.read.parquet(str(folder / "plays")).join(F.broadcast(songs), "track_id", "left")
    counts = played.groupBy("day", "track_id").agg(
        F.count("*").alias("plays"), F.sum("ms").alias("ms"), F.countDistinct("user_id").alias("users")
    )
    ranks = Window.partitionBy("day").orderBy(F.desc("plays"), "track_id")
    ranked = counts.withColumn("rank", F.row_number().over(ranks)).where("rank <= 3")
    ranked.write.json(str(folder / "ranked"))
    ranked.write.parquet(str(folder / "items"))
    spark.read.option("header", True).csv(str(plays)).count()
    spark.read.json(str(folder / "ranked")).unionByName(ranked, allowMissingColumns=True).distinct().collect()

    settings = spark.sparkContext._jsc.hadoopConfiguration()
    for name, value in NOWHERE.items():
        settings.set(name, value)
    try:
        spark.read.parquet("s3a://nowhere/plays").count()
    except Py4JJavaError as error:
        print(f"as expected: {error.java_exception.getClass().getName()}")
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
