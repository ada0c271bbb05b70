"""Plans: what would be changed, and what is expected of it."""

from __future__ import annotations

import ctypes as c
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import _library as library
from . import _structures as s
from ._library import Settings
from .errors import ArrayError, BadValueError
from .shapes import Cost, Device, Model, cluster


@dataclass(frozen=True)
class Forecast:
    """What is expected of a plan, by the cost law."""

    is_cut_short: bool
    batch_nanoseconds_before: float
    batch_nanoseconds_after: float
    imbalance_before: float
    imbalance_after: float
    bytes_moved: int
    quality_spent: float
    added: int
    removed: int


class Plan(library.Handle):
    """The next placement and what is expected of it; a context manager."""

    _destroy = "plan_destroy"

    def __init__(self, handle: int) -> None:
        """What `plan` and a balancer make; it owns the handle."""
        self._handle = handle

    @cached_property
    def placement(self) -> np.ndarray:
        """`REPLICA` [replica], ordered by layer, expert, device."""
        return library.listed("plan_placement", self._handle, s.REPLICA)

    @property
    def table_version(self) -> int:
        """The version the placement has once the plan is applied; 0 for a plan that no balancer made."""
        return self._switch()[0]

    @property
    def switch_step(self) -> int:
        """The step of serving at which every process switches; 0 for as soon as everything is in place."""
        return self._switch()[1]

    @switch_step.setter
    def switch_step(self, step: int) -> None:
        library.call("plan_set_switch", self._handle, step)

    def _switch(self) -> tuple[int, int]:
        version, step = c.c_uint64(), c.c_uint64()
        library.call("plan_switch", self._handle, c.byref(version), c.byref(step))
        return version.value, step.value

    def to_bytes(self) -> bytes:
        """The plan, with all it carries, with a version and a checksum."""
        return library.written("plan_serialise", self._handle)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Plan":
        """The plan that was written as these bytes, in this process or another."""
        room = np.frombuffer(bytes(data), np.uint8)
        return cls(library.make("plan_deserialise", room.ctypes.data, room.size))

    @cached_property
    def forecast(self) -> Forecast:
        """What is expected of it."""
        found = s.Forecast.sized()
        library.call("plan_forecast", self._handle, c.byref(found))
        values = {name: getattr(found, name) for name in Forecast.__dataclass_fields__}
        return Forecast(**values | {"is_cut_short": bool(found.is_cut_short)})


def plan(loads: object, copies: int | None = None, devices: int | Sequence[Device] = 1, *, model: Model | None = None,
         cost: Cost | None = None, placement: np.ndarray | None = None, settings: Settings = None) -> Plan:
    """Plans the next placement; nothing but the arguments decides it.

    loads: tokens of a batch, numbers [layer][expert]. copies: replicas a layer may have on average, in full precision. placement:
    where experts are now, `REPLICA` [replica]; `None` for one copy of each. settings: text, or keys and values, as `ballast
    config` prints them; they may not name what `copies` decides. Without `model` every expert is equally large.
    """
    tokens = numbers(loads, "loads")
    shape = model or Model(layers=tokens.shape[0], experts_per_layer=tokens.shape[1])
    if (shape.layers, shape.experts_per_layer) != tokens.shape:
        raise ArrayError(f"loads has shape {tokens.shape}; the model has ({shape.layers}, {shape.experts_per_layer})")
    joined = cluster(devices, cost)
    text = library.text(settings) or b""
    if copies is not None:
        count = s.whole(copies, s.u32, "copies")
        if count < shape.experts_per_layer:
            raise BadValueError(f"copies is {count}; each of {shape.experts_per_layer} experts needs one")
        # Each device keeps room to stage one expert, which is no room for copies.
        experts = shape.layers * count + joined.device_count
        text += f"\nplanner.memoryBudgetShare = {experts / tokens.size!r}\n".encode()
        text += b"planner.qualityBudget = 0\nplanner.stagingReserveExperts = 1\nplanner.moveBudgetShare = 1\n"
    structure = shape._structure()
    return Plan(library.make(
        "plan_create", c.byref(structure), c.byref(joined), text, tokens.ctypes.data,
        library.address(placement, "placement", (s.REPLICA,), shape=(None,)),
        0 if placement is None else len(placement)))


def numbers(values: object, name: str) -> np.ndarray:
    """Numbers in rows as float64 [row][column], copied only where they are something else."""
    try:
        found = np.ascontiguousarray(values, np.float64)
    except (TypeError, ValueError, OverflowError) as problem:
        raise ArrayError(f"{name} cannot be read as numbers: {problem}") from None
    if found.ndim != 2 or found.size == 0:
        raise ArrayError(f"{name} has shape {found.shape}; it must be [layer][expert], not empty")
    return found
