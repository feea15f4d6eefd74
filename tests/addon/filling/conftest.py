# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A live server with what fills, and a scene that is set up for it."""

from __future__ import annotations

from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from tests.addon_driving import GENERATORS  # noqa: E402
from tests.fill_driving import LAST  # noqa: E402
from tests.filling import FILLER  # noqa: E402


@pytest.fixture(scope="module")
def plugins() -> dict[str, str]:
    """A quick filler too."""
    return {"swaying": GENERATORS, "filling": FILLER}


@pytest.fixture
def stage(scene: Any) -> Any:
    scene.frame_end = LAST
    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.cadenza.filler, scene.cadenza.fill_seed = "tween", 5
    return scene
