"""Builds the wheel around .build/library/libballast.so, for pip and for `make wheel`; needs Python 3.11 and readelf, nothing else.

The wheel's platform names the newest glibc the library asks for, so that pip refuses it where it could not load. Equal inputs give
equal bytes.
"""

import base64
import hashlib
import os
import platform
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
LIBRARY = ROOT / ".build/library/libballast.so"
HEADER = ROOT / "Sources/CBallast/include/ballast.h"


def version() -> str:
    """The header's version, which must be the package's."""
    numbers = dict(re.findall(r"^#define BALLAST_VERSION_(\w+) (\d+)$", HEADER.read_text(), re.M))
    found = ".".join(numbers[part] for part in ("MAJOR", "MINOR", "PATCH"))
    if (FOLDER / "ballast/_version.py").read_text() != f'VERSION = "{found}"\n':
        sys.exit(f"Sources/Python/ballast/_version.py is not version {found}, which {HEADER.relative_to(ROOT)} is")
    return found


def tag() -> str:
    """Any Python 3, on this processor, with a glibc the library can use."""
    needed = subprocess.run(["readelf", "--version-info", "--wide", LIBRARY], check=True, capture_output=True, text=True)
    newest = max((int(major), int(minor)) for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", needed.stdout))
    return f"py3-none-manylinux_{newest[0]}_{newest[1]}_{platform.machine()}"


def metadata(project: dict) -> str:
    """What pip reads of the package."""
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {version()}",
             f"Summary: {project['description']}", f"License-Expression: {project['license']}", "License-File: LICENSE",
             f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {needed}" for needed in project["dependencies"]]
    for extra, packages in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {needed}; extra == '{extra}'" for needed in packages]
    return "\n".join(lines) + "\n"


def entry_points(project: dict) -> str:
    """What other packages find by name."""
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in project["entry-points"].items())


def contents() -> dict[str, bytes]:
    """[path in the wheel]: bytes."""
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    package = [path for path in sorted((FOLDER / "ballast").iterdir()) if path.suffix in (".py", ".typed")]
    found = {f"ballast/{path.name}": path.read_bytes() for path in package}
    found["ballast/libballast.so"] = LIBRARY.read_bytes()
    about = f"ballast-{version()}.dist-info"
    found[f"{about}/licenses/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    found[f"{about}/METADATA"] = metadata(project).encode()
    found[f"{about}/entry_points.txt"] = entry_points(project).encode()
    found[f"{about}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: ballast\nRoot-Is-Purelib: false\nTag: {tag()}\n".encode()
    rows = []
    for path, held in found.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(held).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(held)}\n")
    found[f"{about}/RECORD"] = "".join([*rows, f"{about}/RECORD,,\n"]).encode()
    return found


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    """The standard hook: writes the wheel into a folder and gives its name."""
    if not LIBRARY.exists():
        sys.exit(f"there is no {LIBRARY}; `make library` builds it")
    name = f"ballast-{version()}-{tag()}.whl"
    os.makedirs(wheel_directory, exist_ok=True)
    with zipfile.ZipFile(Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for path, held in contents().items():
            entry = zipfile.ZipInfo(path)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if path.endswith(".so") else 0o644) << 16
            wheel.writestr(entry, held)
    return name
