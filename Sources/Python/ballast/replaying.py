"""Replay: what a policy would have made of recorded loads."""

from __future__ import annotations

import ctypes as c
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from . import _library as library
from . import _structures as s
from ._library import Settings
from .errors import ArrayError, BadValueError


class Policy(IntEnum):
    """Who places the replicas."""

    STATIC = 0
    GREEDY = 1
    BALLAST = 2


@dataclass(frozen=True)
class Replay:
    """Means over the windows that were judged, and `windows` one by one, `REPLAY_WINDOW` [window - 1]."""

    device_imbalance: float
    device_imbalance_p95: float
    device_imbalance_worst: float
    expert_imbalance: float
    replica_imbalance: float
    copies_moved_share: float
    bytes_moved: int
    batch_microseconds: float
    plan_milliseconds: float
    windows: np.ndarray


def replay(loads: object, *, policy: Policy = Policy.BALLAST, devices: int = 8, nodes: int = 1, copies: int | None = None,
           plan_life: int = 10_000, expert_bytes: int = 16 * 2**20, link_bytes_per_second: float = 50e9,
           settings: Settings = None) -> Replay:
    """Judges each window by the placement planned from the windows before it: what `ballast replay` does, by the same code.

    loads: whole tokens, [window][batch][layer][expert], or [window][layer][expert] for one batch a window; `count_windows` makes them
    from recorded routing. copies: replicas of a layer in all, a multiple of the devices; `None` for the experts, rounded up to one.
    The meaning and the defaults of the rest are those of the command.
    """
    tokens = _tokens(loads)
    windows, batches, layers, experts = tokens.shape
    count = s.whole(devices, s.u32, "devices")
    if copies is None:
        copies = -(-experts // max(count, 1)) * count
    options = s.ReplayOptions.sized(
        policy=policy, layers=layers, experts_per_layer=experts, devices=count, nodes=nodes, copies_per_layer=copies,
        windows=windows, batches_per_window=batches, plan_life_windows=plan_life, expert_bytes=expert_bytes)
    options.link_bytes_per_second = float(link_bytes_per_second)
    result, judged, found = s.ReplayResult.sized(), np.zeros(max(windows - 1, 0), s.REPLAY_WINDOW), c.c_uint64()
    library.call("replay", c.byref(options), library.text(settings), tokens.ctypes.data, c.byref(result),
                 judged.ctypes.data, judged.size, c.byref(found))
    values = {name: getattr(result, name) for name in Replay.__dataclass_fields__ if name != "windows"}
    return Replay(windows=judged[: found.value], **values)


def count_windows(experts: np.ndarray, *, window: int, batch: int | None = None, experts_per_layer: int) -> np.ndarray:
    """Counts recorded routing for `replay`: uint64 [window][batch][layer][expert].

    experts: the chosen experts, whole numbers [token][layer][choice]. window and batch: tokens of each; a batch is a whole window
    without one, and a window's last batch may be shorter. Tokens that do not fill a window are left out.
    """
    ids = np.asarray(experts)
    if ids.ndim != 3 or ids.dtype.kind not in "iu" or ids.shape[2] == 0:
        raise ArrayError(f"experts has shape {ids.shape} of {ids.dtype}; it must be whole numbers [token][layer][choice]")
    size, width = s.whole(window, s.u32, "window"), s.whole(experts_per_layer, s.u32, "experts_per_layer")
    step = size if batch is None else s.whole(batch, s.u32, "batch")
    if not 1 <= size <= len(ids):
        raise BadValueError(f"window is {size}; allowed is 1 to {len(ids)}, the tokens there are")
    if not 1 <= step <= size:
        raise BadValueError(f"batch is {step}; allowed is 1 to {size}, the tokens of a window")
    if ids.size and not 0 <= ids.min() <= ids.max() < width:
        raise BadValueError(f"experts has {ids.min()} to {ids.max()}; a layer has 0 to {width - 1}")
    layers, batches = ids.shape[1], -(-size // step)
    found = np.zeros((len(ids) // size, batches, layers, width), np.uint64)
    for number in range(len(found)):
        for part in range(batches):
            rows = ids[number * size:(number + 1) * size][part * step:(part + 1) * step].astype(np.int64)
            places = rows + np.arange(layers)[:, np.newaxis] * width
            found[number, part] = np.bincount(places.ravel(), minlength=layers * width).reshape(layers, width)
    return found


def _tokens(loads: object) -> np.ndarray:
    """uint64 [window][batch][layer][expert], copied only where it is something else."""
    try:
        found = np.asarray(loads)
    except (TypeError, ValueError, OverflowError) as problem:
        raise ArrayError(f"loads cannot be read as numbers: {problem}") from None
    if found.ndim == 3:
        found = found[:, np.newaxis]
    if found.ndim != 4 or found.size == 0 or found.dtype.kind not in "iu":
        raise ArrayError(f"loads has shape {found.shape} of {found.dtype}; it must be whole numbers [window][batch][layer][expert]")
    if found.min() < 0:
        raise BadValueError(f"loads has {found.min()}; tokens are at least 0")
    return np.ascontiguousarray(found, np.uint64)
