# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The learned pianist on real performances: ``python scripts/quality_a2m_midi.py FILE.mid ... [--seconds 90]``.

The MIDI files are sounded plainly (backend/midi_sound.py); the note-exact ``pianist`` with the notes says where the
wrists should be, ``a2m-piano`` hears the sound alone. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from backend.midi_sound import read_midi
from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from plugins.a2m.checkpoint import load_weights
from plugins.a2m.generator import PIANO_WEIGHTS
from plugins.api import Motion, Score, pianist

HANDS = ("left_hand", "right_hand")


def performed(path: Path, seconds: float, generator: str) -> Motion:
    score = Score(path.name, path.read_bytes())
    audio = read_midi(score, 0.0, seconds, instrument="piano")
    given = score if generator == "pianist" else None
    return run(load_plugins(), Job(generator, instrument="piano", score=given), audio).motion


def row(path: Path, seconds: float) -> str:
    true, made = (performed(path, seconds, generator) for generator in ("pianist", "a2m-piano"))
    weights = load_weights(PIANO_WEIGHTS, "piano")
    middle = weights.normaliser.mean.reshape(-1, 3) + pianist.SEATED
    errors, still, across = [], [], []
    for hand in HANDS:
        real, said = (m.joint(hand).astype(float) for m in (true, made))
        errors.append(1000 * np.linalg.norm(said - real, axis=-1).mean())
        still.append(1000 * np.linalg.norm(middle[weights.joints.index(hand)] - real, axis=-1).mean())
        across.append(np.corrcoef(said[:, 0], real[:, 0])[0, 1])
    return f"| {path.stem} | {np.mean(errors):.0f} | {np.mean(still):.0f} | {across[0]:.2f} | {across[1]:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=90.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("| performance | error, mm | mean pose, mm | correlation left | right |\n|---|---|---|---|---|")
    for path in given.files:
        print(row(path, given.seconds))


if __name__ == "__main__":
    main()
