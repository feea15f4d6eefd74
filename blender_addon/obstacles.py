# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a button cannot be pressed: the same words in its tooltip and beside it. Cheap enough to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from . import audio_source, character, connection, jobs, options, take_entries, takes
from .rig import nla, perform

if TYPE_CHECKING:
    from .core.protocol import ComponentInfo

STAYS: Final = "Raise Variation: at 0 the take stays as it is"
PLAY_ON: Final = "Nobody would press the keys: tick Keep My Body in Generator, and generate"
AT_PIANO: Final = "Nobody would press the keys: set Performer > Instrument to Piano, and choose a pianist here"
NO_BEATS: Final = "Recognise or import beats first, or tap them"


def allow(operator: Any, reason: str) -> bool:
    """For ``poll``: whether there is no obstacle; the tooltip tells it."""
    if reason:
        operator.poll_message_set(reason)
    return not reason


def to_generating(scene: Any) -> str:
    """What keeps a new take from being generated; empty when nothing does."""
    return to_working() or to_source(scene) or to_performer(scene) or to_backend() or _to_generator(scene)


def to_recognizing(scene: Any) -> str:
    """What keeps the source from being recognised."""
    given = scene.cadenza.recognize_from
    lacking = "" if given == "MOTION" else to_source(scene)
    if given != "SOUND" and scene.cadenza.character is None:
        lacking = lacking or "Choose in Performer whose motion is to be watched"
    return to_working() or lacking or to_backend()


def to_repairing(scene: Any) -> str:
    """What keeps the character's motion from being repaired."""
    if scene.cadenza.source == "SCORE":
        return "Choose the recording in Source: notes alone repair nothing"
    known = connection.known()
    lacking = to_working() or to_source(scene) or to_performer(scene) or to_backend()
    if not lacking and not known.correctors():
        return "This backend has nothing that repairs; install a plug-in that does"
    name = scene.cadenza.corrector
    if not lacking and all(c.name != name for c in known.correctors()):
        return f"This backend has no {name!r}; choose another"
    return lacking or (PLAY_ON if _at_piano(scene) else "")


def to_filling(scene: Any) -> str:
    """What keeps the frames between the animator's poses from being filled."""
    follows = connection.known().follows(scene.cadenza.filler)
    if scene.cadenza.source == "SCORE" and not follows:
        return "Choose the recording in Source: what is filled in follows the sound"
    lacking = to_working() or to_source(scene) or to_performer(scene) or to_backend() or to_filler(scene)
    return lacking or (AT_PIANO if not follows and _at_piano(scene) else "")


def _at_piano(scene: Any) -> bool:
    """Whether a shown or chosen take is at the piano: nobody would press the keys of what is only moved."""
    armature = scene.cadenza.character
    seen = [*(t for t in takes.takes_of(armature) if takes.shown(t)), chosen_take(scene)]
    objects = [entry.object for take in seen if take is not None for entry in take_entries.entries_of(take)]
    return perform.at_piano(armature, objects)


def to_filler(scene: Any) -> str:
    """What keeps what is chosen from filling."""
    known = connection.known()
    if not known.fillers():
        return "This backend has nothing that fills or varies; install a plug-in that does"
    return _not_there(scene, scene.cadenza.filler, known.fillers)


def _not_there(scene: Any, name: str, able: Callable[[str], list[ComponentInfo]]) -> str:
    """What keeps something from being asked: it is not there, or plays another instrument."""
    instrument = scene.cadenza.instrument
    if any(c.name == name for c in able(instrument)):
        return ""
    other = next((c for c in able("") if c.name == name), None)
    if other is not None:
        return f"{other.label} does not play the {instrument}; choose another"
    older = connection.known().find(name)
    if older is not None:
        return f"This backend's {older.label or name} cannot play with a body yet: update it, or choose another"
    return f"This backend has no {name!r}; choose another"


def to_varying(scene: Any) -> str:
    """What keeps the chosen take from being varied."""
    unchanged = options.value(scene.cadenza, scene.cadenza.filler, "variation") == 0
    return to_filling(scene) or to_take(scene) or (STAYS if unchanged else "")


def to_comparing(scene: Any) -> str:
    """What keeps takes from being shown side by side."""
    armature = scene.cadenza.character
    if armature is None:
        return "Choose a character in Performer first"
    if armature.library is not None or armature.override_library is not None:
        return "Takes of a linked character cannot be shown side by side"
    if not len(takes.takes_of(armature)):
        return "There are no takes to compare yet"
    return "Press Done Editing first" if nla.tweaked(armature) else to_working()


def to_finding_music(scene: Any) -> str:
    """What keeps music from being found for the character's motion."""
    lacking = "" if scene.cadenza.character is not None else "Choose in Performer whose motion it is"
    lacking = to_working() or lacking or to_backend()
    if not lacking and not connection.known().recommenders():
        return "This backend has nothing that recommends music; install a plug-in that does"
    return lacking


def to_found_track(scene: Any) -> str:
    """What keeps the chosen track from being heard or placed."""
    state = scene.cadenza_music_found
    if not 0 <= state.index < len(state.tracks):
        return "Find music first"
    return "This track was left out" if state.tracks[state.index].left_out else ""


def to_keeping(scene: Any) -> str:
    """What keeps a frame from being kept."""
    return "" if scene.cadenza.character is not None else "Choose a character in Performer first"


def to_exporting(scene: Any) -> str:
    """What keeps the annotations from being written to a file."""
    return "" if any(t.count for t in scene.cadenza_timeline.tracks) else "Recognise or import annotations first"


def to_beats(scene: Any) -> str:
    """What keeps beats from being corrected, or used."""
    return "" if any(t.namespace == "beat" and t.count for t in scene.cadenza_timeline.tracks) else NO_BEATS


def to_object(item: Any) -> str:
    """What keeps the active object's keys from being moved."""
    if item is None:
        return "Select the object whose keys are to move"
    return to_changing(item)


def to_corrections(scene: Any) -> str:
    """What keeps a range from following corrections; whether anything was corrected is seen when it is pressed."""
    return to_beats(scene)


def to_applying(scene: Any) -> str:
    """What keeps a motion from disk from being applied."""
    if not scene.cadenza.motion_file:
        return "Choose a motion file"
    return to_working() or to_performer(scene)


def to_working() -> str:
    """What keeps any job from beginning."""
    return "A job is running; wait for it, or cancel it" if jobs.running() else ""


def to_source(scene: Any) -> str:
    """What is not chosen in Source; whether it can be played is seen when a button is pressed."""
    state = scene.cadenza
    if state.source == "STRIP" and not state.strip:
        some = audio_source.has_strips(scene)
        return "Choose a sound strip in Source" if some else "Add a sound in the Video Sequencer, or choose a file"
    if state.source == "SPEAKER" and state.speaker is None:
        return "Choose a speaker in Source"
    if state.source == "FILE" and not state.sound_file:
        return "Choose a sound file in Source"
    if state.source == "SCORE" and not state.score_file:
        return "Choose a MIDI file in Source"
    return ""


def to_performer(scene: Any) -> str:
    """What keeps the character from performing."""
    armature = scene.cadenza.character
    if armature is None:
        return "Choose a character in Performer, or add our musician"
    if linked := to_changing(armature):
        return linked
    if armature.cadenza.bones:
        lacking = [character.words(j).lower() for j in character.missing(armature)]
        if lacking:
            return f"Choose the bones of: {', '.join(lacking)} (Performer > Bone Map)"
    return ""


def to_changing(armature: Any) -> str:
    """What keeps a character from being changed in this file."""
    return f"{armature.name} is linked: make a library override of it first" if armature.library is not None else ""


def to_backend() -> str:
    """What keeps the backend from being asked."""
    known = connection.known()
    if known.state == "ready":
        return ""
    if connection.starting() or known.state == "asking":
        return "The backend is starting"
    return "Start or connect the backend first"


def _to_generator(scene: Any) -> str:
    known, name, instrument = connection.known(), scene.cadenza.generator, scene.cadenza.instrument
    if known.find(name) is None:
        return f"This backend has no generator {name!r}; choose another"
    plays = any(c.name == name for c in known.generators(instrument))
    return "" if plays else f"{name!r} does not play the {instrument}; choose another generator or instrument"


def to_take(scene: Any) -> str:
    """What keeps the chosen take from being worked with."""
    return to_changing(scene.cadenza.character) if chosen_take(scene) is not None else "Choose a take in the list"


def chosen_take(scene: Any) -> Any:
    """The active take of the chosen character, or None."""
    armature = scene.cadenza.character
    if armature is None:
        return None
    every, index = takes.takes_of(armature), armature.cadenza_take_index
    return every[index] if 0 <= index < len(every) else None
