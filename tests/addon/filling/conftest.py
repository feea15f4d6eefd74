# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A live server with what fills, and a scene that is set up for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from tests.addon_driving import GENERATORS  # noqa: E402
from tests.body_driving import PLAYERS  # noqa: E402
from tests.fill_driving import LAST  # noqa: E402
from tests.filling import FILLER  # noqa: E402
from tests.running import melody, write_midi  # noqa: E402


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


@pytest.fixture(params=["violin", "piano"])
def instrument(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tune(stage: Any, tmp_path: Path, instrument: str) -> Any:
    """A stage with a tune to play."""
    state = stage.cadenza
    state.source, state.score_file = "SCORE", str(write_midi(tmp_path / "tune.mid", melody()))
    state.instrument = instrument
    state.generator = state.filler = PLAYERS[instrument]
    return stage
