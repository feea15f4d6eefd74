# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The page for plug-in authors: every example runs, and nothing of the API is missing."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re
import sys
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plugins.api
from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from plugins.api import Annotation, AnnotationTrack, Component, JobContext, Skeleton, hookspecs, violinist
from plugins.api.testing import check_component, test_audio

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]
MAIN_EXAMPLE = "Two minutes to the first plug-in"
FOLLOWING = "A generator that follows a body"
MOST_LINES = 35


def sections(page: str) -> dict[str, str]:
    """Text under each heading, up to the next heading of any level. (Comments in code begin with one # only.)"""
    parts = re.split(r"^#{2,3} (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)


SECTIONS = sections(PAGE)


def the_block(title: str, language: str = "python") -> str:
    (only,) = blocks(SECTIONS[title], language)
    return only


def module(source: str, name: str) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__file__ = f"docs/plugins.md ({name})"
    sys.modules[name] = made  # pydantic and dataclasses look there
    exec(compile(source, made.__file__, "exec"), made.__dict__)
    return made


def registered(plugin: types.ModuleType, hook: str) -> list[Any]:
    found: list[Any] = []
    getattr(plugin, hook)(register=found.append)
    return found


@pytest.fixture(autouse=True)
def _forget_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("cadenza_rocker", "example_")):
            del sys.modules[name]


def install_main_example(folder: Path) -> None:
    """What pip makes of the two files of the page."""
    project = tomllib.loads(the_block(MAIN_EXAMPLE, "toml"))
    (name,) = project["tool"]["setuptools"]["py-modules"]
    (folder / f"{name}.py").write_text(the_block(MAIN_EXAMPLE), encoding="utf-8")
    meta = project["project"]
    info = folder / f"{name}-{meta['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {meta['name']}\nVersion: {meta['version']}\n")
    ((group, entries),) = meta["entry-points"].items()
    lines = [f"{key} = {value}" for key, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))


def test_every_hook_has_a_section_with_its_signature() -> None:
    assert len(HOOKS) == 7
    for hook in HOOKS:
        assert hook in SECTIONS, f"docs/plugins.md has no section on {hook}"
        assert f"{hook}(register: Callable" in the_block(hook, "text")
    assert {title for title in SECTIONS if title.startswith("register_")} == set(HOOKS)


def test_the_main_example_is_short() -> None:
    assert len(the_block(MAIN_EXAMPLE).splitlines()) <= MOST_LINES
    imported = re.findall(r"^from (\S+)|^import (\S+)", the_block(MAIN_EXAMPLE), flags=re.MULTILINE)
    assert {a or b for a, b in imported} == {"typing", "numpy", "pydantic", "plugins.api"}


def test_the_main_example_keeps_the_contract() -> None:
    (rocker,) = registered(module(the_block(MAIN_EXAMPLE), "example_main"), "register_generators")
    check_component(rocker)
    assert set(rocker.Options.model_json_schema()["properties"]["width"]) >= {"minimum", "maximum", "title"}


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_each_hook_keeps_the_contract(hook: str) -> None:
    found = registered(module(the_block(hook), f"example_{hook}"), hook)
    assert found
    for item in found:
        if hook == "register_skeletons":
            assert isinstance(item, Skeleton)
        else:
            assert isinstance(item, Component)
            check_component(item)


def test_the_example_that_follows_keeps_the_contract() -> None:
    (leaner,) = registered(module(the_block(FOLLOWING), "example_following"), "register_generators")
    assert leaner.follows
    check_component(leaner)


def test_the_installed_example_rocks_with_the_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_main_example(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_plugins()
    assert registry.problems == []
    assert registry.packages[id(registry.generator("rocker"))] == "cadenza-rocker 0.1.0"
    beats = AnnotationTrack("beat", tuple(Annotation(0.5 * i, 0.0, 1) for i in range(9)))
    job = Job(generator="rocker", annotations=[beats], options={"rocker": {"width": 0.1}}, seed=3)
    motion = run(registry, job, test_audio(4.0)).motion
    assert motion.skeleton == violinist.violinist_skeleton()
    assert motion.rotations is not None
    hips = motion.joint("hips")[:, 0]
    on_the_beat = hips[np.arange(0, 120, 15)]
    assert (np.sign(on_the_beat) == [1, -1, 1, -1, 1, -1, 1, -1]).all()
    assert 0.06 <= np.abs(on_the_beat).min() <= np.abs(on_the_beat).max() <= 0.1 + 1e-6
    np.testing.assert_allclose(motion.joint("left_foot"), motion.joint("left_foot")[:1].repeat(120, 0), atol=2e-3)
    other = run(registry, dataclasses.replace(job, seed=4), test_audio(4.0)).motion
    assert not np.array_equal(motion.positions, other.positions)


def test_the_test_of_the_page_passes() -> None:
    module(the_block(MAIN_EXAMPLE), "cadenza_rocker")
    tests = module(the_block("Testing"), "example_tests")
    tests.test_the_rocker_keeps_the_contract()


def test_nothing_else_on_the_page_is_python() -> None:
    tested = 1 + len(HOOKS) + 2
    assert len(blocks(PAGE, "python")) == tested


def test_every_member_of_the_context_is_explained() -> None:
    rows = set(re.findall(r"`(\w+)", "\n".join(re.findall(r"^\| (.+?) \|", SECTIONS["JobContext"], re.MULTILINE))))
    members = {f.name for f in dataclasses.fields(JobContext)}
    members |= {name for name, value in vars(JobContext).items() if callable(value) and not name.startswith("_")}
    assert rows - {"member"} == members


def test_every_attribute_of_a_component_is_explained() -> None:
    rows = set(re.findall(r"^\| `(\w+)", SECTIONS["What every component has"], re.MULTILINE))
    members = {*Component.__annotations__, *(n for n in vars(Component) if not n.startswith("_"))}
    assert rows == members


def test_the_page_names_only_what_the_api_has() -> None:
    for name in re.findall(r"`plugins\.api\.(\w+)", PAGE):
        assert hasattr(plugins.api, name) or name == "testing"
    for name in ("Generator", "PostStep", "Corrector", "Recognizer", "Recommender", "Composer", "Skeleton"):
        assert f"`{name}`" in PAGE
    assert importlib.metadata.entry_points(group="cadenza.plugins")
    assert "`cadenza.plugins`" in PAGE
