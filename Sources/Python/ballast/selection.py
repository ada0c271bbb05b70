"""What the gate chose, and where it goes: arrays of the caller, read and written in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _library as library
from . import _structures as s
from .errors import ArrayError
from .shapes import Phase

EXPERT_KINDS = ("uint8", "int16", "int32", "int64")


def selection(experts: np.ndarray, *, gates: np.ndarray | None = None, mask: np.ndarray | None = None,
              least_precision: np.ndarray | None = None, row_starts: np.ndarray | None = None,
              phase: Phase = Phase.DECODE, counted: bool = True) -> s.Selection:
    """A selection as the library reads it, valid while the arrays are."""
    shape = (None, None) if row_starts is None else (None,)
    where = library.address(experts, "experts", EXPERT_KINDS, shape=shape, required=True)
    if row_starts is not None:
        starts = library.address(row_starts, "row_starts", ("int32",), shape=(None,))
        tokens, width = max(row_starts.size - 1, 0), 0
        if row_starts.size == 0 or row_starts[0] != 0 or row_starts[-1] != experts.size:
            raise ArrayError(f"row_starts must begin with 0 and end with {experts.size}, the number of experts")
    else:
        starts = None
        tokens, width = experts.shape
    return s.Selection.sized(
        tokens=tokens, experts_per_token=width, expert_bytes=experts.itemsize, experts=where, row_starts=starts,
        gates=library.address(gates, "gates", ("float32",), shape=experts.shape),
        mask=library.address(mask, "mask", ("uint8", "bool"), shape=(tokens,)),
        least_precision=library.address(least_precision, "least_precision", ("uint8",), shape=(tokens,)),
        phase=phase, uncounted=0 if counted else 1)


@dataclass
class Dispatch:
    """Where a dispatch is written; `None` for what is not wanted. Use it again for the next batch.

    runs: `RUN` [room for runs]; device_runs: uint32 [devices + 1]; rows: int32 [room for entries]; gates: float32, as
    rows; entry_of_assignment: int32, as rows; device_times: float64 [devices]. After a dispatch the `*_count` members say how
    much of each was written; runs of device d are `runs[device_runs[d]:device_runs[d + 1]]`.
    """

    runs: np.ndarray | None = None
    device_runs: np.ndarray | None = None
    rows: np.ndarray | None = None
    gates: np.ndarray | None = None
    entry_of_assignment: np.ndarray | None = None
    device_times: np.ndarray | None = None
    run_count: int = field(default=0, init=False)
    entry_count: int = field(default=0, init=False)
    device_count: int = field(default=0, init=False)
    unmet_assignments: int = field(default=0, init=False)
    table_version: int = field(default=0, init=False)

    @classmethod
    def room_for(cls, assignments: int, devices: int) -> "Dispatch":
        """Arrays with room for any batch of so many choices: never too small."""
        return cls(
            runs=np.zeros(assignments, s.RUN), device_runs=np.zeros(devices + 1, np.uint32),
            rows=np.zeros(assignments, np.int32), gates=np.zeros(assignments, np.float32),
            entry_of_assignment=np.zeros(assignments, np.int32), device_times=np.zeros(devices, np.float64))

    def _structure(self, devices: int, assignments: int) -> s.Dispatch:
        def where(name: str, *kinds: str | np.dtype[Any], least: int = 0) -> int | None:
            return library.address(getattr(self, name), name, kinds, shape=(None,), least=least, writable=True)

        entries = [array for array in (self.rows, self.gates) if array is not None]
        # The library writes one number for each choice, served or not.
        if self.entry_of_assignment is not None:
            entries.append(self.entry_of_assignment)
        return s.Dispatch.sized(
            run_capacity=2**63 if self.runs is None else len(self.runs),
            entry_capacity=min((len(array) for array in entries), default=2**63), device_capacity=devices,
            runs=where("runs", s.RUN), device_runs=where("device_runs", "uint32", least=devices + 1),
            rows=where("rows", "int32"), gates=where("gates", "float32"),
            entry_of_assignment=where("entry_of_assignment", "int32", least=assignments),
            device_times=where("device_times", "float64", least=devices))

    def _take(self, written: s.Dispatch) -> None:
        for name in ("run_count", "entry_count", "device_count", "unmet_assignments", "table_version"):
            setattr(self, name, getattr(written, name))
