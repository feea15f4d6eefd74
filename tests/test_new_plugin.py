# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza new-plugin``: what it writes is the page's example, works under any name, and takes nobody's place."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from plugins.api.testing import check_component
from tests.running import Command, names
from tests.test_docs_plugins import MAIN_EXAMPLE, module, registered, the_block


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capfd)


def test_the_pages_example_is_written(command: Command, tmp_path: Path) -> None:
    ended = command("new-plugin", tmp_path / "plugins" / "cadenza-rocker")
    assert ended.status == 0, ended.error
    folder = tmp_path / "plugins" / "cadenza-rocker"
    assert [Path(line).parent for line in ended.out.splitlines()] == [folder] * 3
    assert (folder / "cadenza_rocker.py").read_text() == the_block(MAIN_EXAMPLE)
    assert (folder / "pyproject.toml").read_text() == the_block(MAIN_EXAMPLE, "toml")
    assert "pip install --editable" in ended.error


def test_another_name_works_and_its_test_passes(command: Command, tmp_path: Path) -> None:
    assert command("new-plugin", tmp_path / "wild-jazz-band").status == 0
    source = (tmp_path / "wild-jazz-band" / "wild_jazz_band.py").read_text()
    made = module(source, "example_wild_jazz_band")
    (component,) = registered(made, "register_generators")
    assert (component.name, component.label, type(component).__name__) == (
        "wild-jazz-band",
        "Wild jazz band",
        "WildJazzBand",
    )
    check_component(component)
    test = (tmp_path / "wild-jazz-band" / "test_wild_jazz_band.py").read_text()
    tests = module(test.replace("wild_jazz_band", "example_wild_jazz_band"), "example_wild_jazz_band_test")
    tests.test_it_keeps_the_contract()
    project = tomllib.loads((tmp_path / "wild-jazz-band" / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["cadenza.plugins"] == {"wild-jazz-band": "wild_jazz_band"}


@pytest.mark.parametrize(
    "name", ["Cadenza-Rocker", "9lives", "a b", "rock_er", "-x", "class", "cadenza-9lives", "cadenza-"]
)
def test_a_name_that_is_none_is_told(command: Command, tmp_path: Path, name: str) -> None:
    command("new-plugin", f"{tmp_path}/{name}").failed_with("no name for a package", "cadenza-rocker")
    assert names(tmp_path) == set()


@pytest.mark.parametrize("name", ["cadenza-none", "cadenza-audio", "cadenza-generator", "cadenza-field"])
def test_a_word_that_the_module_uses_is_no_hindrance(command: Command, tmp_path: Path, name: str) -> None:
    assert command("new-plugin", tmp_path / name).status == 0
    source = (tmp_path / name / f"{name.replace('-', '_')}.py").read_text()
    (component,) = registered(module(source, f"example_{name}"), "register_generators")
    check_component(component)


def test_nobodys_place_is_taken(command: Command, tmp_path: Path) -> None:
    for name in ("cadenza", "plugins", "backend", "numpy", "json", "scikit-learn"):
        command("new-plugin", tmp_path / name).failed_with("name of something that is installed")
    command("new-plugin", tmp_path / "cadenza-performer").failed_with("name of an installed generator")
    (tmp_path / "mine").mkdir()
    command("new-plugin", tmp_path / "mine").failed_with("exists already")
    assert names(tmp_path / "mine") == set()
