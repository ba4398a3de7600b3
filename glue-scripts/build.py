"""Builds what a worker deploys: the scripts, their package as a zip, and the digests of both.

    python glue-scripts/build.py OUT_DIR

The zip is the same for the same sources, and a digest names the sources, so two builds of one checkout agree.
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


def digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()[:DIGEST_LENGTH]


def package() -> tuple[bytes, str]:
    """The zip and the digest of its sources."""
    sources = sorted((HERE / PACKAGE).glob("*.py"))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for source in sources:
            archive.writestr(zipfile.ZipInfo(f"{PACKAGE}/{source.name}", EPOCH), source.read_bytes())
    return content.getvalue(), digest(*(part for s in sources for part in (s.name.encode(), s.read_bytes())))


def build(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    archive, package_digest = package()
    (out / f"{PACKAGE}.zip").write_bytes(archive)
    built: dict[str, Any] = {
        "scripts": {},
        "package": {"digest": package_digest, "file": f"{PACKAGE}.zip", "size": len(archive)},
    }
    for name in SCRIPTS:
        source = (HERE / f"{name}.py").read_bytes()
        (out / f"{name}.py").write_bytes(source)
        built["scripts"][name] = {
            "digest": digest(source, package_digest.encode()),
            "file": f"{name}.py",
            "size": len(source),
        }
    (out / "digests.json").write_text(json.dumps(built, indent=1) + "\n")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
