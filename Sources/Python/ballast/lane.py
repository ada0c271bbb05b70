"""The serving path."""

from __future__ import annotations

import ctypes as c
from typing import TYPE_CHECKING

import numpy as np

from . import _library as library
from . import _structures as s
from .errors import WrongModeError
from .selection import Dispatch, selection
from .shapes import Phase

if TYPE_CHECKING:
    from .balancer import Balancer


class Lane(library.Handle):
    """One serving worker's handle: one thread at a time may use it; a context manager."""

    _destroy = "lane_destroy"

    def __init__(self, balancer: "Balancer") -> None:
        """One more lane of a balancer; at most `laneLimit` exist."""
        self._handle = library.make("lane_create", balancer._handle)
        # A lane is of no use without its balancer, whose executor keeps weights in place.
        self._balancer = balancer
        self._devices = balancer.device_count
        self._hidden = balancer._hidden

    def record(self, layer: int, experts: np.ndarray, *, mask: np.ndarray | None = None,
               row_starts: np.ndarray | None = None, phase: Phase = Phase.DECODE, counted: bool = True) -> None:
        """Counts the load of a batch; arrays as for `dispatch`."""
        chosen = selection(experts, mask=mask, row_starts=row_starts, phase=phase, counted=counted)
        library.call("lane_record", self._handle, layer, c.byref(chosen))

    def dispatch(self, layer: int, experts: np.ndarray, *, into: Dispatch | None = None,
                 gates: np.ndarray | None = None, mask: np.ndarray | None = None,
                 least_precision: np.ndarray | None = None, row_starts: np.ndarray | None = None,
                 phase: Phase = Phase.DECODE, counted: bool = True) -> Dispatch:
        """Counts the load of a batch and chooses a replica for every choice; copies nothing.

        experts: uint8, int16, int32 or int64 [token][choice], or [assignment] with row_starts, int32 [token + 1]. gates: float32,
        as experts. mask: uint8 or bool [token], 0 for one that takes no part. least_precision: uint8 [token]. `into` takes the
        result, and is what this returns; without it arrays are made.
        """
        chosen = selection(experts, gates=gates, mask=mask, least_precision=least_precision, row_starts=row_starts,
                           phase=phase, counted=counted)
        if into is None:
            into = Dispatch.room_for(experts.size, self._devices)
        written = into._structure(self._devices, experts.size)
        code = library.status("lane_dispatch", self._handle, layer, c.byref(chosen), c.byref(written))
        if code in (library.OK, library.BUFFER_TOO_SMALL):
            into._take(written)
        if code != library.OK:
            raise library.error(code)
        return into

    def forward(self, layer: int, experts: np.ndarray, gates: np.ndarray, states: np.ndarray, *,
                residual: np.ndarray | None = None, out: np.ndarray | None = None,
                row_starts: np.ndarray | None = None, phase: Phase = Phase.DECODE) -> np.ndarray:
        """Executor mode: counts, dispatches and computes one layer of one batch.

        states, residual and out: float32 [token][hidden]; `out` is what this returns, and is made without one. It becomes the sum over
        a token's choices of gate * expert(states).
        """
        chosen = selection(experts, gates=gates, row_starts=row_starts, phase=phase)
        if self._hidden is None:
            raise WrongModeError("the balancer is in advice mode: the engine computes; make one on an executor")
        shape = (chosen.tokens, self._hidden)
        if out is None:
            out = np.empty(shape, np.float32)
        library.call("lane_forward", self._handle, layer, c.byref(chosen),
                     library.address(states, "states", (s.FLOAT32,), shape=shape, required=True),
                     library.address(residual, "residual", (s.FLOAT32,), shape=shape),
                     library.address(out, "out", (s.FLOAT32,), shape=shape, writable=True))
        return out
