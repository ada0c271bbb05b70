"""What a model and a cluster are."""

from __future__ import annotations

import ctypes as c
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from . import _structures as s
from .errors import BadValueError


class Precision(IntEnum):
    """How weights are stored, from the most exact to the least."""

    FLOAT32 = 0
    BFLOAT16 = 1
    INT8 = 2
    INT4 = 3


class Phase(IntEnum):
    """Which half of serving tokens belong to."""

    PREFILL = 0
    DECODE = 1


class DeviceStatus(IntEnum):
    """Whether a device takes part."""

    SERVING = 0
    DRAINING = 1
    LOST = 2


@dataclass(frozen=True)
class Model:
    """The shape of a model's experts; `bytes_per_expert` is [precision], 4 numbers."""

    layers: int
    experts_per_layer: int
    experts_per_token: int = 1
    bytes_per_expert: Sequence[int] = (4, 2, 1, 1)
    full_precision: Precision = Precision.BFLOAT16

    def _structure(self) -> s.Model:
        made = s.Model.sized(
            layers=self.layers, experts_per_layer=self.experts_per_layer, experts_per_token=self.experts_per_token,
            full_precision=self.full_precision)
        _fill(made.bytes_per_expert, self.bytes_per_expert, "bytes_per_expert", whole=True)
        return made


@dataclass(frozen=True)
class Device:
    """Something with memory that computes replicas; `node` is whose fast link it shares."""

    memory_bytes: int = 2**60
    relative_speed: float = 1.0
    node: int = 0


@dataclass(frozen=True)
class Cost:
    """What a share of a batch takes: over its replicas, activation + tokens * per_token; both [precision], 4 numbers."""

    activation_nanoseconds: Sequence[float] = (0, 0, 0, 0)
    per_token_nanoseconds: Sequence[float] = (1, 1, 1, 1)
    link_bytes_per_second: float = float("inf")
    node_link_bytes_per_second: float = float("inf")

    def _structure(self) -> s.Cost:
        made = s.Cost.sized(
            link_bytes_per_second=_real(self.link_bytes_per_second, "link_bytes_per_second"),
            node_link_bytes_per_second=_real(self.node_link_bytes_per_second, "node_link_bytes_per_second"))
        _fill(made.activation_nanoseconds, self.activation_nanoseconds, "activation_nanoseconds")
        _fill(made.per_token_nanoseconds, self.per_token_nanoseconds, "per_token_nanoseconds")
        return made


def cluster(devices: int | Sequence[Device], cost: Cost | None) -> s.Cluster:
    """A cluster as the library reads it; the structure keeps what it points to alive."""
    if isinstance(devices, Sequence):
        described = list(devices)
    else:
        count = s.whole(devices, s.u32, "devices")
        if not 1 <= count <= 65_535:
            raise BadValueError(f"devices is {count}; allowed is 1 to 65535")
        described = [Device()] * count
    if not described:
        raise BadValueError("devices is empty; there must be one at least")
    rows = (s.Device * len(described))()
    for row, device in zip(rows, described):
        row.memory_bytes = s.whole(device.memory_bytes, s.u64, "memory_bytes")
        row.relative_speed = _real(device.relative_speed, "relative_speed")
        row.node = s.whole(device.node, s.u32, "node")
    made = s.Cluster.sized(device_count=len(described), devices=rows)
    if cost is not None:
        made.cost = c.pointer(cost._structure())
    return made


def _real(value: object, name: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise BadValueError(f"{name} is {value!r}; it must be a number") from None


def _fill(target: Any, values: Sequence[float], name: str, whole: bool = False) -> None:
    values = list(values)
    if len(values) != 4:
        raise BadValueError(f"{name} has {len(values)} numbers; it needs 4, one for each precision")
    for index, value in enumerate(values):
        target[index] = s.whole(value, s.u64, name) if whole else _real(value, name)
