# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Animate the example, or a recording of yours: ``python3 scripts/demo.py [my.wav --score my.musicxml ...]``.

Makes the environment first. Whatever is given is passed on to ``cadenza animate``; results
go to ``out/`` unless told otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

import environment

EXAMPLE = ["examples/minuet.flac", "--score", "examples/minuet.musicxml"]


def arguments(given: list[str]) -> list[str]:
    """The arguments of ``cadenza animate``: the example's when no recording is given."""
    has_input = bool(given) and not given[0].startswith("-")
    command = list(given) if has_input else [*EXAMPLE, *given]
    name = Path(command[0]).stem if has_input else "demo"
    out = environment.ROOT / "out"
    for option, short, suffix in (
        ("--output", "-o", ".blend"),
        ("--preview", "", ".mp4"),
        ("--motion", "", ".motion.npz"),
        ("--annotations", "", ".annotations.json"),
    ):
        if not any(a in (option, short) or a.startswith(option + "=") for a in command if a):
            command += [option, str(out / f"{name}{suffix}")]
    # The demo's own results may be made again; a path that the user chose is kept unless they say otherwise.
    chosen = any(a in ("--output", "-o", "--preview", "--motion", "--annotations") for a in given)
    return command if chosen or "--overwrite" in command else [*command, "--overwrite"]


def main() -> int:
    given = [str(Path(a).resolve()) if Path(a).is_file() else a for a in sys.argv[1:]]
    python = environment.main_environment()
    return environment.run([str(python), "-m", "backend.cli", "animate", *arguments(given)])


if __name__ == "__main__":
    sys.exit(main())
