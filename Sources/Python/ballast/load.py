"""Tokens per expert, to be summed over the processes of a cluster."""

from __future__ import annotations

import ctypes as c

import numpy as np

from . import _library as library
from . import _structures as s
from .shapes import Phase


class Load(library.Handle):
    """Tokens per phase, layer and expert; a context manager."""

    _destroy = "load_destroy"

    def __init__(self, layers: int, experts_per_layer: int) -> None:
        """An empty load of a model's shape."""
        self._handle = library.make("load_create", layers, experts_per_layer)
        self.layers, self.experts_per_layer = layers, experts_per_layer

    @classmethod
    def _of(cls, handle: int, layers: int, experts_per_layer: int) -> "Load":
        made = cls.__new__(cls)
        made._handle = handle
        made.layers, made.experts_per_layer = layers, experts_per_layer
        return made

    def add(self, layer: int, tokens_per_expert: np.ndarray, tokens: int, phase: Phase = Phase.DECODE) -> None:
        """Adds one batch counted elsewhere; `tokens_per_expert` is uint64 [expert]."""
        where = library.address(tokens_per_expert, "tokens_per_expert", (s.UINT64,), shape=(None,),
                                required=True)
        library.call("load_add", self._handle, layer, phase, tokens, where, tokens_per_expert.size)

    def merge(self, other: "Load") -> None:
        """Adds another load of the same shape."""
        library.call("load_merge", self._handle, other._handle)

    def counts(self, phase: Phase = Phase.DECODE) -> np.ndarray:
        """Tokens of one phase, uint64 [layer][expert]."""
        found = np.zeros((self.layers, self.experts_per_layer), np.uint64)
        count = c.c_uint64()
        library.call("load_counts", self._handle, phase, found.ctypes.data, found.size, c.byref(count))
        return found

    def to_bytes(self) -> bytes:
        """The load with a version and a checksum."""
        return library.written("load_serialise", self._handle)

    @classmethod
    def from_bytes(cls, data: bytes, layers: int, experts_per_layer: int) -> "Load":
        """The load that was written as these bytes; it must be of the shape stated."""
        room = np.frombuffer(bytes(data), np.uint8)
        handle = library.make("load_deserialise", room.ctypes.data, room.size)
        made = cls._of(handle, layers, experts_per_layer)
        # Merging into an empty load of the shape stated is how the library says that shapes differ.
        with cls(layers, experts_per_layer) as empty:
            empty.merge(made)
        return made
