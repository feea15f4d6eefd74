# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The add-on enabled in Blender, and a live server that it is connected to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from tests.addon_driving import GENERATORS, SECONDS, add_character, connect, empty_file  # noqa: E402
from tests.serving import install_plugin, running_server, sound_file  # noqa: E402


@pytest.fixture(scope="module")
def plugins() -> dict[str, str]:
    """Module -> source of what the server has besides: a quick generator."""
    return {"swaying": GENERATORS}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, plugins: dict[str, str]) -> Iterator[str]:
    """A live server."""
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        for name, source in plugins.items():
            install_plugin(folder, patch, name, source)
        with running_server(cache=folder / "cache") as found:
            yield found


@pytest.fixture(scope="module")
def preferences() -> Iterator[Any]:
    """The add-on's preferences, while it is enabled."""
    bpy.ops.preferences.addon_enable(module="blender_addon")
    yield bpy.context.preferences.addons["blender_addon"].preferences
    bpy.ops.preferences.addon_disable(module="blender_addon")


@pytest.fixture
def scene(preferences: Any, address: str, tmp_path: Path) -> Iterator[Any]:
    """A scene with a character and a sound, connected to the server."""
    from blender_addon import jobs

    preferences.kind, preferences.address, preferences.token = "REMOTE", address, ""
    found = empty_file()
    jobs.dismiss()
    add_character()
    state = found.cadenza
    state.source, state.sound_file = "FILE", str(sound_file(tmp_path / "tune.wav", SECONDS))
    state.generator, state.mark_takes = "swayer", False
    connect()
    yield found
    jobs.cancel()
