# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The two commands of the README, as far as they can be tested without making environments."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import demo

    yield demo
    for name in ("demo", "environment"):
        sys.modules.pop(name, None)


def value(command: list[str], option: str) -> str:
    return command[command.index(option) + 1]


def test_the_demo_without_arguments_plays_the_example(demo) -> None:
    command = demo.arguments([])
    assert (ROOT / command[0]).is_file()
    assert (ROOT / value(command, "--score")).is_file()
    names = [Path(value(command, o)).name for o in ("--output", "--preview", "--motion", "--annotations")]
    assert names == ["demo.blend", "demo.mp4", "demo.motion.npz", "demo.annotations.json"]
    assert "--overwrite" in command


def test_the_demo_passes_arguments_on(demo) -> None:
    command = demo.arguments(["my.wav", "--score", "my.musicxml", "--seed", "3"])
    assert command[0] == "my.wav"
    assert (value(command, "--score"), value(command, "--seed")) == ("my.musicxml", "3")
    assert Path(value(command, "--output")).name == "my.blend"
    assert "--overwrite" not in command
    assert demo.arguments(["--seed", "3"])[0].endswith("minuet.flac")
    assert demo.arguments(["--score", "s.xml", "my.wav"])[0] == "my.wav"


def test_the_demo_knows_all_options_that_take_a_value(demo) -> None:
    """Or the value would pass for the recording."""
    from typer.main import get_command

    from backend.cli import app

    animate = get_command(app).commands["animate"]
    takes = {max(p.opts, key=len)[2:] for p in animate.params if p.param_type_name == "option" and not p.is_flag}
    assert takes == {*demo.OUTPUTS, *demo.VALUES}
    command = demo.arguments(["--end", "3", "--rig", "me.vrm"])
    assert command[0].endswith("minuet.flac")
    assert (value(command, "--rig"), value(command, "--end")) == ("me.vrm", "3")


def test_the_demo_without_a_film(demo) -> None:
    command = demo.arguments(["--no-preview"])
    assert "--preview" not in command
    assert "--no-preview" not in command


def test_the_demos_help_is_its_own(demo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["demo.py", "--help"])
    assert demo.main() == 0
    said = capsys.readouterr().out
    assert "scripts/demo.py [RECORDING]" in said
    assert all(f"--{option}" in said for option in (*demo.OUTPUTS, *demo.VALUES))


def test_a_chosen_output_is_not_overwritten_unasked(demo) -> None:
    for given in (["-o", "mine.blend"], ["-omine.blend"], ["--output=mine.blend"]):
        for command in (demo.arguments(["my.wav", *given]), demo.arguments(given)):
            assert "--overwrite" not in command
            assert command.count("--output") == 1
            assert value(command, "--output") == "mine.blend"


def test_what_the_user_added_to_an_environment_is_told_when_it_is_made_again(demo) -> None:
    listed = [
        {"name": "numpy", "version": "1.26.4"},
        {"name": "basic_pitch", "version": "0.4.0"},
        {"name": "cadenza", "version": "0.1.0", "editable_project_location": str(ROOT)},
        {"name": "cadenza-rocker", "version": "0.1.0", "editable_project_location": "/home/anna/my plug-ins/rocker"},
        {"name": "whistle", "version": "2.0"},
    ]
    added = demo.environment.added(listed)
    assert added == ["--editable '/home/anna/my plug-ins/rocker'", "whistle==2.0"]
    told = demo.environment.again(Path("/opt/cadenza/.venv/bin/python"), added)
    assert "added to .venv " in told
    assert f"    /opt/cadenza/.venv/bin/python -m pip install {' '.join(added)}\n" in told


def test_ci_runs_the_readmes_test_command() -> None:
    assert "python3 scripts/test.py" in (ROOT / ".ci/run").read_text()
    assert "python3 scripts/test.py" in (ROOT / "README.md").read_text()


def test_links_of_the_docs_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_file_says_its_licence() -> None:
    for file in ROOT.rglob("*.py"):
        relative = file.relative_to(ROOT)
        if relative.parts[0].startswith((".", "out", "build")):
            continue
        head = file.read_text(encoding="utf-8")[:300]
        gpl = relative.parts[0] == "blender_addon" and relative.parts[1:2] != ("core",)
        licence = "GPL-3.0-or-later" if gpl else "MIT"
        assert f"SPDX-License-Identifier: {licence}" in head or relative.parts[:2] == ("tests", "blender"), relative
