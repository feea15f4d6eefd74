# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""docs/server.md: its commands do what it says, its figures are those of the settings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backend.messages import MAX_BODY
from backend.settings import PORT, Settings
from plugins.api import Motion
from tests.running import ROOT
from tests.serving import running_server

PAGE = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")


def commands(heading: str) -> list[str]:
    """The indented lines below a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [line[4:] for line in section.splitlines() if line.startswith("    ")]


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("sha256sum") is None, reason="needs curl, sha256sum")
def test_the_api_by_example(tmp_path: Path) -> None:
    lines = commands("Without the add-on")
    assert lines[0] == f"BACKEND=http://127.0.0.1:{PORT}"
    begin, rest = lines[:4], [line.replace("-o take", f"-o {tmp_path}/take") for line in lines[5:]]
    with running_server(cache=tmp_path / "cache") as address:
        begin[0] = f"BACKEND={address}"
        job = json.loads(bash(begin))["id"]
        answers = bash([begin[0], f"JOB={job}", *rest])
    assert "event: status" in answers
    assert '"state": "finished"' in answers
    assert Motion.load(tmp_path / "take.npz").provenance["seed"] == 7
    assert json.loads((tmp_path / "take.json").read_text())["tracks"]


def bash(lines: list[str]) -> str:
    return subprocess.run(
        ["bash", "-eu", "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    ).stdout


def test_the_log_looks_as_shown() -> None:
    line = next(line for line in commands("On this machine") if line.startswith("{"))
    assert set(json.loads(line)) == {"time", "level", "logger", "message", "job"}


def test_the_limits_are_those_of_the_settings() -> None:
    rows = dict(re.findall(r"^\| `--([a-z-]+)` \| (\d+)", PAGE, re.M))
    settings = Settings()
    assert rows == {
        "max-upload": str(settings.max_upload // 10**6),
        "max-seconds": f"{settings.max_seconds:g}",
        "cache-size": str(settings.cache_size // 10**6),
        "patience": f"{settings.patience:g}",
        "time-limit": f"{settings.time_limit:g}",
    }
    text = " ".join(PAGE.split())
    assert f"At most {settings.max_waiting} jobs wait" in text
    assert f"the last {settings.max_remembered} ended jobs" in text
    assert f"at most {MAX_BODY // 10**6} MB (413)" in text
    assert settings.farewell == 10.0
