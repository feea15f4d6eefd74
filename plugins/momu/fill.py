# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The corrector ``momu-fill``: frames between an animator's poses made up from the sound, and takes varied.

It works on any character with two arms, on its own bones. What is given is put between its poses (straight) as a first
idea; the network says how a violinist who passes through these poses would move to this music; the difference of the
two, seen on the network's own body, is what the character's joints are moved by, so that nobody's proportions matter.
Frames that are kept come out as they went in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from plugins.api import Audio, ComponentError, Constraint, Corrector, JobContext, Motion
from plugins.api.kept import are_kept, with_kept
from plugins.api.log_mel import FPS
from plugins.api.playing_joints import JOINTS, Frame, own_frame, seen_in
from plugins.api.retimed import at_times, filled
from plugins.api.whole_body import anchors, held_again, held_props, swung
from plugins.momu.body import Body
from plugins.momu.checkpoint import BUNDLED
from plugins.momu.constraints import EASE, as_network
from plugins.momu.engine import Engine, Made
from plugins.momu.kept import Kept
from plugins.momu.listening import heard_from
from plugins.momu.options import MovingOptions
from plugins.momu.shared import loaded, ready, shown_at

Floats = npt.NDArray[np.float64]

FEWEST: Final = 2
"""Frames."""
LONGEST: Final = 1800.0
"""Seconds."""
PARTS: Final = {
    "right-arm": ("right_upper_arm", "right_lower_arm", "right_hand", "right_index_proximal", "bow_frog", "bow_tip"),
    "left-arm": ("left_upper_arm", "left_lower_arm", "left_hand", "left_index_proximal"),
    "trunk-and-head": ("neck", "head"),
}
SMALLEST: Final = 0.02
"""Variation below which nothing is varied."""


class MomuFill(Corrector):
    """Makes up a violinist's movement between your poses from the sound, or varies a take: another seed, another way to
    play it. Poses that you keep stay exactly as they are."""

    name, label = "momu-fill", "Fill or vary (MoMu)"
    licence = "MIT"
    checkpoint = "momu violin 1"
    devices = ("cuda", "cpu")
    fills = True

    class Options(MovingOptions):
        variation: float = Field(
            0.4,
            ge=0.0,
            le=1.0,
            title="Variation",
            description="How much is made anew of a motion without gaps; 1 is all. Where gaps are filled, poses stay",
        )
        part: Literal["all", "right-arm", "left-arm", "trunk-and-head"] = Field(
            "all", title="Part", description="What of the body is made anew; the rest stays where it was given"
        )

    def __init__(self, weights: Path = BUNDLED) -> None:
        self._path = weights
        self._engine: Engine | None = None

    def load(self, device: str) -> None:
        self._engine = loaded(self._path, device, self.label)

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        """The filled or varied motion, of the given one's frames.

        Raises:
            ComponentError: with what to do.
        """
        engine = ready(self._engine)
        context.progress(0.0, "Looking at the poses")
        if len(motion) < FEWEST:
            raise ComponentError(f"{len(motion)} frames are too few to fill or vary; give at least {FEWEST}")
        if motion.duration > LONGEST:
            raise ComponentError(
                f"the motion lasts {motion.duration / 60:.0f} minutes; fill 30 minutes at once at most"
            )
        return _Work(engine, motion, audio, options, context).motion()


@dataclass(frozen=True, eq=False)
class _Work:
    """One motion at work."""

    engine: Engine
    given: Motion
    audio: Audio
    options: Any
    context: JobContext

    def motion(self) -> Motion:
        times = self._times
        frame = own_frame(seen_in(self.given))
        base = filled(self.given, times)
        body = self._body
        before, there = as_body(base, body, frame)
        weight = self._weight(body, times) * there
        before = as_network(before, np.ones(weight.shape), body)
        heard = heard_from(self.audio, self.given.start, len(times))
        gaps, varied = self._gaps, self._varied
        if not gaps and varied < SMALLEST:
            return self._result(np.zeros_like(before), times, frame)

        def tell(done: float, preview: Any) -> None:
            self.context.progress(0.05 + 0.8 * done, "Denoising")
            if shown_at(done, max(1, round((1.0 if gaps else varied) * self.options.steps))):
                self.context.partial(self._result(preview().places - before, times, frame))

        made: Made = self.engine.dance(
            heard,
            self.context.seed,
            self.options.ask(),
            self.options.desire(),
            given=before,
            strength=1.0 if gaps else varied,
            kept=Kept(np.where(weight[..., None] > 0.0, before, np.nan), weight, tuple(np.flatnonzero(there <= 0.0))),
            tell=tell,
        )
        self.context.progress(0.9, "Moving the body")
        return self._result(made.places - before, times, frame)

    @property
    def _times(self) -> Floats:
        """(T,) seconds at 40 frames a second over the motion."""
        return np.asarray(self.given.start + np.arange(int((len(self.given) - 1) / self.given.fps * FPS) + 2) / FPS)

    @cached_property
    def _posed(self) -> npt.NDArray[np.bool_]:
        """(frames, J) which of the character's joints are given."""
        return np.asarray(np.isfinite(self.given.positions).all(axis=2))

    @cached_property
    def _gaps(self) -> bool:
        """Whether a joint that the network moves is given in some frames and not in others."""
        known = self._posed[:, [self.given.skeleton.index(j) for j in self._body.joints if j in self.given.skeleton]]
        return bool((known.any(axis=0) & ~known.all(axis=0)).any())

    @property
    def _varied(self) -> float:
        """Between poses that somebody set there is enough to be made up."""
        return 0.0 if self._gaps else float(self.options.variation)

    @property
    def _changed(self) -> tuple[str, ...]:
        """Joints that may be made anew; where gaps are filled, all."""
        return PARTS.get(self.options.part, self._body.joints) if self._varied else self._body.joints

    @property
    def _body(self) -> Body:
        body = self.engine.weights.body
        assert body is not None
        return body

    def _weight(self, body: Body, times: Floats) -> Floats:
        """(T, J) how much what is given counts: fully where it is kept, or not to be varied; nothing in gaps."""
        out = np.zeros((len(times), len(body.joints)))
        frames = np.round((self.given.times - self.given.start) * FPS).astype(int)
        varied, skeleton = self._varied, self.given.skeleton
        for i, joint in enumerate(body.joints):
            posed = self._posed[:, skeleton.index(joint)] if joint in skeleton else self._posed.any(axis=1)
            # Half kept is a wish: the square lets the noise decide soon.
            wish = (1.0 - varied) ** 2 if joint in self._changed and varied >= SMALLEST else 1.0
            out[_covered(frames[posed], frames, len(times)), i] = wish
        out[frames[are_kept(self.given.times, self.context.constraints)]] = 1.0
        return out

    def _result(self, moved: Floats, times: Floats, frame: Frame) -> Motion:
        """The character, its joints moved by (T, J, 3) metres at 40 frames a second in the performer's frame."""
        given = self.given
        by = at_times(moved, times, given.times)
        base = filled(given, given.times)
        turned = frame.outside(by) - frame.outside(np.zeros(3))
        named = {}
        for i, joint in enumerate(self._body.joints):
            if joint in (*JOINTS, "head") and joint in given.skeleton and np.isfinite(base.joint(joint)).all():
                named[joint] = base.joint(joint).astype(np.float64) + turned[:, i] * (joint in self._changed)
        whole = _swung(base, named) if base.rotations is not None else _points(base, named)
        exact = self._posed.any(axis=1) & (self._varied < SMALLEST)
        kept = [*self.context.constraints, *_stretches(given, exact)]
        out = with_kept(whole, given, kept, EASE) if kept else whole
        part = self.options.part if self._varied else "all"
        made = {"seed": self.context.seed, "variation": self._varied, "part": part}
        return replace(out, provenance={**given.provenance, "filled": made})


def _stretches(motion: Motion, frames: npt.NDArray[np.bool_]) -> list[Constraint]:
    """These frames of a motion, those that follow each other together."""
    borders = np.flatnonzero(np.diff(np.concatenate([[0], frames.astype(int), [0]]))).reshape(-1, 2)
    half = 0.5 / motion.fps
    return [Constraint(motion.slice(motion.times[a] - half, motion.times[b - 1] + half)) for a, b in borders]


def _covered(posed: npt.NDArray[np.int64], frames: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Frames at 40 a second that posed frames tell: the nearest of each, and those between two that are neighbours."""
    if not len(posed):
        return posed
    step = int(np.ceil(np.diff(frames).max())) if len(frames) > 1 else 1
    between = [np.arange(a, b) for a, b in pairwise(posed) if b - a <= step]
    return np.unique(np.clip(np.concatenate([posed, *between]), 0, count - 1))


def as_body(motion: Motion, body: Body, frame: Frame) -> tuple[Floats, Floats]:
    """(T, J, 3) the network's joints of a motion, metres from the hips of a body of size 1, and (J,) 1 for those that
    it has; those that it lacks lie above the ones that carry them."""
    places = np.zeros((len(motion), len(body.joints), 3))
    there = np.zeros(len(body.joints))
    for i, joint in enumerate(body.joints):
        if joint in motion.skeleton and np.isfinite(motion.joint(joint)).all():
            places[:, i] = frame.inside(motion.joint(joint))
            there[i] = 1.0
    hips = places[:, 0].copy() if there[0] else np.zeros((len(motion), 3))
    places -= hips[:, None] * there[:, None]
    there[0] = 1.0
    for i, parent in enumerate(body.parents):
        if not there[i]:
            places[:, i] = places[:, parent] + [0.0, 0.0, max(float(body.lengths[i]), 0.1)]
    return places, there


def _swung(base: Motion, targets: dict[str, Floats]) -> Motion:
    """A motion with rotations whose limbs and trunk are swung to the targets; what is held goes along."""
    assert base.rotations is not None
    local, positions = base.rotations.astype(np.float64), base.positions.astype(np.float64)
    held = held_props(base, local, positions)
    placed, turned = swung(base.skeleton, local, positions, targets)
    placed = held_again(base, placed, turned, held)
    return replace(base, positions=placed, rotations=turned)


def _points(base: Motion, targets: dict[str, Floats]) -> Motion:
    """A motion of points: every other joint goes along with the one that carries it."""
    positions = base.positions.astype(np.float64).copy()
    moved = np.zeros_like(positions)
    for joint, place in targets.items():
        i = base.skeleton.index(joint)
        moved[:, i] = place - positions[:, i]
    for i, carrier in anchors(base).items():
        moved[:, i] = moved[:, carrier]
    return replace(base, positions=positions + moved)
