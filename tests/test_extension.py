# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The extension's archive: the same bytes each time, valid for Blender, installed and enabled by it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import build_extension  # noqa: E402

INSTALL = """
import os, sys
import bpy
name = "bl_ext.user_default.cadenza"
bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default", enable_on_install=True)
for _ in range(2):
    assert name in bpy.context.preferences.addons, "not enabled"
    assert "generate" in dir(bpy.ops.cadenza)
    assert bpy.context.scene.cadenza.generator == "performer"
    bpy.ops.cadenza.add_musician()
    assert bpy.context.scene.cadenza.character.cadenza.bones["head"].bone == "head"
    bpy.ops.preferences.addon_disable(module=name)
    assert not hasattr(bpy.types.Scene, "cadenza")
    bpy.ops.preferences.addon_enable(module=name)
ours = [m for m in sys.modules if m.split(".")[0] in ("blender_addon", "backend", "plugins", "torch", "scipy")]
assert not ours, ours
print("all well", flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_extension.build(tmp_path_factory.mktemp("dist"))


def test_the_same_files_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    assert build_extension.build(tmp_path).read_bytes() == archive.read_bytes()


def test_what_is_inside(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        entries = opened.infolist()
    assert names == sorted(names)
    assert {"__init__.py", "blender_manifest.toml", "core/motion.py", "LICENSES/MIT.txt"} <= set(names)
    assert any(name.startswith("rig/presets/") for name in names)
    assert not [n for n in names if "test" in n or "__pycache__" in n or n.startswith(("/", "."))]
    assert {e.date_time for e in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {e.external_attr >> 16 for e in entries} == {0o100644}


def test_the_manifest_agrees_with_the_package(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        manifest = tomllib.loads(opened.read("blender_manifest.toml").decode())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (manifest["id"], manifest["version"]) == ("cadenza", project["version"])
    assert manifest["blender_version_min"] == "4.2.0"
    assert len(manifest["tagline"]) <= 64
    texts = [manifest["tagline"], *manifest["permissions"].values()]
    assert all(not text.endswith(".") and len(text) <= 64 for text in texts)
    assert set(manifest["permissions"]) == {"network", "files"}


def test_only_relative_imports_of_ours(archive: Path) -> None:
    """An extension is called bl_ext.<repository>.cadenza: its own name is not known to it."""
    with zipfile.ZipFile(archive) as opened:
        for name in (n for n in opened.namelist() if n.endswith(".py")):
            for node in ast.walk(ast.parse(opened.read(name))):
                found = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.level == 0:
                    found = [node.module or ""]
                assert not [f for f in found if f.split(".")[0] in ("blender_addon", "cadenza")], name


def test_blender_finds_it_valid(archive: Path) -> None:
    if build_extension.validator() is None:
        pytest.skip("Blender's module is not installed")
    assert build_extension.validate(archive)


def test_blender_installs_enables_and_disables_it(archive: Path, tmp_path: Path) -> None:
    pytest.importorskip("bpy")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["BLENDER_USER_RESOURCES"] = str(tmp_path / "blender")
    script = tmp_path / "install.py"
    script.write_text(INSTALL)
    done = subprocess.run(
        [sys.executable, str(script), str(archive)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "all well" in done.stdout, done.stdout + done.stderr
