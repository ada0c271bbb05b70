"""What the gate chose, and where it goes: arrays of the caller, read and written in place."""

from __future__ import annotations

import ctypes as c
from dataclasses import dataclass, field
from operator import is_
from typing import Any

import numpy as np

from . import _library as library
from . import _structures as s
from .errors import ArrayError
from .shapes import Phase

_EXPERTS = (s.UINT8, s.INT16, s.INT32, s.INT64)
_INT32, _FLOAT32, _MASK, _PRECISION = (s.INT32,), (s.FLOAT32,), (s.UINT8, s.BOOL), (s.UINT8,)


def selection(experts: np.ndarray, *, gates: np.ndarray | None = None, mask: np.ndarray | None = None,
              least_precision: np.ndarray | None = None, row_starts: np.ndarray | None = None,
              phase: Phase = Phase.DECODE, counted: bool = True) -> s.Selection:
    """A selection as the library reads it, valid while the arrays are."""
    shape = (None, None) if row_starts is None else (None,)
    where = library.address(experts, "experts", _EXPERTS, shape=shape, required=True)
    if row_starts is not None:
        starts = library.address(row_starts, "row_starts", _INT32, shape=(None,))
        tokens, width = max(row_starts.size - 1, 0), 0
        if row_starts.size == 0 or row_starts[0] != 0 or row_starts[-1] != experts.size:
            raise ArrayError(f"row_starts must begin with 0 and end with {experts.size}, the number of experts")
    else:
        starts = None
        tokens, width = experts.shape
    if tokens >= 2**32 or width >= 2**32:
        raise ArrayError(f"experts has {tokens} rows of {width}; each must be below {2**32}")
    # In the order of the header, which is quicker than by name.
    return s.Selection(
        c.sizeof(s.Selection), tokens, width, experts.itemsize, where, starts,
        None if gates is None else library.address(gates, "gates", _FLOAT32, shape=experts.shape),
        None if mask is None else library.address(mask, "mask", _MASK, shape=(tokens,)),
        None if least_precision is None else
        library.address(least_precision, "least_precision", _PRECISION, shape=(tokens,)),
        s.whole(phase, s.u32, "phase"), 0 if counted else 1)


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
    # What was checked, and the structure that points to it, which is as good while the arrays are the same.
    _checked: tuple[tuple[object, ...], int, s.Dispatch] | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def room_for(cls, assignments: int, devices: int) -> "Dispatch":
        """Arrays with room for any batch of so many choices: never too small."""
        return cls(
            runs=np.zeros(assignments, s.RUN), device_runs=np.zeros(devices + 1, np.uint32),
            rows=np.zeros(assignments, np.int32), gates=np.zeros(assignments, np.float32),
            entry_of_assignment=np.zeros(assignments, np.int32), device_times=np.zeros(devices, np.float64))

    def _structure(self, devices: int, assignments: int) -> s.Dispatch:
        arrays = (self.runs, self.device_runs, self.rows, self.gates, self.entry_of_assignment, self.device_times)
        if self._checked is None or self._checked[1] != devices or not all(map(is_, self._checked[0], arrays)):
            self._checked = (arrays, devices, self._pointing(devices))
        # The library writes one number for each choice, served or not.
        if self.entry_of_assignment is not None and self.entry_of_assignment.size < assignments:
            raise ArrayError(f"entry_of_assignment has {self.entry_of_assignment.size} elements; it needs {assignments}")
        return self._checked[2]

    def _pointing(self, devices: int) -> s.Dispatch:
        def where(name: str, kind: np.dtype[Any], least: int = 0) -> int | None:
            return library.address(getattr(self, name), name, (kind,), shape=(None,), least=least, writable=True)

        entries = [array for array in (self.rows, self.gates, self.entry_of_assignment) if array is not None]
        return s.Dispatch.sized(
            runs=where("runs", s.RUN), device_runs=where("device_runs", s.UINT32, devices + 1), rows=where("rows", s.INT32),
            gates=where("gates", s.FLOAT32), entry_of_assignment=where("entry_of_assignment", s.INT32),
            device_times=where("device_times", s.FLOAT64, devices), device_capacity=devices,
            run_capacity=2**63 if self.runs is None else len(self.runs),
            entry_capacity=min(map(len, entries), default=2**63))

    def _take(self, written: s.Dispatch) -> None:
        self.run_count, self.entry_count = written.run_count, written.entry_count
        self.device_count, self.unmet_assignments = written.device_count, written.unmet_assignments
        self.table_version = written.table_version
