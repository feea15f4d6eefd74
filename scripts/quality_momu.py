# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How well MoMu plays, keeps poses, composes and dances: writes docs/results/momu.md.

    python scripts/quality_momu.py players  --clips clips/violin --corpus corpus
    python scripts/quality_momu.py choices  --clips clips/violin --corpus corpus
    python scripts/quality_momu.py sounds   --clips clips/violin --corpus corpus
    python scripts/quality_momu.py joint    --most 8
    python scripts/quality_momu.py keeping  --clips clips/violin --corpus corpus
    python scripts/quality_momu.py dances   --dances FOLDER --weights "runs/{row}/{fold}.safetensors" --rows "MoMu" "no contrast"
    python scripts/quality_momu.py page

Each part leaves its lines in ``--work``; ``page`` puts together what is there. Simulated violinists are of the splits that no
network was trained on; dances are of the folds that are held out.
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

import numpy as np

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "momu.md"
PARTS = ("players", "choices", "sounds", "joint", "keeping", "dances")
SPANS = {
    "two stretches (2 s and 4 s)": [(3.0, 5.0), (12.0, 16.0)],
    "four single poses": [(2.0, 2.02), (4.5, 4.52), (7.0, 7.02), (11.0, 11.02)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=(*PARTS, "page"))
    parser.add_argument("--clips")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--dances")
    parser.add_argument("--weights", default="")
    parser.add_argument("--rows", nargs="*", default=[])
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2, 3], help="folds for which there are weights")
    parser.add_argument(
        "--a2m",
        type=Path,
        help="A2M's held-out dances (.npz by name); made and written there, five minutes a fold, where it is not",
    )
    parser.add_argument("--most", type=int, default=15, help="recordings of a split")
    parser.add_argument("--work", type=Path, default=Path("runs/quality_momu"))
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    given.work.mkdir(parents=True, exist_ok=True)
    if given.part == "page":
        PAGE.write_text(page(given.work), encoding="utf-8")
        print(PAGE)
        return
    import torch

    torch.set_num_threads(1)
    lines = {part.__name__: part for part in (players, choices, sounds, joint, keeping, dances)}[given.part](given)
    (given.work / f"{given.part}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def page(work: Path) -> str:
    opening = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return opening + "\n".join(
        (work / f"{part}.md").read_text(encoding="utf-8") for part in PARTS if (work / f"{part}.md").exists()
    )


def ik_step():
    import plugins.ik

    found = []
    plugins.ik.register_post_steps(found.append)
    found[0].load("cpu")
    return found[0]


def players(given: argparse.Namespace) -> list[str]:
    from plugins.a2m.generator import A2M
    from plugins.momu.generator import Momu
    from training.a2m_clips import Clips
    from training.momu.judge_players import PLAYING, judge_players
    from training.momu.playing import played, player, recordings

    clips, ik = Clips.open(given.clips, "violin"), ik_step()
    row = {"MoMu": Momu(), "A2M": A2M()}
    for generator in row.values():
        generator.load("cpu")
    still = player(row["A2M"], ik)
    who = {name: player(generator, ik) for name, generator in row.items()}
    who["A2M without sway"] = lambda one, seed: still(one, seed, sway=0.0)
    lines = ["## Who plays", ""]
    for split, words in (("test_piece", "unseen pieces"), ("test_performer", "unseen players")):
        ones = played(clips, given.corpus, recordings(clips, split, given.most), 40.0)
        judged = judge_players(ones, who, (0, 1, 2))
        lines += [f"{words.capitalize()}: {len(ones)} recordings, their first 40 s, three seeds.", ""]
        lines += [*judged.table(PLAYING, words), ""]
        ratio = judged.ratio("MoMu", "A2M", "seeds")
        lines += [f"Takes of two seeds differ {ratio.text(2)} times as much as A2M's, over all joints of the body.", ""]
        lines += bows(ones, who)
    return lines


def bows(ones, who) -> list[str]:
    """How far the bow of one seed is from the bow of another, along the hair."""
    from training.performance_metrics import bow_position

    lines = ["| | the hair between seeds, mm |", "|---|---|"]
    for name, play in who.items():
        apart = [np.abs(bow_position(play(one, 0)) - bow_position(play(one, 1))).mean() for one in ones[:6]]
        lines.append(f"| {name} | {1000 * np.mean(apart):.0f} |")
    return [*lines, ""]


def sounds(given: argparse.Namespace) -> list[str]:
    from plugins.momu.checkpoint import load_weights
    from plugins.momu.engine import Engine
    from training.a2m_clips import Clips
    from training.momu.judge_players import REAL, SOUNDING, UNRELATED, judge_sounds
    from training.momu.playing import maker, places_of, played, recordings

    clips, engine = Clips.open(given.clips, "violin"), Engine(load_weights())
    chosen = recordings(clips, "test_piece", given.most)
    ones = played(clips, given.corpus, chosen, 30.0)
    joints = engine.weights.body.joints
    motions = {one.name: places_of(clips, r, joints, 30.0) for one, r in zip(ones, chosen, strict=True)}
    makers = {f"MoMu, guidance {g:g}": maker(engine, motions, g) for g in (1.0, 1.5, 3.0)}
    judged = judge_sounds(ones, makers, (0, 1))
    lines = ["## Music to a motion", "", f"{len(ones)} recordings of unseen pieces, their first 30 s, two seeds.", ""]
    lines += [*judged.table(SOUNDING, "sound"), ""]
    for name in makers:
        more = judged.difference(name, UNRELATED, "onset")
        lines.append(f"- {name}, onsets less those of {UNRELATED}: {more.text(3)}")
    return [*lines, "", f"({REAL}: the sound against itself.)", ""]


def joint(given: argparse.Namespace) -> list[str]:
    """Motion and music from nothing, by where in the noise they begin to listen to each other (the paper's T_c)."""
    from plugins.api import JobContext
    from plugins.momu.composer import MomuComposer
    from training.momu.judge_players import TOLERANCE, onsets, turns_of
    from training.momu.judged import Judged

    composer, seeds = MomuComposer(), range(given.most)
    composer.load("cpu")
    judged = Judged(tuple(f"seed {seed}" for seed in seeds))
    for crossing in (0.9, 0.7, 0.5, 0.3, 0.1, 0.0):
        options = composer.Options(crossing=crossing)
        pairs = [composer.improvise(20.0, options, JobContext(seed=seed, fps=40.0)) for seed in seeds]
        turned, heard = [turns_of(motion) for motion, _ in pairs], [onsets(audio) for _, audio in pairs]
        figures = [
            {
                "met": met(turned[i], heard[i], TOLERANCE),
                "chance": met(turned[i], heard[i - 1], TOLERANCE),
                "turns": len(turned[i]) / 20.0,
                "onsets": len(heard[i]) / 20.0,
            }
            for i in seeds
        ]
        judged.add(f"T_c {crossing:g}" if crossing else "never", figures)
    columns = (
        ("bow changes with an onset within 70 ms", "met", 1.0, 3),
        ("in another seed's sound", "chance", 1.0, 3),
        ("bow changes a second", "turns", 1.0, 2),
        ("onsets a second", "onsets", 1.0, 2),
    )
    head = (
        f"{given.most} seeds, 20 s each; T_c: the part of the noise below which motion and music listen to each other."
    )
    return ["## Motion and music from nothing", "", head, "", *judged.table(columns, "improvised"), ""]


def met(these: np.ndarray, those: np.ndarray, near: float) -> float:
    """Part of these that have one of those near."""
    if not len(these) or not len(those):
        return 0.0
    return float((np.abs(these[:, None] - those[None]).min(axis=1) <= near).mean())


def keeping(given: argparse.Namespace) -> list[str]:
    from plugins.momu.generator import Momu
    from training.a2m_clips import Clips
    from training.momu.playing import keeping as kept_in
    from training.momu.playing import played, player, recordings

    clips, ik, momu = Clips.open(given.clips, "violin"), ik_step(), Momu()
    momu.load("cpu")
    ones = played(clips, given.corpus, recordings(clips, "test_piece", min(given.most, 8)), 20.0)
    play = player(momu, ik)
    columns = (
        "kept",
        "farthest off, mm",
        "degrees",
        "over the same frames",
        "over elsewhere",
        "nothing kept, over elsewhere",
    )
    lines = ["## Poses and stretches that are kept", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for words, spans in SPANS.items():
        found = [kept_in(play, one, spans) for one in ones]
        millimetres, degrees = max(k.millimetres for k in found), max(k.degrees for k in found)
        ratios = [np.array([getattr(k, name) for k in found]) for name in ("same_frames", "seam", "free_seam")]
        cells = [f"{r.mean():.2f} ({r.min():.2f} to {r.max():.2f})" for r in ratios]
        lines.append(f"| {words} | {millimetres:.4f} | {degrees:.3f} | {' | '.join(cells)} |")
    return [
        *lines,
        "",
        f"{len(ones)} recordings; acceleration at the borders, means over them, least and most. *The same frames*: those of the "
        "take that is kept and of the one without anything kept, their mean; *elsewhere*: all other frames, where there may "
        "be less to play.",
        "",
    ]


def choices(given: argparse.Namespace) -> list[str]:
    """What docs/momu.md says of choices, on the validation recordings."""
    from momu_choices import kept_turns, varied

    from plugins.momu.checkpoint import load_weights
    from training.a2m_clips import Clips
    from training.momu.judge_players import judge_players
    from training.momu.playing import played, player, recordings

    clips, ik = Clips.open(given.clips, "violin"), ik_step()
    chosen = recordings(clips, "valid", given.most)
    ones = played(clips, given.corpus, chosen, 30.0)
    columns = (("bow changes, F1 at 70 ms", "bow", 1.0, 3), ("between seeds, mm", "seeds", 1000.0, 1))
    who = {name: partial(player(one, ik), **options) for name, (one, options) in varied().items()}
    judged = judge_players(ones, who, (0, 1))
    share = kept_turns(load_weights(), clips, chosen)
    lines = ["## What was chosen", "", f"{len(ones)} validation recordings, their first 30 s, two seeds.", ""]
    said = f"Encoded and decoded again by the autoencoder, F1 of the bow's turns at 70 ms: {share:.3f}."
    return [*lines, *judged.table(columns, "MoMu"), "", *bows(ones, who), said, ""]


def dances(given: argparse.Namespace) -> list[str]:
    from momu_dances import contestants, judge_held, kept_bars

    from training.momu.dance_clips import fold_of, read
    from training.momu.judge_dances import tables

    every = read("music-to-dance", given.dances)
    held = fold_of(every)
    clips = [clip for clip in every if held[clip.piece] in given.folds]
    files = {row: {f: given.weights.format(row=row, fold=f) for f in given.folds} for row in given.rows}
    judged = judge_held(clips, contestants(every, clips, files, given.a2m), held)
    folds = ", ".join(map(str, given.folds))
    lines = ["## Dances", "", f"{len(clips)} dances of the held-out folds {folds}, one seed.", ""]
    return [*lines, *tables(judged, given.rows[0] if given.rows else ""), kept_bars(every), ""]


if __name__ == "__main__":
    main()
