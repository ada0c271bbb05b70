"""What can go wrong: one class for each status of the library, with the library's explanation as its text."""

from __future__ import annotations


class BallastError(Exception):
    """Anything the library refuses; the text names the value, the limit and the fix."""


class ArrayError(BallastError, ValueError):
    """An array has not the element type, the shape or the layout that is needed."""


class BadPointerError(BallastError):
    """An address is null or not aligned."""


class BadValueError(BallastError, ValueError):
    """A value is outside its range, or contradicts another."""


class BadSizeError(BallastError):
    """The package and the library it loaded are of versions that do not fit."""


class StaleHandleError(BallastError):
    """The object was closed, or is of another kind."""


class LaneBusyError(BallastError):
    """Another thread uses the lane."""


class BufferTooSmallError(BallastError):
    """An array of the caller has not the room needed."""


class BadSettingError(BallastError, ValueError):
    """A setting is unknown, ill-formed or out of range."""


class LimitReachedError(BallastError):
    """A limit on objects is reached, such as `laneLimit`."""


class NothingError(BallastError):
    """There is nothing to act on, such as a step that was withdrawn."""


class BusyError(BallastError):
    """A turn of the control loop, or a run, is under way."""


class BadBytesError(BallastError, ValueError):
    """Serialised bytes are damaged, of another version, or of another model."""


class PlacementRefusedError(BallastError):
    """Replicas could not be put in place, or a placement cannot be used."""


class ExecutionFailedError(BallastError):
    """A batch could not be computed."""


class WrongModeError(BallastError):
    """The function needs a balancer of the other mode."""


class FileRefusedError(BallastError, OSError):
    """The system refuses a file."""


class UnsupportedModelError(BallastError, TypeError):
    """A model's experts are not in a form Ballast computes."""


BY_STATUS: dict[int, type[BallastError]] = {
    1: BadPointerError,
    2: BadValueError,
    3: BadSizeError,
    4: StaleHandleError,
    5: LaneBusyError,
    6: BufferTooSmallError,
    7: BadSettingError,
    8: LimitReachedError,
    9: NothingError,
    10: BusyError,
    11: BadBytesError,
    12: PlacementRefusedError,
    13: ExecutionFailedError,
    14: WrongModeError,
    15: FileRefusedError,
}
