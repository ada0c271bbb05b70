import ctypes
import os
import re
from pathlib import Path

import pytest

from ballast import _structures as structures

NAMES = {
    "model": structures.Model, "device": structures.Device, "cost": structures.Cost, "cluster": structures.Cluster,
    "replica": structures.Replica, "selection": structures.Selection, "dispatch": structures.Dispatch,
    "step": structures.Step, "event": structures.Event, "statistics": structures.Statistics,
    "forecast": structures.Forecast, "executor_options": structures.ExecutorOptions,
}
DTYPES = {"replica": structures.REPLICA, "run": structures.RUN, "device_memory": structures.DEVICE_MEMORY}


def layout():
    path = os.environ.get("BALLAST_HEADER")
    if not path:
        pytest.skip("BALLAST_HEADER does not name Library/abi.txt")
    return Path(path).read_text()


@pytest.mark.parametrize("name", NAMES)
def test_structures_are_laid_out_as_the_header_has_them(name):
    text, kind = layout(), NAMES[name]
    assert f"ballast_{name}: {ctypes.sizeof(kind)} bytes\n" in text
    members = re.findall(rf"^ballast_{name}\.(\w+) at (\d+), (\d+) bytes$", text, re.M)
    assert members == [(member, str(getattr(kind, member).offset), str(getattr(kind, member).size))
                       for member, _ in kind._fields_]


@pytest.mark.parametrize("name", DTYPES)
def test_elements_are_laid_out_as_the_header_has_them(name):
    text, kind = layout(), DTYPES[name]
    assert f"ballast_{name}: {kind.itemsize} bytes\n" in text
    members = re.findall(rf"^ballast_{name}\.(\w+) at (\d+), (\d+) bytes$", text, re.M)
    assert members == [(member, str(offset), str(part.itemsize)) for member, (part, offset) in kind.fields.items()]
