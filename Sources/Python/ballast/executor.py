"""Experts computed on this machine."""

from __future__ import annotations

import ctypes as c

import numpy as np

from . import _library as library
from . import _structures as s
from .shapes import Model


class Executor(library.Handle):
    """Experts computed on this machine; a context manager."""

    _destroy = "executor_destroy"

    def __init__(self, model: Model, *, hidden: int, inner: int, devices: int, memory_bytes_per_device: int = 0) -> None:
        """An executor without weights, of groups of worker threads called devices."""
        options = s.ExecutorOptions.sized(
            layers=model.layers, experts_per_layer=model.experts_per_layer, experts_per_token=model.experts_per_token,
            hidden=hidden, inner=inner, full_precision=model.full_precision, devices=devices,
            memory_bytes_per_device=memory_bytes_per_device)
        self._handle = library.make("executor_create", c.byref(options))
        self.model, self.hidden, self.inner, self.device_count = model, hidden, inner, devices
        self._weights: list[np.ndarray] = []

    def load(self, layer: int, expert: int, gate: np.ndarray, up: np.ndarray, down: np.ndarray) -> None:
        """Names the weights of one expert, without copying them; do not change them afterwards.

        gate and up: [inner][hidden], down: [hidden][inner]; float32, or uint16 with the bits of bfloat16.
        """
        kinds = (s.FLOAT32,) if self.model.full_precision == 0 else (s.UINT16,)
        wide, tall = (self.inner, self.hidden), (self.hidden, self.inner)
        library.call(
            "executor_load", self._handle, layer, expert, library.address(gate, "gate", kinds, shape=wide, required=True),
            library.address(up, "up", kinds, shape=wide, required=True), library.address(down, "down", kinds, shape=tall, required=True))
        # The library reads them whenever a replica is staged.
        self._weights += [gate, up, down]
