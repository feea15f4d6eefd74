# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Builds the Blender extension: ``python3 scripts/build_extension.py`` writes ``dist/cadenza-<version>.zip``.

Needs nothing but Python's standard library. The same files give the same bytes on any
machine. Where Blender's module is installed, its own tool validates the archive.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "blender_addon"
KINDS = (".py", ".json", ".toml", ".blend")
LICENCES = {
    "LICENSES/MIT.txt": ROOT / "LICENSE",
    "LICENSES/GPL-3.0-or-later.txt": ROOT / "LICENSES/GPL-3.0-or-later.txt",
}
DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can hold."""
READABLE = 0o100644 << 16
"""A plain file that everybody may read, as zip stores it."""


def contents() -> dict[str, Path]:
    """Name in the archive -> file."""
    files = {p.relative_to(SOURCE).as_posix(): p for p in SOURCE.rglob("*") if p.suffix in KINDS and p.is_file()}
    return dict(sorted({**files, **LICENCES}.items()))


def build(folder: Path) -> Path:
    """Write the archive into a folder; returns its path."""
    manifest = tomllib.loads((SOURCE / "blender_manifest.toml").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{manifest['id']}-{manifest['version']}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, file in contents().items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3  # Unix, whatever builds it
            entry.external_attr = READABLE
            # Stored, not compressed: compressors differ between machines, and it is small.
            archive.writestr(entry, file.read_bytes())
    return path


def validator() -> Path | None:
    """Blender's own tool for extensions, inside its Python module; None without that module."""
    found = importlib.util.find_spec("bpy")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0])
    return next(iter(sorted(folder.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))), None)


def validate(path: Path) -> bool:
    """Whether Blender's tool accepts the archive; says so when there is no such tool."""
    tool = validator()
    if tool is None:
        print("not validated: Blender's module (bpy) is not installed for this Python")
        return True
    return subprocess.run([sys.executable, str(tool), "validate", str(path)], stdout=sys.stderr).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the Blender extension.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder for the archive (default: dist)")
    path = build(parser.parse_args().output)
    if not validate(path):
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
