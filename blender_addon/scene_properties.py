# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel remembers: of a scene (source, choices, options) and of a character (its bone map).

Names of these properties are saved in .blend files: they stay.
"""

from __future__ import annotations

from typing import Any

import bpy

from . import audio_source, beside, character, connection, options
from .core.annotations import NAMESPACES
from .rig.channels import PARTS
from .take_properties import GROWING, OVERRIDABLE

LARGEST_SEED = 2**31 - 1
FILE: dict[str, Any] = {"subtype": "FILE_PATH"}
"""A file, found relative to the .blend (Blender asks for that word since 4.5, and refuses it before)."""
if bpy.app.version >= (4, 5, 0):
    FILE["options"] = {"ANIMATABLE", "PATH_SUPPORTS_BLEND_RELATIVE"}

FOLDER: dict[str, Any] = {**FILE, "subtype": "DIR_PATH"}

SOURCES = (
    ("STRIP", "Sound Strip", "A sound strip of the Video Sequencer, with its offset and trim", "SEQ_SEQUENCER", 0),
    ("SPEAKER", "Speaker", "A speaker in the scene", "SPEAKER", 1),
    (
        "FILE",
        "Sound File",
        "A sound file; it begins at the scene's first frame",
        "FILE_SOUND",
        2,
    ),
    ("SCORE", "MIDI", "A MIDI file is played as it stands, without a recording", "FILE_TEXT", 3),
)
RANGES = (
    ("WHOLE", "All of It", "The whole sound, or what the strip shows of it", 0),
    ("SCENE", "Scene Range", "What sounds from the scene's first to its last frame", 1),
    ("SECONDS", "Seconds", "From one second of the sound to another", 2),
)
PART_NAMES = {"bow_arm": "Bow Arm", "left_hand": "Left Hand", "torso": "Torso and Head", "legs": "Legs"}
PART_TIPS = {
    "bow_arm": "Only the right arm, on the violin with its bow",
    "left_hand": "Only the left arm with its hand",
    "torso": "Only the torso and head",
    "legs": "Only the legs",
}
BODY_PARTS = (
    ("ALL", "Whole Body", "Everything that the take moves", 0),
    *((p, PART_NAMES[p], PART_TIPS[p], i) for i, p in enumerate(PARTS, 1) if p in PART_NAMES),
)
FROM = (
    ("SOUND", "Sound", "What is heard in the source", "SOUND", 0),
    (
        "MOTION",
        "Motion",
        "What the character does in the scene's range, whatever moves it; no sound is needed",
        "ARMATURE_DATA",
        1,
    ),
    ("BOTH", "Both", "The source's sound and the character's motion", "LINKED", 2),
)
INSTRUMENTS = (
    ("violin", "Violin", "Violin and bow"),
    ("piano", "Piano", "A grand piano, its keys, its pedal and a bench"),
)
KINDS_OF_MARKS = tuple((n, n.capitalize(), f"Recognise and mark: {n}", 1 << i) for i, n in enumerate(NAMESPACES))


def _strip_names(self: Any, context: Any, text: str) -> list[str]:
    return [strip.name for strip in audio_source.strips_of(self.id_data)]


def _is_speaker(self: Any, item: Any) -> bool:
    return item.type == "SPEAKER"


def _is_armature(self: Any, item: Any) -> bool:
    return item.type == "ARMATURE" and beside.MARK not in item


def _chosen_by_hand(self: Any, context: Any) -> None:
    """A choice by hand is sure, and a bone stands for one joint only."""
    self.confidence = 1.0 if self.bone else 0.0
    for other in self.id_data.cadenza.bones if self.bone else ():
        if other.bone == self.bone and other.name != self.name:
            other.bone = ""


def _character_chosen(self: Any, context: Any) -> None:
    """Map the bones of a character that was never mapped, so that the panel can show them."""
    armature = self.character
    if armature is not None and armature.library is None and not armature.cadenza.bones:
        character.guess(armature)


def _instrument_chosen(self: Any, context: Any) -> None:
    """A generator that plays it, when the chosen one does not; likewise what fills."""
    self.generator = connection.player_of(self.instrument, self.generator)
    self.filler = connection.filler_of(self.instrument, self.filler)


class CadenzaBone(bpy.types.PropertyGroup):
    """A joint (the item's name) and the bone that stands for it."""

    name: bpy.props.StringProperty(override=OVERRIDABLE)  # type: ignore[valid-type]
    bone: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Bone", description="The bone that moves as this joint does", override=OVERRIDABLE, update=_chosen_by_hand
    )
    confidence: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Confidence",
        description="How sure the guess is; a choice by hand is 100 %",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        override=OVERRIDABLE,
    )


class CadenzaCharacter(bpy.types.PropertyGroup):
    """What an armature remembers as a performer."""

    bones: bpy.props.CollectionProperty(type=CadenzaBone, override=GROWING)  # type: ignore[valid-type]
    bone_index: bpy.props.IntProperty(name="Joint", override=OVERRIDABLE)  # type: ignore[valid-type]
    guessed_map: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Guessed Bone Map", description="As JSON, with what control rigs need besides", override=OVERRIDABLE
    )
    report: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Report", description="Of the last take: direction and contact errors, as JSON", override=OVERRIDABLE
    )


class CadenzaScene(bpy.types.PropertyGroup):
    """What a scene remembers; the components' options join it when a backend is known (``options``)."""

    source: bpy.props.EnumProperty(name="Source", items=SOURCES, description="What is played")  # type: ignore[valid-type]
    strip: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Strip", description="A sound strip of this scene", search=_strip_names
    )
    speaker: bpy.props.PointerProperty(type=bpy.types.Object, poll=_is_speaker, name="Speaker")  # type: ignore[valid-type]
    sound_file: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Sound", description="The recording", **FILE
    )
    score_file: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Score",
        description="Score of the piece (MusicXML or MIDI), for exact notes; may stay empty when there is a sound",
        **FILE,
    )
    range: bpy.props.EnumProperty(name="Range", items=RANGES, description="Which part is performed")  # type: ignore[valid-type]
    start: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="From", description="Second of the sound", min=0.0, unit="TIME_ABSOLUTE", precision=2
    )
    end: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="To", description="Second of the sound", min=0.0, default=10.0, unit="TIME_ABSOLUTE", precision=2
    )
    character: bpy.props.PointerProperty(  # type: ignore[valid-type]
        type=bpy.types.Object,
        poll=_is_armature,
        name="Character",
        description="The armature that performs",
        update=_character_chosen,
    )
    instrument: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Instrument", items=INSTRUMENTS, description="What is played", update=_instrument_chosen
    )
    generator: bpy.props.StringProperty(name="Generator", default="performer")  # type: ignore[valid-type]
    keep_body: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Keep My Body",
        description="Hips, trunk and head stay as the character moves now (mocap, a take, your keys); the hands play",
    )
    seed: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Seed", description="Another seed, another performance", min=0, max=LARGEST_SEED
    )
    part: bpy.props.EnumProperty(name="Part", items=BODY_PARTS, description="What is generated again")  # type: ignore[valid-type]
    again_from: bpy.props.IntProperty(name="From", description="First frame that is generated again", default=1)  # type: ignore[valid-type]
    again_to: bpy.props.IntProperty(name="To", description="Last frame that is generated again", default=50)  # type: ignore[valid-type]
    fade: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Fade", description="Frames over which old and new are blended at the seams", min=0, default=8
    )
    corrector: bpy.props.StringProperty(name="Corrector", default="mapnet")  # type: ignore[valid-type]
    repair_part: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Only a Range", description="Repair some frames; the take is that long"
    )
    repair_from: bpy.props.IntProperty(name="From", description="First frame that is repaired", default=1)  # type: ignore[valid-type]
    repair_to: bpy.props.IntProperty(name="To", description="Last frame that is repaired", default=250)  # type: ignore[valid-type]
    filler: bpy.props.StringProperty(name="Filler", default="momu-fill")  # type: ignore[valid-type]
    fill_seed: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Seed", description="Another seed, another way from pose to pose", min=0, max=LARGEST_SEED
    )
    fill_part: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Only a Range", description="Fill or vary some frames; the take is that long"
    )
    fill_from: bpy.props.IntProperty(name="From", description="First frame that is filled or varied", default=1)  # type: ignore[valid-type]
    fill_to: bpy.props.IntProperty(name="To", description="Last frame that is filled or varied", default=250)  # type: ignore[valid-type]
    fill_ends: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Beyond My Keys", description="Also before the first of your poses and after the last"
    )
    recommender: bpy.props.StringProperty(name="Recommender", default="mclemcd")  # type: ignore[valid-type]
    music_folder: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Music",
        description="Folder with your music (on the backend's computer); empty for the library that it keeps",
        **FOLDER,
    )
    motion_file: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Motion", description="A motion to apply without a backend: .npz of Cadenza, or .bvh", **FILE
    )
    mark_takes: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Mark Beats with Each Take", description="Put markers on the timeline with each new take", default=True
    )
    recognize_from: bpy.props.EnumProperty(name="From", items=FROM, description="What is listened to or watched")  # type: ignore[valid-type]
    recognize: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Recognise", items=KINDS_OF_MARKS, options={"ENUM_FLAG"}, default={"beat", "downbeat"}
    )


CLASSES: tuple[Any, ...] = (CadenzaBone, CadenzaCharacter, CadenzaScene)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.cadenza = bpy.props.PointerProperty(type=CadenzaScene)
    bpy.types.Object.cadenza = bpy.props.PointerProperty(type=CadenzaCharacter, override=OVERRIDABLE)
    options.attach(CadenzaScene)


def unregister() -> None:
    options.detach()
    del bpy.types.Object.cadenza, bpy.types.Scene.cadenza
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
