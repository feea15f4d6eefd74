# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""docs/images/momu.jpg: four seeds of the minuet that comes with Cadenza, and one of them through kept poses."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[1]
SECONDS, MOMENTS, KEPT = 8.0, (2.0, 4.5), (2.0, 5.0)
BONES = (
    *(
        ("hips", "spine"),
        ("spine", "neck"),
        ("neck", "head_top"),
        ("violin_end", "violin_scroll"),
        ("bow_frog", "bow_tip"),
    ),
    *((f"{s}_upper_arm", f"{s}_lower_arm") for s in ("left", "right")),
    *((f"{s}_lower_arm", f"{s}_hand") for s in ("left", "right")),
    *((f"{s}_upper_leg", f"{s}_lower_leg") for s in ("left", "right")),
    *((f"{s}_lower_leg", f"{s}_foot") for s in ("left", "right")),
    *(("left_upper_arm", "right_upper_arm"), ("left_upper_leg", "right_upper_leg")),
)


def main() -> None:
    import matplotlib.pyplot as plt

    import plugins.ik
    from backend.audio_files import read_audio
    from plugins.api import Audio, Constraint
    from plugins.momu.generator import Momu
    from training.momu.judge_players import Played
    from training.momu.playing import player
    from training.performance_metrics import bow_position

    found = []
    plugins.ik.register_post_steps(found.append)
    found[0].load("cpu")
    momu = Momu()
    momu.load("cpu")
    sound = read_audio(ROOT / "examples" / "minuet.flac")
    one = Played("minuet", "minuet", Audio(sound.samples[: round(SECONDS * sound.sample_rate)], sound.sample_rate))
    play = player(momu, found[0])
    takes = [play(one, seed) for seed in range(1, 5)]
    poses = [Constraint(takes[0].slice(at - 0.01, at + 0.02)) for at in KEPT]
    through = play(one, 4, poses)

    figure, axes = plt.subplots(3, 4, figsize=(11, 8), height_ratios=(1.5, 1.0, 1.0), layout="constrained")
    for i, (axis, take) in enumerate(zip(axes[0], takes, strict=True)):
        for at, shade in zip(MOMENTS, (0.35, 1.0), strict=True):
            draw(axis, take, round(at * take.fps), shade)
        axis.set_title(f"seed {i + 1}, at {MOMENTS[0]:g} and {MOMENTS[1]:g} s", fontsize=10)
    for row, rows in ((1, list(enumerate(takes, 1))), (2, [(1, takes[0]), (4, takes[3]), ("4, kept", through)])):
        space = axes[row, 0].get_gridspec()
        for axis in axes[row]:
            axis.remove()
        axis = figure.add_subplot(space[row, :])
        for name, take in rows:
            axis.plot(take.times, 100 * bow_position(take), label=f"seed {name}")
        axis.set_ylabel("hair from the frog, cm")
        axis.legend(fontsize=8, loc="upper right", ncols=4)
        if row == 2:
            axis.plot(KEPT, [100 * bow_position(takes[0])[round(at * takes[0].fps)] for at in KEPT], "ko")
            axis.set_xlabel("seconds; dots: poses of seed 1 that are kept in a take of seed 4")
    figure.savefig(ROOT / "docs" / "images" / "momu.jpg", dpi=90, pil_kwargs={"quality": 85})


def draw(axis, take, frame: int, shade: float) -> None:
    """Seen from the front."""
    for a, b in BONES:
        ends = np.stack([take.joint(a)[frame], take.joint(b)[frame]])
        held = a.startswith(("violin", "bow"))
        axis.plot(-ends[:, 0], ends[:, 2], color="tab:red" if held else "black", lw=2.2, alpha=shade)
    axis.set_aspect("equal")
    axis.axis("off")


if __name__ == "__main__":
    main()
