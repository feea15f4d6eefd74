# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Animate the example, or a recording of yours: ``python3 scripts/demo.py [my.wav --score my.musicxml ...]``.

Makes the environment first. Whatever is given is passed on to ``cadenza animate``; results
go to ``out/`` unless told otherwise; ``--no-preview`` leaves out the film, which takes longest.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import environment

EXAMPLE = [
    str(environment.ROOT / "examples/minuet.flac"),
    "--score",
    str(environment.ROOT / "examples/minuet.musicxml"),
]
OUTPUTS = ("output", "preview", "motion", "annotations")
SUFFIXES = (".blend", ".mp4", ".motion.npz", ".annotations.json")
MUSIC = ("score", "instrument", "generator", "start", "end", "fps", "seed", "device", "option")
CHARACTER = ("body", "rig", "armature", "bone-map", "report", "export")
VALUES = (*MUSIC, *CHARACTER)
"""Other options of ``cadenza animate`` that take a value."""
HELP = f"""python3 scripts/demo.py [RECORDING] [options]

Animates RECORDING, or without one the example; what is made goes to out/, unless these say otherwise:
    {" ".join(f"--{o} FILE" for o in OUTPUTS)}
    --no-preview    without the film, which takes longest
    --overwrite     replace files that exist

Options of cadenza animate, each with a value (.venv/bin/cadenza animate --help explains them):
    {" ".join(f"--{o}" for o in MUSIC)}
    {" ".join(f"--{o}" for o in CHARACTER)}"""


def arguments(given: list[str]) -> list[str]:
    """The arguments of ``cadenza animate``: the example's when no recording is given; what is missing goes to ``out/``."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-o", "--output")
    for option in OUTPUTS[1:]:
        parser.add_argument(f"--{option}")
    for option in VALUES:
        parser.add_argument(f"--{option}", dest=option, action="append", default=[])
    parser.add_argument("--no-preview", action="store_true")
    known, rest = parser.parse_known_args(given)
    recordings = [a for a in rest if not a.startswith("-")]
    command = [*rest, *(part for o in VALUES for v in getattr(known, o) for part in (f"--{o}", v))]
    chosen = {o: getattr(known, o) for o in OUTPUTS}
    if not recordings:
        command = [*EXAMPLE, *command]
    name = Path(recordings[0]).stem if recordings else "demo"
    for option, suffix in zip(OUTPUTS, SUFFIXES, strict=True):
        if option == "preview" and known.no_preview:
            continue
        command += [f"--{option}", chosen[option] or str(environment.ROOT / "out" / f"{name}{suffix}")]
    # Only the example's own results are made again unasked.
    if not recordings and not any(chosen.values()) and "--overwrite" not in command:
        command.append("--overwrite")
    return command


def main() -> int:
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(HELP)
        return 0
    python = environment.main_environment()
    command = [str(python), "-m", "backend.cli", "animate", *arguments(sys.argv[1:])]
    try:
        # In the caller's folder: paths mean what they mean there.
        return subprocess.run(command).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
