"""Builds what a worker deploys: the scripts, their package as a zip, and the digests of both.

    python glue-scripts/build.py OUT_DIR

The zip is the same for the same sources, so two builds of one checkout agree. A digest is of the built bytes: of the
zip, or of a script and the zip that it imports.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGE = "music_streaming"
SCRIPTS = ("validate_data", "compute_kpis", "load_dynamodb")

# Enough hex digits to never meet again within one pipeline, short enough to read.
DIGEST_LENGTH = 16

# Zip has no earlier time than this.
EPOCH = (1980, 1, 1, 0, 0, 0)


def digest(*contents: bytes) -> str:
    """Of the SHA-256 of each, in hex, one a line; the worker computes it again from what it is deployed with."""
    lines = "".join(f"{hashlib.sha256(content).hexdigest()}\n" for content in contents)
    return hashlib.sha256(lines.encode()).hexdigest()[:DIGEST_LENGTH]


def package() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for source in sorted((HERE / PACKAGE).glob("*.py")):
            archive.writestr(zipfile.ZipInfo(f"{PACKAGE}/{source.name}", EPOCH), source.read_bytes())
    return content.getvalue()


def build(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    archive = package()
    (out / f"{PACKAGE}.zip").write_bytes(archive)
    built: dict[str, Any] = {"scripts": {}, "package": {"digest": digest(archive), "file": f"{PACKAGE}.zip"}}
    for name in SCRIPTS:
        source = (HERE / f"{name}.py").read_bytes()
        (out / f"{name}.py").write_bytes(source)
        built["scripts"][name] = {"digest": digest(source, archive), "file": f"{name}.py"}
    (out / "digests.json").write_text(json.dumps(built, indent=1) + "\n")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
