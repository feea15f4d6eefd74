# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza new-plugin``: a folder with a plug-in that works, to be changed; it is the example of docs/plugins.md."""

from __future__ import annotations

import keyword
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Final

from backend.plugin_manager import Registry
from plugins.api import ComponentError

PREFIX: Final = "cadenza-"
"""Of a package's name, which its component does without."""
TAKEN: Final = ("Any", "Audio", "Field", "Generator", "Motion", "Options", "None", "True", "False")
"""What a class of the module cannot be called."""
PROJECT: Final = Template("""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "$package"
version = "0.1.0"
dependencies = ["cadenza"]

[project.entry-points."cadenza.plugins"]
$name = "$module"

[tool.setuptools]
py-modules = ["$module"]
""")
GENERATOR: Final = Template('''from typing import Any

import numpy as np
from pydantic import Field

from plugins.api import Audio, Generator, JobContext, Motion, hookimpl, playing_pose, violinist


class $cls(Generator):
    """Rocks from foot to foot, one beat each way. Plays no notes."""

    name, label = "$name", "$label"
    instruments, skeleton = ("violin",), "violinist"
    needs, post_steps = ("beat",), ("ik",)

    class Options(Generator.Options):
        width: float = Field(0.06, ge=0.0, le=0.15, title="Width", description="Metres to each side")

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.0, "Rocking")  # stops here when the job is cancelled
        times = audio.start + np.arange(round(audio.duration * context.fps)) / context.fps
        beats = context.track("beat").times or [audio.start]
        reach = np.random.default_rng(context.seed).uniform(0.6, 1.0, len(beats)) * options.width
        sway = np.interp(times, beats, reach) * np.cos(np.pi * np.interp(times, beats, np.arange(len(beats))))
        body = violinist.violinist_skeleton()
        moving = [[not joint.endswith(("_foot", "_toes", "_toes_end"))] for joint in body.joints]
        shift = np.stack([sway, 0 * sway, 0 * sway - 0.03], axis=-1)  # 3 cm down: soft knees
        positions = playing_pose() + shift[:, None] * moving
        return Motion(body, context.fps, positions, start=audio.start)


@hookimpl
def register_generators(register):
    register($cls())
''')
TEST: Final = Template("""from $module import $cls
from plugins.api.testing import check_component


def test_it_keeps_the_contract():
    check_component($cls())
""")


def make(folder: Path, registry: Registry) -> list[Path]:
    """Write the plug-in; the files.

    Args:
        folder: new; its name is the package's.

    Raises:
        ComponentError: with what to do; then nothing is written.
    """
    names = _names(folder.name)
    if names["module"] in sys.stdlib_module_names or find_spec(names["module"]) or _installed(names["package"]):
        raise ComponentError(f"{folder.name!r} is the name of something that is installed; choose another name")
    taken = [kind for kind, by_name in registry.components.items() if names["name"] in by_name]
    if taken:
        raise ComponentError(f"{names['name']!r} is the name of an installed {taken[0]}; choose another name")
    if folder.exists():
        raise ComponentError(f"{folder} exists already; choose another name, or another place")
    files = {
        "pyproject.toml": PROJECT,
        f"{names['module']}.py": GENERATOR,
        f"test_{names['module']}.py": TEST,
    }
    folder.mkdir(parents=True)
    try:
        for name, template in files.items():
            (folder / name).write_text(template.substitute(names), encoding="utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return [folder / name for name in files]


def _installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def _names(package: str) -> dict[str, str]:
    """What all is called, after the package."""
    name = package.removeprefix(PREFIX)
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", package) or not name[0].isalpha() or keyword.iskeyword(package):
        raise ComponentError(
            f"{package!r} is no name for a package; give lower-case letters, digits and dashes, cadenza-rocker for one"
        )
    words = name.split("-")
    cls = "".join(word.capitalize() for word in words)
    return {
        "package": package,
        "module": package.replace("-", "_"),
        "name": name,
        "label": " ".join(words).capitalize(),
        "cls": f"{cls}Player" if cls in TAKEN else cls,
    }
