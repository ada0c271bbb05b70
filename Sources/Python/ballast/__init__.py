"""Adaptive load balancing for mixture-of-experts inference."""

from ._library import version
from ._structures import DEVICE_MEMORY, REPLICA, RUN
from ._version import VERSION as __version__
from .balancer import Balancer, DeviceStatus, Event, Executor, Outcome, Statistics, Step, StepKind
from .errors import (ArrayError, BadBytesError, BadPointerError, BadSettingError, BadSizeError, BadValueError,
                     BallastError, BufferTooSmallError, BusyError, ExecutionFailedError, LaneBusyError,
                     LimitReachedError, NothingError, PlacementRefusedError, StaleHandleError, WrongModeError)
from .lane import Lane
from .load import Load
from .packing import rebalance_experts
from .planning import Plan, plan
from .selection import Dispatch
from .shapes import Cost, Device, Model, Phase, Precision

__all__ = [
    "ArrayError", "BadBytesError", "BadPointerError", "BadSettingError", "BadSizeError", "BadValueError", "Balancer",
    "BallastError", "BufferTooSmallError", "BusyError", "Cost", "DEVICE_MEMORY", "Device", "DeviceStatus", "Dispatch",
    "Event", "ExecutionFailedError", "Executor", "Lane", "LaneBusyError", "LimitReachedError", "Load", "Model",
    "NothingError", "Outcome", "Phase", "PlacementRefusedError", "Plan", "Precision", "REPLICA", "RUN",
    "StaleHandleError", "Statistics", "Step", "StepKind", "WrongModeError", "__version__", "plan", "rebalance_experts",
    "version",
]
