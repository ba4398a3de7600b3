"""Where set-up put the programs that the tests use."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


@lru_cache(maxsize=1)
def toolchain() -> dict[str, str]:
    """Empty where set-up has not run."""
    folder = Path(os.environ.get("MSP_SETUP_DIR", CHECKOUT / ".setup"))
    file = folder / "toolchain.json"
    return json.loads(file.read_text()) if file.exists() else {}
