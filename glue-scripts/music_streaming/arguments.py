"""The arguments that every script takes, as Glue hands them over."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from awsglue.utils import getResolvedOptions

NAMES = ["JOB_NAME", "run_id", "run_token", "plan", "report_prefix", "script_digest"]


@dataclass(frozen=True)
class Arguments:
    run_id: str
    job_run_id: str
    plan: str
    """URI of the plan."""
    report: str
    """URI of the report, under the name of the job run."""
    script_digest: str

    def envelope(self, started: datetime) -> dict[str, Any]:
        """What every report begins with."""
        return {
            "version": 1,
            "run": self.run_id,
            "jobRunId": self.job_run_id,
            "scriptDigest": self.script_digest,
            "startedAt": started.isoformat(),
            "finishedAt": datetime.now(UTC).isoformat(),
        }


def read_arguments() -> Arguments:
    """Raises GlueArgumentError naming an argument that is missing."""
    options = getResolvedOptions(sys.argv, NAMES)
    return Arguments(
        run_id=options["run_id"],
        job_run_id=options["JOB_RUN_ID"],
        plan=options["plan"],
        report=f"{options['report_prefix']}{options['JOB_RUN_ID']}.json",
        script_digest=options["script_digest"],
    )
