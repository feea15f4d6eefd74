# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Makes the project's environments with nothing but Python's standard library.

``.venv`` holds Cadenza with everything for work and tests; ``.venv-bpy-4.2`` and so on
hold an older Blender module each, for the tests of the Blender side. An environment is
made once and made again only when what it is made from has changed.
"""

from __future__ import annotations

import hashlib
import os
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
    return python


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
