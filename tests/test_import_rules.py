# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which room may import what: the eight rules of the design, read from the source with ``ast``."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("blender_addon", "plugins", "backend", "training")

BLENDER = {"bpy", "bmesh", "mathutils", "bpy_extras", "gpu", "blf", "aud", "idprop", "imbuf", "addon_utils"}
NETWORK_PARTS = "plugins/api/transformer.py"
"""Imported by plug-ins inside load(), and by the training; nothing else of the API imports torch."""
NOT_IN_BLENDER = {"torch", "scipy", "librosa", "soundfile", "pluggy", "pydantic", "backend", "plugins", "training"}
WITHOUT_BPY = ("client.py", "rig/bone_", "rig/joints.py", "rig/retarget.py", "rig/contact.py", "core/")
LIGHT = {*sys.stdlib_module_names, "numpy", "pydantic", "plugins"}
"""What a plug-in's module may import before ``load()``."""

Sources = Mapping[str, str]


@dataclass(frozen=True)
class Import:
    """A module that a file imports.

    Attributes:
        name: absolute and dotted; of ``from a import b`` both ``a`` and ``a.b`` are listed.
        function: the outermost function around it; empty when it runs with the module.
        for_types: inside ``if TYPE_CHECKING``.
    """

    name: str
    line: int
    function: str = ""
    for_types: bool = False

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


def imports(path: str, source: str) -> list[Import]:
    """All imports of a file, relative ones made absolute, ``import_module("x")`` included."""
    return list(_walk(ast.parse(source), _package(path), "", False))


def _package(path: str) -> list[str]:
    return list(PurePosixPath(path).parent.parts)


def _walk(node: ast.AST, package: list[str], function: str, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for name in _names(child, package):
            yield Import(name, getattr(child, "lineno", 0), function, for_types)
        inside = function
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside = function or getattr(child, "name", "lambda")
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from _walk(ast.Module(child.body, []), package, inside, True)
            yield from _walk(ast.Module(child.orelse, []), package, inside, for_types)
        else:
            yield from _walk(child, package, inside, for_types)


def _names(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*above, *([node.module] if node.module else [])])
        yield module
        yield from (f"{module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args:
        called = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0]
        if called in ("import_module", "__import__") and isinstance(first, ast.Constant):
            yield str(first.value)


def module_name(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def reached(sources: Sources, start: str, follow: Callable[[Import], bool]) -> set[str]:
    """Files that are imported, directly or not, when ``start`` is; ``follow`` says which of its imports count."""
    files = {module_name(path): path for path in sources}
    found: set[str] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += [files[i.name] for i in imports(path, sources[path]) if i.name in files and follow(i)]
    return found


def at_import(found: Import) -> bool:
    return not found.function and not found.for_types


def at_registration(found: Import) -> bool:
    return at_import(found) or (found.function.startswith("register_") and not found.for_types)


def is_plugin(path: str) -> bool:
    return path.startswith("plugins/") and path.count("/") > 1 and not path.startswith("plugins/api/")


def _named_plugin(name: str) -> str:
    """ "beats" of "plugins.beats.tracker"; empty for the API and all else."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "plugins" and parts[1] != "api" else ""


# One function for each rule: what is wrong with one import of one file; empty when nothing is.


def core_is_self_contained(path: str, found: Import) -> str:
    if not path.startswith("blender_addon/core/"):
        return ""
    mine = found.name == "blender_addon.core" or found.name.startswith("blender_addon.core.")
    return "" if mine or found.top in sys.stdlib_module_names or found.top == "numpy" else "core"


def addon_is_self_contained(path: str, found: Import) -> str:
    return "add-on" if path.startswith("blender_addon/") and found.top in NOT_IN_BLENDER else ""


def plain_parts_have_no_bpy(path: str, found: Import) -> str:
    plain = path.startswith(tuple(f"blender_addon/{part}" for part in WITHOUT_BPY))
    return "plain part of the add-on" if plain and found.top in BLENDER else ""


def one_door_to_the_core(path: str, found: Import) -> str:
    if path.startswith("blender_addon/") or found.top != "blender_addon":
        return ""
    core = found.name == "blender_addon.core" or found.name.startswith("blender_addon.core.")
    return "" if path == "plugins/api/__init__.py" and core else "only plugins/api/__init__.py, only the core"


def api_knows_nobody(path: str, found: Import) -> str:
    if not path.startswith("plugins/api/"):
        return ""
    if found.top in {"backend", "training", *BLENDER} or _named_plugin(found.name):
        return "API"
    early = found.top == "torch" and not found.function and path != NETWORK_PARTS
    return "torch belongs into functions" if early else ""


def plugins_know_the_api_only(path: str, found: Import) -> str:
    if not is_plugin(path):
        return ""
    other = _named_plugin(found.name) not in ("", path.split("/")[1])
    return "plug-in" if other or found.top in {"backend", "training", "blender_addon", *BLENDER} else ""


def backend_knows_no_plugin(path: str, found: Import) -> str:
    if not path.startswith("backend/"):
        return ""
    return "backend" if found.top in {"training", *BLENDER} or _named_plugin(found.name) else ""


def training_stays_out(path: str, found: Import) -> str:
    return "training" if path.startswith("training/") and found.top in {"backend", *BLENDER} else ""


RULES: dict[int, Callable[[str, Import], str]] = {
    1: core_is_self_contained,
    2: addon_is_self_contained,
    3: plain_parts_have_no_bpy,
    4: one_door_to_the_core,
    5: api_knows_nobody,
    6: plugins_know_the_api_only,
    7: backend_knows_no_plugin,
    8: training_stays_out,
}


def violations(number: int, sources: Sources) -> list[str]:
    """Every breach of one rule: file, line, and the import."""
    rule = RULES[number]
    found = [
        f"{path}:{i.line} imports {i.name} ({problem})"
        for path, source in sources.items()
        for i in imports(path, source)
        if (problem := rule(path, i))
    ]
    if number == 3:
        found += _bpy_through_others(sources)
    if number == 6:
        found += _heavy_before_load(sources)
    return found


def _bpy_through_others(sources: Sources) -> list[str]:
    """Plain parts that import a file of the add-on that imports bpy."""
    plain = [p for p in sources if p.startswith(tuple(f"blender_addon/{part}" for part in WITHOUT_BPY))]
    return [
        f"{path} imports {other}, which imports {i.name}"
        for path in plain
        for other in reached(sources, path, lambda i: not i.for_types) - {path}
        for i in imports(other, sources[other])
        if i.top in BLENDER
    ]


def _heavy_before_load(sources: Sources) -> list[str]:
    """Libraries that are imported when a plug-in is imported or registers its components."""
    return [
        f"{path}:{i.line} imports {i.name} before load() (reached from {start})"
        for start in sources
        if is_plugin(start) and start.count("/") == 2 and start.endswith("/__init__.py")
        for path in sorted(reached(sources, start, at_registration))
        if is_plugin(path) or path == NETWORK_PARTS
        for i in imports(path, sources[path])
        if i.top not in LIGHT and at_registration(i)
    ]


def tree() -> dict[str, str]:
    files = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    found = tree()
    assert {path.split("/")[0] for path in found} == set(ROOMS)
    assert any(path.startswith("blender_addon/core/") for path in found)
    return found


@pytest.mark.parametrize("number", RULES)
def test_the_tree_keeps_the_rule(number: int, sources: dict[str, str]) -> None:
    assert violations(number, sources) == []


PLANTED: list[tuple[int, str, str]] = [
    (1, "blender_addon/core/motion.py", "import scipy"),
    (1, "blender_addon/core/motion.py", "def f():\n    from pydantic import BaseModel"),
    (1, "blender_addon/core/motion.py", "from ..rig import bake"),
    (1, "blender_addon/core/motion.py", "from blender_addon import timeline"),
    (2, "blender_addon/rig/bake.py", "from torch import nn"),
    (2, "blender_addon/panels/job.py", "def draw():\n    import plugins.api"),
    (2, "blender_addon/client.py", "from backend.pipeline import run"),
    (2, "blender_addon/jobs.py", "import importlib\nimportlib.import_module('soundfile')"),
    (3, "blender_addon/client.py", "import bpy"),
    (3, "blender_addon/rig/retarget.py", "from mathutils import Quaternion"),
    (3, "blender_addon/rig/contact.py", "try:\n    import bpy.types\nexcept ImportError:\n    pass"),
    (3, "blender_addon/core/motion.py", "if True:\n    def f():\n        import bpy"),
    (4, "backend/pipeline.py", "from blender_addon.core.motion import Motion"),
    (4, "plugins/beats/tracker.py", "import blender_addon.core.motion as m"),
    (4, "training/losses.py", "from blender_addon import core"),
    (4, "plugins/api/context.py", "from blender_addon.core import motion"),
    (4, "plugins/api/__init__.py", "from blender_addon import timeline"),
    (5, "plugins/api/testing.py", "from backend import pipeline"),
    (5, "plugins/api/testing.py", "import bpy"),
    (5, "plugins/api/__init__.py", "from .. import beats"),
    (5, "plugins/api/checkpoint.py", "import torch"),
    (5, "plugins/api/transformer.py", "import backend"),
    (5, "plugins/api/testing.py", "def f():\n    import training.losses"),
    (6, "plugins/beats/tracker.py", "from plugins.performer.music import Chord"),
    (6, "plugins/beats/tracker.py", "from plugins import performer"),
    (6, "plugins/beats/tracker.py", "from ..performer import music"),
    (6, "plugins/beats/tracker.py", "def load():\n    import backend.device"),
    (6, "plugins/beats/tracker.py", "import bpy"),
    (6, "plugins/beats/__init__.py", "import librosa"),
    (6, "plugins/beats/__init__.py", "def register_recognizers(register):\n    import torch"),
    (7, "backend/pipeline.py", "import plugins.performer"),
    (7, "backend/pipeline.py", "def f():\n    from plugins import ik"),
    (7, "backend/jobs.py", "from training.metrics import x"),
    (7, "backend/blender.py", "import bpy"),
    (8, "training/evaluate.py", "from backend.pipeline import run"),
    (8, "training/evaluate.py", "def f():\n    import bpy"),
]


@pytest.mark.parametrize(("number", "path", "source"), PLANTED)
def test_a_planted_violation_is_found(number: int, path: str, source: str) -> None:
    assert len(violations(number, {path: source})) >= 1
    assert path in violations(number, {path: source})[0]


ALLOWED: list[tuple[str, str]] = [
    (
        "blender_addon/core/motion.py",
        "import json\nimport numpy.typing as npt\nfrom . import rotations\nfrom .a import b",
    ),
    ("blender_addon/rig/bake.py", "import bpy\nfrom mathutils import Vector\nfrom ..core import rotations"),
    ("blender_addon/client.py", "import urllib.request\nfrom .core import protocol"),
    ("plugins/api/__init__.py", "from blender_addon.core import motion\nfrom plugins.api import context"),
    ("plugins/api/checkpoint.py", "import pydantic\ndef load():\n    import torch"),
    ("plugins/beats/__init__.py", "import numpy\nfrom plugins.api import hookimpl\nfrom plugins.beats import tracker"),
    ("plugins/beats/tracker.py", "from . import other\nclass C:\n    def load(self):\n        import torch, librosa"),
    (
        "backend/pipeline.py",
        "from plugins import api\nfrom plugins.api import testing\nimport torch\nfrom . import jobs",
    ),
    ("training/losses.py", "import torch\nfrom plugins.api import Motion\nfrom plugins.momu.model import Network"),
]


@pytest.mark.parametrize(("path", "source"), ALLOWED)
def test_what_is_allowed_is_not_found(path: str, source: str) -> None:
    assert [v for number in RULES for v in violations(number, {path: source})] == []


def test_bpy_is_found_through_another_file() -> None:
    planted = {
        "blender_addon/rig/retarget.py": "from . import between",
        "blender_addon/rig/between.py": "from ..rig.action import keys",
        "blender_addon/rig/action.py": "import bpy",
    }
    (found,) = violations(3, planted)
    assert found == "blender_addon/rig/retarget.py imports blender_addon/rig/action.py, which imports bpy"


def test_a_heavy_library_is_found_through_the_plugins_own_files() -> None:
    hook = "def register_generators(register):\n    from plugins.momu.generator import Momu"
    planted = {
        "plugins/momu/__init__.py": hook,
        "plugins/momu/generator.py": "def load():\n    from plugins.momu.model import Network",
        "plugins/momu/model.py": "import torch",
    }
    assert violations(6, planted) == []  # load() may import the model
    planted["plugins/momu/generator.py"] = "from plugins.momu.model import Network"
    (found,) = violations(6, planted)
    assert found == "plugins/momu/model.py:1 imports torch before load() (reached from plugins/momu/__init__.py)"
