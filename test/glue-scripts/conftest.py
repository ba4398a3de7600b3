"""One Spark and one DynamoDB for all tests; a world of files, and a table, for each that wants one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pyspark.sql import SparkSession

from support.kpi_table import KpiTable
from support.ministack import CREDENTIALS, REGION, running
from support.toolchain import toolchain
from support.world import World


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Like a Glue job's, on two cores of this machine."""
    from music_streaming.session import spark_session

    os.environ["PYSPARK_PYTHON"] = sys.executable
    if "JAVA_HOME" not in os.environ and toolchain().get("javaHome"):
        os.environ["JAVA_HOME"] = toolchain()["javaHome"]
    folder = tmp_path_factory.mktemp("spark")
    started = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", False)
        .config("spark.ui.showConsoleProgress", False)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.local.dir", str(folder))
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        # Short runs: what the second compiler would gain is less than what it costs.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .getOrCreate()
    )
    started.sparkContext.setLogLevel("ERROR")
    yield spark_session("tests")
    started.stop()


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as context:
        yield context


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path, patch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, patch)


@pytest.fixture(scope="module")
def shared_world(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """For a module whose tests look at one run from many sides."""
    with pytest.MonkeyPatch.context() as context:
        yield World(tmp_path_factory.mktemp("world"), context)


@pytest.fixture(scope="session")
def aws_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DynamoDB and S3 on this machine."""
    program = toolchain().get("ministack", "")
    if not Path(program).is_file():
        pytest.fail("MiniStack is not there: run npm run setup, or let MSP_SETUP_DIR name the folder that it filled")
    with running(program, tmp_path_factory.mktemp("ministack")) as endpoint:
        yield endpoint


@pytest.fixture
def aws(aws_endpoint: str, patch: pytest.MonkeyPatch) -> None:
    """The environment of a job that finds its services there."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws_endpoint, "AWS_DEFAULT_REGION": REGION}.items():
        patch.setenv(name, value)


@pytest.fixture
def kpi_table(aws_endpoint: str) -> KpiTable:
    return KpiTable(aws_endpoint, f"kpis-{uuid4().hex[:8]}")
