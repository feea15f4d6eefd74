# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The host of the plug-ins: good ones appear and run, broken ones are reported and stop nothing."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.listing import print_components
from backend.pipeline import Job, run
from backend.plugin_manager import Registry, load_plugins
from plugins.api import Annotation, AnnotationTrack, ComponentError, ComponentInfo
from plugins.api.testing import check_component, test_audio

BUILT_IN = {
    ("generator", "a2m"),
    ("generator", "a2m-piano"),
    ("generator", "performer"),
    ("post_step", "ik"),
    ("recognizer", "align"),
    ("recognizer", "beats"),
    ("recognizer", "hear-articulation"),
    ("recognizer", "hear-beats"),
    ("recognizer", "hear-dynamics"),
    ("recognizer", "hear-phrases"),
    ("recognizer", "loudness"),
    ("recognizer", "transcribe"),
}
HEAVY = ("torch", "librosa", "onnxruntime", "partitura", "pretty_midi", "scipy", "soxr", "numba", "soundfile", "bpy")

GENERATOR = '''
from typing import Any
import numpy as np
from plugins.api import *
from plugins.api import violinist

class Statue(Generator):
    """Stands still."""
    name, label = "statue", "Statue"
    instruments, skeleton = ("violin",), "violinist"

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.0, "Standing")
        body = violinist.violinist_skeleton()
        frames = round(audio.duration * context.fps)
        return Motion(body, context.fps, np.repeat(body.rest_positions[None], frames, 0), start=audio.start)

@hookimpl
def register_generators(register):
    register(Statue())
'''

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a throw-away package: a module, and the metadata that pip would write beside it."""
    monkeypatch.syspath_prepend(tmp_path)
    modules = []

    def install(package: str, source: str, version: str = "1.0") -> None:
        name = package.replace("-", "_")
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[cadenza.plugins]\n{package} = {name}\n")
        (info / "RECORD").write_text(f"{name}.py,,\n{info.name}/METADATA,,\n{info.name}/entry_points.txt,,\n")
        modules.append(name)
        importlib.invalidate_caches()

    yield install
    for name in modules:
        sys.modules.pop(name, None)


def names(registry: Registry) -> set[tuple[str, str]]:
    return {(i.kind, i.name) for i in registry.describe() if not i.error}


def the_problem(registry: Registry) -> ComponentInfo:
    (problem,) = registry.problems
    assert problem in registry.describe()
    assert names(registry) >= BUILT_IN
    return problem


def test_the_built_in_plugins_load_and_describe_themselves() -> None:
    registry = load_plugins()
    assert registry.problems == []
    assert names(registry) >= BUILT_IN
    assert "violinist" in registry.skeletons
    for info in registry.describe():
        assert info.label
        assert info.description
        assert info.licence
        assert info.package.startswith("cadenza ")
        assert info.options["type"] == "object"
    assert json.loads(json.dumps([i.to_dict() for i in registry.describe()]))


def test_listing_the_built_in_plugins_imports_nothing_heavy() -> None:
    code = (
        "import json, sys; from backend.plugin_manager import load_plugins; infos = load_plugins().describe(); "
        f"print(json.dumps([len(infos), [m for m in {HEAVY!r} if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, imported = json.loads(done.stdout)
    assert count >= len(BUILT_IN)
    assert imported == []


def test_a_plugin_of_somebody_else_appears_and_runs(install: Install) -> None:
    install("statue-maker", GENERATOR, "2.1")
    registry = load_plugins()
    assert registry.problems == []
    (info,) = [i for i in registry.describe() if i.name == "statue"]
    assert (info.kind, info.label, info.package) == ("generator", "Statue", "statue-maker 2.1")
    assert info.description == "Stands still."
    check_component(registry.generator("statue"))
    heard: list[tuple[float, str]] = []
    result = run(
        registry, Job("statue", fps=25.0, seed=5), test_audio(1.0), on_progress=lambda f, m: heard.append((f, m))
    )
    assert result.motion.fps == 25.0
    assert len(result.motion) == 25
    assert result.motion.provenance["package"] == "statue-maker 2.1"
    assert result.motion.provenance["seed"] == 5
    assert any(message == "Standing" for _, message in heard)
    assert [f for f, _ in heard] == sorted(f for f, _ in heard)
    assert heard[-1][0] == 1.0


BROKEN = {
    "raises at import": ("raise RuntimeError('no licence key')", "plug-in", "RuntimeError: no licence key"),
    "exits at import": ("import sys\nsys.exit('bye')", "plug-in", "SystemExit: bye"),
    "misses a library": ("import no_such_library_anywhere", "plug-in", "No module named 'no_such_library_anywhere'"),
    "has bad syntax": ("def register_generators(", "plug-in", "SyntaxError"),
    "misspells a hook": (
        GENERATOR.replace("def register_generators", "def register_generator"),
        "plug-in",
        "unknown hook 'register_generator'",
    ),
    "misnames the argument": (
        GENERATOR.replace("generators(register)", "generators(reg)").replace("    register(", "    reg("),
        "plug-in",
        "'reg'",
    ),
    "forgets @hookimpl": (GENERATOR.replace("@hookimpl\n", ""), "plug-in", "put @hookimpl on its register_"),
    "raises in the hook": (
        GENERATOR.replace("register(Statue())", "raise OSError('no weights here')"),
        "plug-in",
        "OSError: no weights here",
    ),
    "registers an abstract class": (GENERATOR.replace("def generate(", "def make("), "plug-in", "abstract"),
    "registers a class": (GENERATOR.replace("Statue()", "Statue"), "generator", "register an instance of a subclass"),
    "registers something else": (GENERATOR.replace("Statue()", "42"), "generator", "42 is not a Generator"),
    "uses the wrong hook": (
        GENERATOR.replace("def register_generators", "def register_correctors"),
        "corrector",
        "is not a Corrector",
    ),
    "has no docstring": (GENERATOR.replace('"""Stands still."""', ""), "generator", "docstring: the animator reads it"),
    "has a bad name": (GENERATOR.replace('"statue"', '"My Statue"'), "generator", "not 'My Statue'"),
    "has no label": (GENERATOR.replace('"Statue"', '""'), "generator", "label must say what the animator sees"),
    "has no skeleton": (GENERATOR.replace(", skeleton =", ", shape ="), "generator", "skeleton is missing"),
    "forgets a comma": (GENERATOR.replace('("violin",)', '("violin")'), "generator", "instruments must be a tuple"),
    "has bad options": (
        GENERATOR.replace("    def generate", "    Options = {'sway': 1.0}\n\n    def generate"),
        "generator",
        "Options must be a nested pydantic model",
    ),
    "has an unknown device": (
        GENERATOR.replace("    def generate", "    devices = ('tpu',)\n\n    def generate"),
        "generator",
        "devices must be 'cpu' and/or 'cuda', not ('tpu',)",
    ),
    "registers no skeleton": (
        "from plugins.api import hookimpl\n@hookimpl\ndef register_skeletons(register):\n    register('violinist')",
        "skeleton",
        "'violinist' is not a Skeleton",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_reported_and_stops_nothing(fault: str, install: Install) -> None:
    source, kind, message = BROKEN[fault]
    assert source != GENERATOR
    install("broken-thing", source)
    install("fine-thing", GENERATOR.replace('"statue"', '"fine"'))
    registry = load_plugins()
    problem = the_problem(registry)
    assert problem.kind == kind
    assert problem.package == "broken-thing 1.0"
    assert message in problem.error
    assert ("generator", "fine") in names(registry)
    assert ("generator", "statue") not in names(registry)


def test_a_bad_declaration_lists_all_that_is_wrong(install: Install) -> None:
    source = GENERATOR.replace('"statue"', '"S"').replace('"Statue"', '" "').replace('"""Stands still."""', "")
    install("broken-thing", source)
    error = the_problem(load_plugins()).error
    assert all(part in error for part in ("name must be", "label must", "docstring"))


def test_what_was_registered_before_a_hook_raised_stays(install: Install) -> None:
    install("half-thing", GENERATOR + "    raise OSError('disk')\n")
    registry = load_plugins()
    assert "OSError: disk" in the_problem(registry).error
    assert ("generator", "statue") in names(registry)


def test_a_name_that_is_taken_is_refused_and_both_packages_are_named(install: Install) -> None:
    install("a-first", GENERATOR)
    install("b-second", GENERATOR, "3.2")
    registry = load_plugins()
    problem = the_problem(registry)
    assert (problem.kind, problem.name) == ("generator", "statue")
    assert "a-first 1.0" in problem.error
    assert "b-second 3.2" in problem.error
    assert registry.packages[id(registry.generator("statue"))] == "a-first 1.0"


def test_nobody_takes_the_name_of_a_built_in_component(install: Install) -> None:
    install("a-thief", GENERATOR.replace('"statue"', '"performer"'))
    registry = load_plugins()
    assert "already taken by cadenza " in the_problem(registry).error
    assert registry.packages[id(registry.generator("performer"))].startswith("cadenza ")


def test_one_name_may_serve_two_kinds(install: Install) -> None:
    install("ik-generator", GENERATOR.replace('"statue"', '"ik"'))
    registry = load_plugins()
    assert registry.problems == []
    assert registry.generator("ik") is not registry.post_step("ik")


SKELETON = """
from plugins.api import Skeleton, hookimpl, violinist

@hookimpl
def register_skeletons(register):
    register(violinist.violinist_skeleton())
    register(Skeleton.build("pole", [("foot", None, (0, 0, 0), "body"), ("top", "foot", (0, 0, HEIGHT), "body")]))
"""


def test_skeletons_may_be_shared_but_not_differ(install: Install) -> None:
    install("a-pole", SKELETON.replace("HEIGHT", "2"))
    install("b-pole", SKELETON.replace("HEIGHT", "2"))
    install("c-pole", SKELETON.replace("HEIGHT", "3"))
    registry = load_plugins()
    problem = the_problem(registry)
    assert (problem.kind, problem.name) == ("skeleton", "pole")
    assert "a-pole 1.0" in problem.error
    assert "c-pole 1.0" in problem.error
    assert registry.skeletons["pole"].offsets[1, 2] == 2


def test_the_problems_are_shown_to_people(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("broken-thing", "raise RuntimeError('no [licence] key')")
    print_components(load_plugins().describe())
    shown = capsys.readouterr().out
    assert "broken-thing" in shown
    assert "RuntimeError: no [licence] key" in shown
    assert "performer" in shown


def test_what_is_not_installed_is_named_with_what_is(install: Install) -> None:
    install("statue-maker", GENERATOR)
    registry = load_plugins()
    known = "a2m, a2m-piano, momu, performer, pianist, statue"
    with pytest.raises(ComponentError, match=f"no generator named 'dancer'; installed: {known}"):
        registry.generator("dancer")
    with pytest.raises(ComponentError, match="no recommender named 'x'; installed: mclemcd"):
        registry.get("recommender", "x")


def test_a_missing_post_step_fails_the_job_with_its_name(install: Install) -> None:
    install("statue-maker", GENERATOR.replace("    def generate", "    post_steps = ('polish',)\n\n    def generate"))
    with pytest.raises(ComponentError, match="no post-step named 'polish'; installed: ik, keep"):
        run(load_plugins(), Job("statue"), test_audio(1.0))


def test_a_component_loads_once_for_a_device(install: Install) -> None:
    counting = "    loads = []\n\n    def load(self, device):\n        self.loads.append(device)\n\n    def generate"
    install("statue-maker", GENERATOR.replace("    def generate", counting))
    registry = load_plugins()
    statue = registry.generator("statue")
    assert statue.loads == []  # type: ignore[attr-defined]
    for _ in range(2):
        run(registry, Job("statue", device="cpu"), test_audio(1.0))
    assert statue.loads == ["cpu"]  # type: ignore[attr-defined]


RECOGNIZERS = '''
from plugins.api import *

class Cadences(Recognizer):
    """Reads the phrases."""
    name, label = "cadences", "Cadences"
    reads, writes = ("phrase",), ("cadence",)

    def recognize(self, audio, motion, options, context):
        phrases = context.track("phrase").annotations
        return [AnnotationTrack("cadence", tuple(Annotation(p.end, 0.0, "V-I") for p in phrases))]

class Phrases(Recognizer):
    """Finds one phrase."""
    name, label = "phrases", "Phrases"
    writes, rank = ("phrase", "note"), 9

    def recognize(self, audio, motion, options, context):
        return [AnnotationTrack("phrase", (Annotation(0.0, 0.75),)), AnnotationTrack("note")]

@hookimpl
def register_recognizers(register):
    register(Cadences())
    register(Phrases())
'''


def test_a_recognizer_runs_after_what_it_reads(install: Install) -> None:
    install("statue-maker", GENERATOR.replace("    def generate", "    needs = ('cadence',)\n\n    def generate"))
    install("hearing", RECOGNIZERS)
    mine = AnnotationTrack("note", (Annotation(0.5, 0.1, {"pitch": 60}),))
    result = run(load_plugins(), Job("statue", annotations=[mine]), test_audio(1.0))
    tracks = {t.namespace: t for t in result.annotations}
    assert tracks["cadence"].times == [0.75]
    assert tracks["note"] == mine  # what was given is not overwritten


def test_a_need_that_nothing_recognises_is_named(install: Install) -> None:
    install("statue-maker", GENERATOR.replace("    def generate", "    needs = ('harmony',)\n\n    def generate"))
    with pytest.raises(ComponentError, match="nothing installed recognises 'harmony'"):
        run(load_plugins(), Job("statue"), test_audio(1.0))


def test_recognizers_that_read_each_other_do_not_loop(install: Install) -> None:
    install("statue-maker", GENERATOR.replace("    def generate", "    needs = ('cadence',)\n\n    def generate"))
    install(
        "hearing",
        RECOGNIZERS.replace('writes, rank = ("phrase", "note")', 'reads, writes, rank = ("cadence",), ("phrase",)'),
    )
    with pytest.raises(ComponentError, match="nothing installed recognises 'cadence'"):
        run(load_plugins(), Job("statue"), test_audio(1.0))


def test_bad_options_are_refused_with_the_known_ones() -> None:
    registry = load_plugins()
    tracks = [AnnotationTrack("note", (Annotation(0.1, 0.5, {"pitch": 69}),)), AnnotationTrack("beat")]
    with pytest.raises(ComponentError, match=r"performer\.sway: .*less than or equal to 2"):
        run(registry, Job(annotations=tracks, options={"performer": {"sway": 9}}), test_audio(1.0))
    with pytest.raises(ComponentError, match=r"performer\.swing.*Options of performer: sway, "):
        run(registry, Job(annotations=tracks, options={"performer": {"swing": 1}}), test_audio(1.0))
    with pytest.raises(ComponentError, match="options are given for dancer, which is not installed"):
        run(registry, Job(annotations=tracks, options={"dancer": {}}), test_audio(1.0))
