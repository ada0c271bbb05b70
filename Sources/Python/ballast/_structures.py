"""The structures of ballast.h, member for member."""

from __future__ import annotations

import ctypes as c
import operator
from typing import Any, ClassVar, SupportsIndex, TypeVar, cast

import numpy as np

from .errors import BadValueError

u32, u64, i64, double = c.c_uint32, c.c_uint64, c.c_int64, c.c_double


Kind = TypeVar("Kind", bound="Structure")


class Structure(c.Structure):
    """A structure of the library; ctypes alone cuts whole numbers off that its members cannot hold, `sized` refuses them."""

    _kinds: ClassVar[dict[str, Any]]

    def __init_subclass__(cls) -> None:
        cls._kinds = {field[0]: field[1] for field in cls._fields_}

    @classmethod
    def sized(cls: type[Kind], **members: object) -> Kind:
        """One with `size` set, and members that were checked."""
        made = cls()
        made.size = c.sizeof(cls)
        for name, value in members.items():
            kind = cls._kinds[name]
            setattr(made, name, whole(value, kind, name) if kind in LIMITS else value)
        return made


LIMITS: dict[Any, tuple[int, int]] = {u32: (0, 2**32 - 1), u64: (0, 2**64 - 1), i64: (-(2**63), 2**63 - 1)}


def whole(value: object, kind: Any, name: str) -> int:
    """`value` as a number that `kind` can hold."""
    try:
        number = operator.index(cast(SupportsIndex, value))
    except TypeError:
        raise BadValueError(f"{name} is {value!r}; it must be a whole number") from None
    lowest, highest = LIMITS[kind]
    if not lowest <= number <= highest:
        raise BadValueError(f"{name} is {number}; allowed is {lowest} to {highest}")
    return number


class Model(Structure):
    _fields_ = [("size", u32), ("layers", u32), ("experts_per_layer", u32), ("experts_per_token", u32),
                ("full_precision", u32), ("reserved", u32), ("bytes_per_expert", u64 * 4)]


class Device(Structure):
    _fields_ = [("memory_bytes", u64), ("relative_speed", double), ("node", u32), ("reserved", u32)]


class Cost(Structure):
    _fields_ = [("size", u32), ("reserved", u32), ("activation_nanoseconds", double * 4),
                ("per_token_nanoseconds", double * 4), ("link_bytes_per_second", double),
                ("node_link_bytes_per_second", double)]


class Cluster(Structure):
    _fields_ = [("size", u32), ("device_count", u32), ("devices", c.POINTER(Device)), ("cost", c.POINTER(Cost))]


class Replica(Structure):
    _fields_ = [("layer", u32), ("expert", u32), ("device", u32), ("precision", u32), ("replica", u32),
                ("reserved", u32)]


class Selection(Structure):
    _fields_ = [("size", u32), ("tokens", u32), ("experts_per_token", u32), ("expert_bytes", u32),
                ("experts", c.c_void_p), ("row_starts", c.c_void_p), ("gates", c.c_void_p), ("mask", c.c_void_p),
                ("least_precision", c.c_void_p), ("phase", u32), ("uncounted", u32)]


class Dispatch(Structure):
    _fields_ = [("size", u32), ("reserved", u32), ("run_capacity", u64), ("entry_capacity", u64),
                ("device_capacity", u64), ("runs", c.c_void_p), ("device_runs", c.c_void_p), ("rows", c.c_void_p),
                ("gates", c.c_void_p), ("entry_of_assignment", c.c_void_p), ("device_times", c.c_void_p),
                ("run_count", u64), ("entry_count", u64), ("device_count", u64), ("unmet_assignments", u64),
                ("table_version", u64)]


class Step(Structure):
    _fields_ = [("size", u32), ("kind", u32), ("step", u64), ("replica", Replica), ("table_version", u64),
                ("bytes", u64), ("switch_step", u64)]


class Event(Structure):
    _fields_ = [("size", u32), ("outcome", u32), ("tick", u64), ("nanoseconds", i64), ("imbalance", double),
                ("imbalance_after", double), ("batch_nanoseconds", double), ("batch_nanoseconds_after", double),
                ("added", u64), ("removed", u64), ("bytes_moved", u64), ("retired", u64),
                ("thinking_nanoseconds", i64), ("dropped_before", u64), ("text", c.c_char * 192)]


class Statistics(Structure):
    _fields_ = [("size", u32), ("device_count", u32), ("ticks", u64), ("plans_published", u64),
                ("plans_abandoned", u64), ("table_version", u64), ("replica_count", u64), ("tokens", u64),
                ("lanes", u64), ("waiting_tables", u64), ("retirement_delays", u64), ("events_dropped", u64),
                ("is_applying", u32), ("is_frozen", u32)]


class Forecast(Structure):
    _fields_ = [("size", u32), ("is_cut_short", u32), ("batch_nanoseconds_before", double),
                ("batch_nanoseconds_after", double), ("imbalance_before", double), ("imbalance_after", double),
                ("bytes_moved", u64), ("quality_spent", double), ("added", u64), ("removed", u64)]


class ExecutorOptions(Structure):
    _fields_ = [("size", u32), ("layers", u32), ("experts_per_layer", u32), ("experts_per_token", u32),
                ("hidden", u32), ("inner", u32), ("full_precision", u32), ("devices", u32),
                ("memory_bytes_per_device", u64)]


class ReplayOptions(Structure):
    _fields_ = [("size", u32), ("policy", u32), ("layers", u32), ("experts_per_layer", u32), ("devices", u32),
                ("nodes", u32), ("copies_per_layer", u32), ("windows", u32), ("batches_per_window", u32),
                ("plan_life_windows", u32), ("expert_bytes", u64), ("link_bytes_per_second", double)]


class ReplayResult(Structure):
    _fields_ = [("size", u32), ("reserved", u32), ("device_imbalance", double), ("device_imbalance_p95", double),
                ("device_imbalance_worst", double), ("expert_imbalance", double), ("replica_imbalance", double),
                ("copies_moved_share", double), ("bytes_moved", u64), ("batch_microseconds", double),
                ("plan_milliseconds", double)]


def _row(*names: str, kind: str) -> np.dtype[np.void]:
    return np.dtype([(name, kind) for name in names])


REPLICA = _row("layer", "expert", "device", "precision", "replica", "reserved", kind="u4")
"""Elements of placements."""
RUN = _row("expert", "replica", "precision", "device", "home", "first_entry", "entry_count", "reserved", kind="u4")
"""Elements of `Dispatch.runs`."""
DEVICE_MEMORY = _row("replica_bytes", "peak_replica_bytes", "overhead_bytes", "budget_bytes", kind="u8")
"""Elements of `Balancer.device_memory`."""
REPLAY_WINDOW = np.dtype([
    ("window", "u4"), ("worst_layer", "u4"), ("worst_layer_imbalance", "f8"), ("device_imbalance", "f8"),
    ("expert_imbalance", "f8"), ("replica_imbalance", "f8"), ("copies_moved", "u8"), ("bytes_moved", "u8"),
    ("batch_microseconds", "f8"), ("plan_milliseconds", "f8")])
"""Elements of `Replay.windows`."""
UINT8, BOOL, INT16, UINT16, INT32, UINT32, INT64, UINT64, FLOAT32, FLOAT64 = map(
    np.dtype, ("uint8", "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"))
