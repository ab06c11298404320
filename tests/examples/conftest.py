"""The modules of an example stand beside each other, as its commands import them."""

from __future__ import annotations

import sys
from pathlib import Path

for _name in (".", "memllm_finetune", "fastapi_chat"):
    sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / _name))
