# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Makes the project's environments with nothing but Python's standard library.

``.venv`` holds Cadenza with everything for work and tests; ``.venv-bpy-4.2`` and so on
hold an older Blender module each, for the tests of the Blender side. An environment is
made once and made again only when what it is made from has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = (3, 11)
LOCK = ROOT / "requirements.lock"
BASIC_PITCH = "basic-pitch==0.4.0"
"""Installed without its dependencies: on Python 3.11 they would bring TensorFlow, which we do not use."""
OURS = {"basic-pitch", "bpy", "cadenza", "pip", "setuptools", "wheel"}
"""Packages that are installed and not in the lock."""
STAMP = "cadenza.stamp"


def python_311() -> str:
    """An interpreter that Blender's modules run on; exits with advice when there is none."""
    if sys.version_info[:2] == PYTHON:
        return sys.executable
    found = shutil.which("python3.11")
    if found is None:
        sys.exit("Cadenza needs Python 3.11 (Blender's modules are built for it). Install it and run this again.")
    return found


def make(name: str, requirements: list[str], *, no_dependencies: list[str] | None = None) -> Path:
    """Make or renew an environment; returns its Python."""
    folder = ROOT / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / STAMP
    wanted = _fingerprint([*requirements, *(no_dependencies or [])])
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    added = _added(python)
    print(f"Setting up {name} (once; a few minutes) ...", flush=True)
    if sys.version_info[:2] == PYTHON:
        venv.EnvBuilder(with_pip=True, clear=True).create(folder)
    else:
        subprocess.run([python_311(), "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--constraint", str(LOCK), *requirements], check=True, cwd=ROOT)
    if no_dependencies:
        subprocess.run([*pip, "--no-deps", *no_dependencies], check=True, cwd=ROOT)
    stamp.write_text(wanted)
    if added:
        print(again(python, added), flush=True)
    return python


def _added(python: Path) -> list[str]:
    """What the user installed into an environment that is about to be made again (plug-ins), as pip is told of it."""
    if not python.exists():
        return []
    listing = [str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    found = subprocess.run(listing, capture_output=True, text=True)
    return added(json.loads(found.stdout)) if found.returncode == 0 else []


def added(listed: list[dict[str, str]]) -> list[str]:
    """Of ``pip list --format=json`` what is neither in the lock nor brought by us."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    ours = OURS | {_plain(re.split(r"[<>=!~\[ ;@]", line)[0]) for line in lines}
    theirs = [package for package in listed if _plain(package["name"]) not in ours]
    places = [(package.get("editable_project_location"), package) for package in theirs]
    return [
        f"--editable {shlex.quote(p)}" if p else f"{package['name']}=={package['version']}" for p, package in places
    ]


def again(python: Path, packages: list[str]) -> str:
    """What to do about packages that are no longer there."""
    return (
        f"These packages were added to {python.parents[1].name} and are no longer in it; to have them again:\n\n"
        f"    {shlex.quote(str(python))} -m pip install {' '.join(packages)}\n"
    )


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def _fingerprint(requirements: list[str]) -> str:
    digest = hashlib.sha256("\n".join(requirements).encode())
    for file in (ROOT / "pyproject.toml", LOCK):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def main_environment() -> Path:
    """The environment for work and tests."""
    return make(".venv", ["--editable", ".[annotate,blender,dev,learned,training]"], no_dependencies=[BASIC_PITCH])


def blender_environment(version: str) -> Path:
    """An environment with another Blender module, for the tests of the Blender side alone."""
    return make(f".venv-bpy-{version}", [f"bpy=={version}.*", "numpy<2", "pytest", "pytest-timeout"])


def run(command: list[str]) -> int:
    """Run in the project's folder; Ctrl-C goes through quietly."""
    try:
        return subprocess.run(command, cwd=ROOT).returncode
    except KeyboardInterrupt:
        return 130
