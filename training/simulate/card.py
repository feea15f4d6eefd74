# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The data card of a simulated corpus: what it is, what it was made from, and what it is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from plugins.api.checkpoint import write_whole
from training.datasets.markers import BODY_MARKERS, MARKERS
from training.datasets.mosa_motion import CAPTURE_FPS
from training.simulate.kinds import KINDS
from training.simulate.sound import RATE

WHAT: Final = (
    "Simulated {instrument} performances in the layout of MOSA (Huang et al., 2024). No person was recorded: notes "
    "were timed by rule, or after the real note times of MOSA's annotations where sources say so; sound was "
    "synthesised; {motion}."
)
MOTION: Final = (
    "motion is that of Cadenza's performer and inverse kinematics, seen by {markers} optical markers without noise or "
    "gaps"
)
LIMITS: Final = (
    "{rules} and movement follow the performer's rules, whose habits a model will learn as if they "
    "were everybody's. Bodies differ in size only. The sound is plainer than any {instrument}'s. One instrument."
)
RULES: Final = {"violin": "Bowings, fingerings", "piano": "Fingerings, pedalling"}
SOURCES: Final = {
    "study": "made by this program, MIT",
    "excerpt": "scores of the user's own choice; their licence",
    "mosa": "note times and scores of MOSA's published annotations (Y.-F. Huang et al.), CC BY 4.0",
}


def _licence(settings: dict[str, Any]) -> str:
    licence = "MIT; what was played after MOSA's annotations: CC BY 4.0" if settings["mosa"] else "MIT"
    return f"{licence}; the sound of some recordings: that of the soundfonts" if "soundfonts" in settings else licence


def write_card(folder: Path, settings: dict[str, Any], recordings: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """``card.json`` of a corpus; ``recordings`` are (path, "study" or "mosa")."""
    about = [_about(folder, path) for path, _ in recordings]
    instrument = settings["instrument"]
    markers = MARKERS if instrument == "violin" else BODY_MARKERS
    moved = MOTION.format(markers=len(markers)) if settings.get("motion", True) else "nobody moves"
    cast = sorted({number for a in about for number in [a["number"]]})
    card = {
        "what": WHAT.format(instrument=instrument, motion=moved),
        "limits": LIMITS.format(rules=RULES[instrument], instrument=instrument),
        "licence": _licence(settings),
        "made_by": {"cadenza": version("cadenza"), **settings},
        "sources": {
            kind: {"licence": SOURCES[kind], "recordings": sum(1 for _, k in recordings if k == kind)}
            for kind in sorted({k for _, k in recordings})
        },
        "recordings": len(recordings),
        "hours": round(sum(a["seconds"] for a in about) / 3600, 4),
        "notes": sum(a["notes"] for a in about),
        "sample_rate": RATE,
        "motion": {"frames_per_second": CAPTURE_FPS, "markers": list(markers), "unit": "mm"},
        "players": [KINDS[instrument].player(settings["seed"], number).to_dict() for number in cast],
        "sha256": hashlib.sha256("\n".join(a["sha256"] for a in about).encode()).hexdigest(),
    }
    write_whole(folder / "card.json", (json.dumps(card, indent=1) + "\n").encode())
    return card


def _about(folder: Path, path: str) -> dict[str, Any]:
    trial = folder / path
    prefix = "_".join(trial.parts[-3:])
    return dict(json.loads((trial / f"{prefix}_simulation.json").read_text(encoding="utf-8")))
