"""The modules of an example stand beside each other, as its commands import them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "memllm_finetune"))
