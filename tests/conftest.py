# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What all tests share. Blender must not see the user's settings, nor hang at the end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

# Before anything imports bpy: tests never read or write the user's Blender settings.
ROOT = Path(__file__).resolve().parents[1]
os.environ["BLENDER_USER_RESOURCES"] = str(ROOT / ".pytest_cache" / "blender")
sys.path.insert(0, str(ROOT))
SHARED = ROOT.parent / "shared" / "data"

# A shell lets what it runs in the background ignore Ctrl-C, and every process below inherits that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def bach() -> Path:
    """Real recordings that are not part of the project."""
    folder = SHARED / "bach-violin"
    if not folder.is_dir():
        pytest.skip("the real recordings (shared/data/bach-violin) are not here")
    return folder


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Some builds of Blender's module hang or crash while they are torn down: leave before that."""
    if "bpy" in sys.modules and hasattr(config, "cadenza_status"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.cadenza_status)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.cadenza_status = int(exitstatus)  # type: ignore[attr-defined]
