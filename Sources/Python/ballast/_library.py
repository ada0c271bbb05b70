"""The functions of ballast.h, with their argument types, and statuses as exceptions."""

from __future__ import annotations

import ctypes as c
import os
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from . import _structures as s
from .errors import BY_STATUS, ArrayError, BadSizeError, BadValueError, BallastError
from ._version import VERSION

OK, BUFFER_TOO_SMALL, NOTHING = 0, 6, 9
_u32, _u64, _i64, _p = c.c_uint32, c.c_uint64, c.c_int64, c.c_void_p
_to = c.POINTER

Settings = str | dict[str, object] | None
"""Settings of a balancer, as `ballast config` prints them: a text of `key = value` lines, or keys and values."""

_ARGUMENTS: dict[str, list[Any]] = {
    "balancer_create": [_to(s.Model), _to(s.Cluster), c.c_char_p, _p, _u64, _to(_u64)],
    "balancer_create_on": [_u64, c.c_char_p, _to(_u64)],
    "balancer_destroy": [_u64],
    "balancer_configure": [_u64, c.c_char_p],
    "balancer_freeze": [_u64],
    "balancer_unfreeze": [_u64],
    "balancer_placement": [_u64, _p, _u64, _to(_u64)],
    "balancer_set_device": [_u64, _u32, _u32],
    "lane_create": [_u64, _to(_u64)],
    "lane_destroy": [_u64],
    "lane_record": [_u64, _u32, _to(s.Selection)],
    "lane_dispatch": [_u64, _u32, _to(s.Selection), _to(s.Dispatch)],
    "lane_forward": [_u64, _u32, _to(s.Selection), _p, _p, _p],
    "balancer_tick": [_u64, _i64],
    "balancer_tick_load": [_u64, _u64, _i64],
    "balancer_run": [_u64],
    "balancer_stop": [_u64],
    "balancer_next_step": [_u64, _u32, _to(s.Step)],
    "balancer_acknowledge": [_u64, _u64, _u32],
    "balancer_abort": [_u64],
    "balancer_next_event": [_u64, _to(s.Event)],
    "balancer_statistics": [_u64, _to(s.Statistics)],
    "balancer_device_memory": [_u64, _p, _u64, _to(_u64)],
    "load_create": [_u32, _u32, _to(_u64)],
    "load_snapshot": [_u64, _to(_u64)],
    "load_merge": [_u64, _u64],
    "load_add": [_u64, _u32, _u32, _u64, _p, _u64],
    "load_counts": [_u64, _u32, _p, _u64, _to(_u64)],
    "load_serialise": [_u64, _p, _u64, _to(_u64)],
    "load_deserialise": [_p, _u64, _to(_u64)],
    "load_destroy": [_u64],
    "plan_create": [_to(s.Model), _to(s.Cluster), c.c_char_p, _p, _p, _u64, _to(_u64)],
    "plan_forecast": [_u64, _to(s.Forecast)],
    "plan_placement": [_u64, _p, _u64, _to(_u64)],
    "plan_switch": [_u64, _to(_u64), _to(_u64)],
    "plan_set_switch": [_u64, _u64],
    "plan_serialise": [_u64, _p, _u64, _to(_u64)],
    "plan_deserialise": [_p, _u64, _to(_u64)],
    "plan_destroy": [_u64],
    "balancer_dry_run": [_u64, _u64, _to(_u64)],
    "balancer_plan_to": [_u64, _p, _u64, _to(_u64)],
    "balancer_apply": [_u64, _u64],
    "balancer_roll_back": [_u64],
    "balancer_reach": [_u64, _u64],
    "balancer_save": [_u64, c.c_char_p],
    "balancer_restore": [_u64, c.c_char_p],
    "saved_placement": [c.c_char_p, _p, _u64, _to(_u64)],
    "replay": [_to(s.ReplayOptions), c.c_char_p, _p, _to(s.ReplayResult), _p, _u64, _to(_u64)],
    "rebalance": [_p, _u32, _u32, _u32, _u32, _u32, _u32, _u32, _p, _p, _p, _to(_u32)],
    "executor_create": [_to(s.ExecutorOptions), _to(_u64)],
    "executor_load": [_u64, _u32, _u32, _p, _p, _p],
    "executor_destroy": [_u64],
}


def _open() -> c.CDLL:
    path = os.environ.get("BALLAST_LIBRARY") or str(Path(__file__).with_name("libballast.so"))
    library = c.CDLL(path)
    library.ballast_explanation.restype = c.c_char_p
    library.ballast_version.restype = c.c_char_p
    for name, arguments in _ARGUMENTS.items():
        function = getattr(library, "ballast_" + name)
        function.argtypes = arguments
        function.restype = c.c_int32
    found = library.ballast_version().decode()
    major, minor = (int(part) for part in found.split(".")[:2])
    wanted_major, wanted_minor = (int(part) for part in VERSION.split(".")[:2])
    if major != wanted_major or minor < wanted_minor:
        raise BadSizeError(f"{path} is version {found}; the package needs {VERSION} or a newer {wanted_major}.x")
    return library


_library = _open()
# Which arguments are whole numbers, that ctypes alone would cut off.
_functions = {
    name: (getattr(_library, "ballast_" + name), [(at, kind) for at, kind in enumerate(arguments) if kind in s.LIMITS])
    for name, arguments in _ARGUMENTS.items()
}


def version() -> str:
    """The version of the library that was loaded."""
    found: bytes = _library.ballast_version()
    return found.decode()


def status(name: str, *arguments: object) -> int:
    """Calls `ballast_name`, after checking that whole numbers fit, and gives its status."""
    function, numbers = _functions[name]
    for at, kind in numbers:
        lowest, highest = s.LIMITS[kind]
        number = arguments[at]
        if type(number) is not int or not lowest <= number <= highest:
            number = s.whole(number, kind, f"argument {at + 1} of {name}")
            arguments = (*arguments[:at], number, *arguments[at + 1:])
    code: int = function(*arguments)
    return code


def error(code: int) -> BallastError:
    """What the calling thread's last failing call has to say."""
    return BY_STATUS.get(code, BallastError)(_library.ballast_explanation().decode(errors="replace"))


def call(name: str, *arguments: object) -> None:
    """Calls `ballast_name`; anything but success is an exception."""
    code = status(name, *arguments)
    if code != OK:
        raise error(code)


def make(name: str, *arguments: object) -> int:
    """Calls `ballast_name`, whose last parameter is where a new handle is written."""
    handle = _u64()
    call(name, *arguments, c.byref(handle))
    return handle.value


def listed(name: str, handle: int | bytes, kind: np.dtype[Any]) -> np.ndarray:
    """Everything a function with a buffer, a capacity and a count gives; asks again when there came to be more."""
    count = _u64()
    found = np.empty(0, kind)
    code = status(name, handle, None, 0, c.byref(count))
    while code == BUFFER_TOO_SMALL:
        found = np.zeros(count.value, kind)
        code = status(name, handle, found.ctypes.data, len(found), c.byref(count))
    if code != OK:
        raise error(code)
    return found[: count.value]


def written(name: str, handle: int) -> bytes:
    """What a function writes as bytes."""
    return listed(name, handle, s.UINT8).tobytes()


def path(name: str | os.PathLike[str]) -> bytes:
    """A file's name as the library takes it."""
    encoded = os.fsencode(name)
    if b"\0" in encoded:
        raise BadValueError("a path contains a zero byte; take it out")
    return encoded


def text(settings: Settings) -> bytes | None:
    """Settings as the library reads them: a text, or keys and values."""
    if settings is None:
        return None
    if isinstance(settings, dict):
        settings = "".join(f"{key} = {_value(value)}\n" for key, value in settings.items())
    if not isinstance(settings, str):
        raise BadValueError(f"settings are of type {type(settings).__name__}; they must be str or dict")
    if "\0" in settings:
        raise BadValueError("settings contain a zero byte; take it out")
    return settings.encode(errors="replace")


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def address(array: object, name: str, kinds: tuple[np.dtype[Any], ...], *,
            shape: tuple[int | None, ...] | None = None, least: int = 0, writable: bool = False,
            required: bool = False) -> int | None:
    """Where an array's elements are, after its element type, shape and layout are checked; `None` for none."""
    if array is None and not required:
        return None
    if not isinstance(array, np.ndarray):
        raise ArrayError(f"{name} is of type {type(array).__name__}; it must be a NumPy array")
    if array.dtype not in kinds:
        raise ArrayError(f"{name} has elements {array.dtype}; allowed: {', '.join(map(str, kinds))}")
    flags = array.flags
    if not flags.c_contiguous:
        raise ArrayError(f"{name} is not contiguous; pass numpy.ascontiguousarray of it")
    if not flags.aligned:
        raise ArrayError(f"{name} is not aligned to its elements; pass a copy of it")
    if writable and not flags.writeable:
        raise ArrayError(f"{name} is read-only; it is written to")
    if shape is not None and array.shape != shape and (
        array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape))
    ):
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ArrayError(f"{name} has shape {array.shape}; it must be ({wanted})")
    if array.size < least:
        raise ArrayError(f"{name} has {array.size} elements; it needs {least}")
    if flags.writeable and array.size > 0:
        # A quarter of the time that `array.ctypes` takes.
        held: Any = array
        return c.addressof(c.c_char.from_buffer(held))
    found: int = array.ctypes.data
    return found


Owner = TypeVar("Owner", bound="Handle")


class Handle:
    """An object of the library; closing it twice does nothing, using it closed raises `StaleHandleError`."""

    _destroy: str
    _handle: int = 0

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._handle == 0

    def close(self) -> None:
        """Lets the object go; nothing happens when that was done."""
        handle, self._handle = self._handle, 0
        if handle:
            code = status(self._destroy, handle)
            if code == 5:
                self._handle = handle
                raise error(code)

    def __enter__(self: Owner) -> Owner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        handle, self._handle = self._handle, 0
        if handle and status is not None:
            status(self._destroy, handle)
