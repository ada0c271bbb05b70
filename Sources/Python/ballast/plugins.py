"""What vLLM and SGLang run in each of their processes when the package is installed: nothing, unless `BALLAST_EPLB` is 1."""

from __future__ import annotations

import os

from .errors import BadSettingError

VARIABLE = "BALLAST_EPLB"


def vllm() -> None:
    """Makes vLLM place experts by Ballast where the variable says so."""
    if _is_on():
        from . import vllm as policy

        policy.use()


def sglang() -> None:
    """Makes SGLang place experts by Ballast where the variable says so."""
    if _is_on():
        from . import sglang as algorithm

        algorithm.use()


def _is_on() -> bool:
    value = os.environ.get(VARIABLE, "0")
    if value not in ("", "0", "1"):
        raise BadSettingError(f"{VARIABLE} is {value!r}; allowed is 0 or 1")
    return value == "1"
