# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Correct beats and bars by hand, and move keys and strips onto them. (To move or delete one, move or delete its
marker.) None of this needs a backend."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy

from .. import corrections, obstacles, snapping
from ..audio_source import SourceError, source_of
from ..core.metre_edits import Metre, doubled, halved, with_beat, with_downbeats
from ..recording import Recording, recording_of
from ..timeline import seconds_at
from . import UNDOABLE
from .failing import refuse


def heard(scene: Any) -> tuple[float, Recording]:
    """Second of the recording at the scene's first frame, as the source lies, and which recording it is; else its
    beginning, of one that is not known."""
    try:
        source = source_of(scene)
    except SourceError:
        return 0.0, ()
    return source.origin(scene), recording_of(source)


class OnBeats:
    """What the operators below have in common: they change the beats that there are."""

    bl_options: ClassVar = UNDOABLE
    section: ClassVar = "beats"
    report: Any  # the operator's

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_beats(context.scene))

    def execute(self, context: Any) -> set[str]:
        try:
            metre = corrections.change(context.scene, lambda m: self.changed(context.scene, m), *heard(context.scene))
        except corrections.CorrectionError as error:
            return refuse(self, error)
        self.report({"INFO"}, f"{len(metre.beats)} beats, {len(metre.firsts)} bars")
        return {"FINISHED"}

    def changed(self, scene: Any, metre: Metre) -> Metre:
        raise NotImplementedError


class TapBeat(OnBeats, bpy.types.Operator):
    """Add a beat at the playhead; press it in time while the scene plays. Ctrl: a downbeat"""

    bl_idname = "cadenza.tap_beat"
    bl_label = "Tap Beat"

    downbeat: bpy.props.BoolProperty(name="Downbeat", description="The beat begins a bar")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: Any) -> bool:
        return True

    def invoke(self, context: Any, event: Any) -> set[str]:
        self.downbeat = self.downbeat or event.ctrl
        return self.execute(context)

    def changed(self, scene: Any, metre: Metre) -> Metre:
        frame = scene.frame_current + scene.frame_subframe
        at = seconds_at(scene, frame, corrections.origin_of(scene, heard(scene)[0]))
        return with_beat(metre, at, self.downbeat or not metre.beats)


class SetDownbeats(OnBeats, bpy.types.Operator):
    """The beats whose markers are selected begin bars; bars before and after them follow. One alone shifts the bars"""

    bl_idname = "cadenza.set_downbeats"
    bl_label = "These Are Downbeats"

    def changed(self, scene: Any, metre: Metre) -> Metre:
        chosen = corrections.chosen_beats(scene, metre)
        if not chosen:
            raise corrections.CorrectionError("no beat is selected; select the markers of one or more in the timeline")
        return with_downbeats(metre, chosen)


class DoubleTempo(OnBeats, bpy.types.Operator):
    """A beat more between every two: the tempo was taken for half of what it is"""

    bl_idname = "cadenza.double_tempo"
    bl_label = "Double"

    def changed(self, scene: Any, metre: Metre) -> Metre:
        return doubled(metre)


class HalveTempo(OnBeats, bpy.types.Operator):
    """Every second beat stays: the tempo was taken for twice what it is"""

    bl_idname = "cadenza.halve_tempo"
    bl_label = "Halve"

    def changed(self, scene: Any, metre: Metre) -> Metre:
        return halved(metre)


class SnapKeys(bpy.types.Operator):
    """Move the selected keys of the active object onto the beats nearest to them"""

    bl_idname = "cadenza.snap_keys"
    bl_label = "Keys to Beats"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        reason = obstacles.to_beats(context.scene) or obstacles.to_object(context.object)
        return obstacles.allow(cls, reason)

    def execute(self, context: Any) -> set[str]:
        moved, left = snapping.snap_keys(context.object, corrections.beat_frames(context.scene))
        more = f"; {left} stayed, for another key is on their beat" if left else ""
        told = f"{moved} keys moved{more}" if moved or left else "No key is selected, or all are on beats"
        self.report({"INFO"} if moved else {"WARNING"}, told)
        return {"FINISHED"}


class SnapStrips(bpy.types.Operator):
    """Let the selected strips (NLA of the active object, Video Sequencer) begin on the beats nearest to them"""

    bl_idname = "cadenza.snap_strips"
    bl_label = "Strips to Beats"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_beats(context.scene))

    def execute(self, context: Any) -> set[str]:
        moved, stays = snapping.snap_strips(context.scene, context.object, corrections.beat_frames(context.scene))
        more = "; the sound in Source stays, for the beats are its own" if stays else ""
        self.report({"INFO"} if moved else {"WARNING"}, f"{moved} strips moved{more}")
        return {"FINISHED"}


class RangeOfCorrections(bpy.types.Operator):
    """Set the range to generate again to what your corrections of the music concern"""

    bl_idname = "cadenza.use_corrections"
    bl_label = "Use Corrections"
    section = "again"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_corrections(context.scene))

    def execute(self, context: Any) -> set[str]:
        found = corrections.frames_touched(context.scene)
        if found is None:
            return refuse(self, corrections.CorrectionError("nothing was corrected since the last take"))
        context.scene.cadenza.again_from, context.scene.cadenza.again_to = found
        return {"FINISHED"}


CLASSES = (TapBeat, SetDownbeats, DoubleTempo, HalveTempo, SnapKeys, SnapStrips, RangeOfCorrections)
