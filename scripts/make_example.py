# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Perform examples/minuet.musicxml: write the recording and the truth about it.

A maintainer's tool; whoever uses Cadenza never runs it, for its results are in the
repository. It needs partitura and soundfile from Cadenza's own environment and, on
Debian or Ubuntu::

    sudo apt-get install fluidsynth musescore-general-soundfont

Then, from the repository's root::

    python -m scripts.make_example

FluidSynth plays every note once, alone (the *bank*). The bow is done here: each
note is cut from the bank, levelled, given its own attack and release, and set in
its place. So a slur is a crossfade between two sounding strings and a new bow a
dip with an attack, and the time of each is known exactly.

**What an onset means.** ``time`` in the truth is the moment at which the note
alone (short-time RMS over 8 ms) first reaches half of the loudness that it has in
its first quarter of a second. On a new bow that is the bite of the bow; within a
slur it lies in the crossfade of 36 ms from the pitch before. ``duration`` ends
where the bow leaves the note or the next note replaces it; what the string and the
hall ring on is not counted. In a broken chord each note has its own time, and the beat falls on the top note.

The same seed and versions of FluidSynth and sound font give the same samples.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import mido
import numpy as np
import partitura
import partitura.score as pscore
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, hilbert, sosfilt, sosfiltfilt

from blender_addon.core.annotations import Annotation, AnnotationTrack, to_json

Samples = NDArray[np.float64]

RATE: Final = 44100
EXAMPLES: Final = Path(__file__).resolve().parents[1] / "examples"
SOUND_FONT: Final = Path("/usr/share/sounds/sf3/MuseScore_General_Full.sf3")
VIOLIN_PROGRAM: Final = 40

BEAT_SECONDS: Final = 60 / 126
BEATS_PER_BAR: Final = 3
LEAD_IN: Final = 0.8
TAIL: Final = 2.0
STEPS_PER_BEAT: Final = 2  # the tempo curve's resolution, the eighth note of the score

# Bars that end a phrase -> how much longer their last beat is than the others.
PHRASE_ENDS: Final = {8: 0.16, 16: 0.24, 24: 0.2, 30: 0.06, 31: 0.42, 32: 0.35}

LEVELS: Final = {"p": 0.34, "mf": 0.56, "f": 0.85}
CHORD_SPREAD: Final = 0.09  # seconds by which the lower strings of a broken chord come first
BOW_CHANGE: Final = 0.04  # seconds in which a bow leaves the string before the next one bites
BOW_RISE: Final = 0.03  # seconds in which a new bow reaches its loudness
LEGATO_FADE: Final = 0.036  # seconds of crossfade from one slurred note to the next
OPEN_STRINGS: Final = (55, 62)  # G and D sound open throughout this setting
BAND_EDGES: Final = (700, 1000, 1400, 2000, 2800, 4000, 5600, 8000)  # Hz
SLOT_PADDING: Final = 0.75  # seconds in the bank beyond a note's own length


@dataclass(frozen=True)
class ScoreNote:
    """A note as the score has it; times in beats from the start."""

    id: str
    pitch: int
    beat: float
    beats: float
    measure: int
    in_slur: bool
    new_bow: bool
    marks: frozenset[str]
    strings: int  # how many notes sound in its chord
    height: int  # its place in the chord, 0 = lowest
    level: float


@dataclass(frozen=True)
class PlayedNote:
    """A note as it is performed; times in seconds of the recording."""

    score: ScoreNote
    start: float
    end: float
    level: float
    legato_out: bool  # the next note continues this bow


# --- the score ---------------------------------------------------------------------


def read_score(path: Path) -> list[ScoreNote]:
    """The score's notes in order of beat and pitch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # partitura tells of words that it cannot interpret
        part = partitura.load_score(str(path)).parts[0]
    inside, continued = _slurred_positions(part)
    chords: dict[int, list[Any]] = {}
    for note in part.notes_tied:
        chords.setdefault(note.start.t, []).append(note)
    notes = []
    for position, chord in sorted(chords.items()):
        chord.sort(key=lambda n: n.midi_pitch)
        level = _level_at(part, position)
        marks = frozenset(mark for n in chord for mark in (n.articulations or ()))
        for height, n in enumerate(chord):
            slurs = (position in inside, position not in continued)
            notes.append(_score_note(part, n, slurs, marks, (len(chord), height), level))
    return notes


def _slurred_positions(part: pscore.Part) -> tuple[set[int], set[int]]:
    """Positions under a slur, and those of them that are not its first."""
    inside: set[int] = set()
    continued: set[int] = set()
    positions = sorted({note.start.t for note in part.notes_tied})
    for slur in part.iter_all(pscore.Slur):
        first, last = slur.start_note.start.t, slur.end_note.start.t
        inside.update(p for p in positions if first <= p <= last)
        continued.update(p for p in positions if first < p <= last)
    return inside, continued


def _score_note(
    part: pscore.Part,
    note: Any,
    slurs: tuple[bool, bool],
    marks: frozenset[str],
    place: tuple[int, int],
    level: float,
) -> ScoreNote:
    beat, end = (float(b) for b in part.quarter_map([note.start.t, note.end_tied.t]))
    measure = int(part.measure_number_map(note.start.t))
    return ScoreNote(note.id, note.midi_pitch, beat, end - beat, measure, *slurs, marks, *place, level)


def _level_at(part: pscore.Part, position: int) -> float:
    """Loudness 0..1 from the dynamics and hairpins that hold at a position."""
    constant = sorted(part.iter_all(pscore.ConstantLoudnessDirection), key=lambda d: d.start.t)
    current = [d for d in constant if d.start.t <= position][-1]
    level = LEVELS[current.text]
    for wedge in part.iter_all(pscore.DynamicLoudnessDirection, include_subclasses=True):
        if wedge.start.t <= position < wedge.end.t:
            grows = isinstance(wedge, pscore.IncreasingLoudnessDirection)
            following = [LEVELS[d.text] for d in constant if d.start.t >= wedge.end.t][:1]
            target = following[0] if following and (following[0] > level) == grows else level * (1.3 if grows else 0.7)
            level += (target - level) * (position - wedge.start.t) / (wedge.end.t - wedge.start.t)
    return level


# --- the performance ---------------------------------------------------------------


def tempo_curve(bars: int, rng: np.random.Generator) -> Samples:
    """Seconds at which each step (an eighth note) of the piece is played, and its end."""
    steps = np.arange(bars * BEATS_PER_BAR * STEPS_PER_BEAT)
    bar = steps // (BEATS_PER_BAR * STEPS_PER_BEAT) + 1
    beat = (steps / STEPS_PER_BEAT) % BEATS_PER_BAR
    length = np.full(len(steps), BEAT_SECONDS / STEPS_PER_BEAT)
    length *= 1 + 0.03 * np.cos(2 * np.pi * ((bar - 1) % 8 + beat / 3) / 8)  # a phrase moves in its middle
    length *= np.where(beat == 0, 1.025, 1.0)  # an agogic accent on the first of the bar
    for end, amount in PHRASE_ENDS.items():
        length[bar == end] *= 1 + amount * (beat[bar == end] / 2.5) ** 1.5
    jitter = rng.normal(0, 0.005, len(steps) + 1).clip(-0.012, 0.012)
    return LEAD_IN + np.concatenate(([0.0], np.cumsum(length))) + jitter


def perform(notes: list[ScoreNote], curve: Samples, rng: np.random.Generator) -> list[PlayedNote]:
    """Give each note its time, end and loudness."""
    positions = sorted({n.beat for n in notes})
    following = dict(zip(positions, [*positions[1:], None], strict=True))
    bowed_on = {n.beat for n in notes if not n.new_bow}
    broken = {n.beat for n in notes if n.strings > 2}
    loudness = {p: float(rng.normal(1, 0.03)) for p in positions}
    played = []
    for n in notes:
        start, end = (float(curve[round(b * STEPS_PER_BEAT)]) for b in (n.beat, n.beat + n.beats))
        nxt = following[n.beat]
        legato = nxt in bowed_on
        end -= 0.0 if legato else 0.75 * BOW_CHANGE + (CHORD_SPREAD if nxt in broken else 0.0)
        note = PlayedNote(n, start, end, n.level * loudness[n.beat] * _accent(n), legato)
        played.append(_articulated(note))
    return sorted(played, key=lambda p: (p.start, p.score.pitch))


def _accent(note: ScoreNote) -> float:
    """Loudness within the bar and the bow: firsts lead, what follows in a bow yields."""
    metre = 1.06 if note.beat % BEATS_PER_BAR == 0 else 1.0 if note.beat % 1 == 0 else 0.94
    voices = {1: 1.0, 2: 0.76, 3: 0.7, 4: 0.66}[note.strings]
    top = 1.12 if note.strings > 1 and note.height == note.strings - 1 else 1.0
    return metre * voices * top * (1.15 if "accent" in note.marks else 1.0) * (1.0 if note.new_bow else 0.92)


def _articulated(note: PlayedNote) -> PlayedNote:
    """Shorten what is staccato or ends a phrase; break chords of three and four strings."""
    n, length = note.score, note.end - note.start
    if "staccato" in n.marks:
        return replace(note, end=note.start + 0.52 * length)
    if n.measure in PHRASE_ENDS and n.beats >= 2 and n.measure < max(PHRASE_ENDS):
        return replace(note, end=note.end - 0.09)  # the bow lifts: a breath
    if n.strings > 2 and n.height < 2:
        start = note.start - CHORD_SPREAD
        return replace(note, start=start, end=start + 0.28, level=note.level * 1.05)
    return note


# --- the sound ---------------------------------------------------------------------


def make_bank(notes: list[PlayedNote], sound_font: Path, rng: np.random.Generator) -> list[Samples]:
    """Each note alone, played by FluidSynth, from its note-on."""
    lengths = [n.end - n.start + SLOT_PADDING for n in notes]
    slots = 0.5 + np.concatenate(([0.0], np.cumsum([length + 0.25 for length in lengths])))
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder, "bank.mid"), Path(folder, "bank.wav")
        _write_bank_midi(midi, notes, slots, lengths, rng)
        command = ["fluidsynth", "-ni", "-q", "-F", str(wave), "-T", "wav", "-r", str(RATE), "-g", "0.7"]
        command += ["-R", "0", "-C", "0", str(sound_font), str(midi)]
        subprocess.run(command, check=True, capture_output=True)
        sound = soundfile.read(wave)[0].mean(axis=1)
    starts = np.round(slots * RATE).astype(int)
    return [sound[s : s + int(length * RATE)] for s, length in zip(starts, lengths, strict=False)]


def _write_bank_midi(
    path: Path, notes: list[PlayedNote], slots: Samples, lengths: list[float], rng: np.random.Generator
) -> None:
    """One note a slot, each with a little intonation of its own: no player repeats himself."""
    file = mido.MidiFile(ticks_per_beat=1000)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])  # a tick is a millisecond
    events = [(0, mido.Message("program_change", program=VIOLIN_PROGRAM))]
    for note, slot, length in zip(notes, slots, lengths, strict=False):
        on, pitch = round(slot * 1000), note.score.pitch
        cents = float(rng.normal(0, 2.5))
        velocity = int(np.clip(62 + 48 * note.level, 50, 118))
        events.append((on - 20, mido.Message("pitchwheel", pitch=round(cents / 200 * 8192))))
        events.append((on, mido.Message("note_on", note=pitch, velocity=velocity)))
        events.append((on + round(length * 1000), mido.Message("note_off", note=pitch)))
    now = 0
    for time, message in events:
        track.append(message.copy(time=time - now))
        now = time
    file.tracks.append(track)
    file.save(path)


def loudness(sound: Samples, seconds: float = 0.008) -> Samples:
    """Short-time RMS."""
    window = np.hanning(int(seconds * RATE))
    return np.sqrt(np.maximum(fftconvolve(sound**2, window / window.sum(), mode="same"), 1e-12))


def steadied(raw: Samples, note: ScoreNote) -> Samples:
    """The note with less of its recorded vibrato: almost none is left on open strings, more on long notes.

    The samples vibrate all the time and alike, which no player does on an eighth note.
    """
    part = 0.9 if note.pitch in OPEN_STRINGS else 0.6 if note.beats < 2 else 0.45
    nominal = 440 * 2 ** ((note.pitch - 69) / 12)
    edges = (0.85 * nominal, 1.18 * nominal)
    fundamental = sosfiltfilt(butter(2, edges, "bandpass", fs=RATE, output="sos"), raw)
    frequency = np.gradient(np.unwrap(np.angle(hilbert(fundamental)))) * RATE / (2 * np.pi * nominal)
    smooth = sosfiltfilt(butter(2, 14, fs=RATE, output="sos"), np.clip(frequency, 0.96, 1.04))
    played_at = np.cumsum(np.clip(smooth, 0.97, 1.03) ** part)  # slower where it was sharp
    samples = np.arange(len(raw))
    return np.interp(np.interp(samples, played_at - played_at[0], samples), samples, raw)


def levelled(raw: Samples) -> Samples:
    """The sound with what vibrato does to the loudness of its partials evened out, band by band."""
    rest, sound = raw, np.zeros_like(raw)
    for edge in (*BAND_EDGES, None):
        band = rest if edge is None else sosfiltfilt(butter(2, edge, fs=RATE, output="sos"), rest)
        rest = rest - band
        level = loudness(band, 0.12)
        sustain = np.median(level[int(0.25 * RATE) : int(0.6 * RATE)])
        sound = sound + band * np.clip(sustain / level, 0.5, 2) ** 0.8
    return sound


def bowed(raw: Samples, note: PlayedNote, rng: np.random.Generator) -> tuple[Samples, int]:
    """The note with its attack, shape and release, and the sample that is its onset."""
    raw = levelled(steadied(raw, note.score))
    sustain = float(np.median(loudness(raw)[int(0.3 * RATE) : int(0.6 * RATE)]))
    first = int(np.argmax(loudness(raw, 0.02) > 0.75 * sustain))
    # A recorded attack takes up to 0.3 s. Within a slur the string sounds already; a new bow has our attack.
    skip = max(first - int(0.012 * RATE), 0) if note.score.new_bow else first + int(0.11 * RATE)
    sound = raw[skip:] / sustain
    sound = _attacked(sound * np.clip(1 / loudness(sound, 0.12), 0.7, 2.5), note.score.new_bow, rng)
    seconds = np.arange(len(sound)) / RATE
    reference = np.median(loudness(sound)[int(0.03 * RATE) : int(0.25 * RATE)])
    onset = int(np.argmax(loudness(sound) > 0.5 * reference))
    length = note.end - note.start + onset / RATE
    return sound * note.level * _shape(seconds, length, note) * _release(seconds, length, note), onset


def _attacked(sound: Samples, new_bow: bool, rng: np.random.Generator) -> Samples:
    """The sound as it sets in: with the bite of a bow, or faded in at equal power within a slur."""
    seconds = np.arange(len(sound)) / RATE
    if new_bow:
        rise = np.sin(np.pi / 2 * np.clip(seconds / BOW_RISE, 0, 1)) ** 2
        return sound * rise + 0.05 * _bow_noise(len(sound), rng)
    return sound * np.sin(np.pi / 2 * np.clip(seconds / LEGATO_FADE, 0, 1))


def _bow_noise(count: int, rng: np.random.Generator) -> Samples:
    """Hair catching the string: a short breath of noise."""
    seconds = np.arange(count) / RATE
    noise = sosfilt(butter(2, (1800, 7000), "bandpass", fs=RATE, output="sos"), rng.normal(0, 1, count))
    return noise * np.minimum(seconds / 0.006, 1) * np.exp(-seconds / 0.03)


def _shape(seconds: Samples, length: float, note: PlayedNote) -> Samples:
    """Loudness along the bow: a bite on accents, a swell on long notes, else a slight yielding."""
    bite = 0.55 if "accent" in note.score.marks or note.score.strings > 2 else 0.22
    attack = 1 + (bite * np.exp(-seconds / 0.09) if note.score.new_bow else 0.0)
    where = np.clip(seconds / length, 0, 1)
    if note.score.beats >= 2:
        return attack * (0.8 + 0.3 * np.sin(np.pi * where**0.8) - 0.25 * where**2)
    return attack * (1 - 0.22 * where if not note.legato_out else 1 - 0.06 * where)


def _release(seconds: Samples, length: float, note: PlayedNote) -> Samples:
    """Half gone at ``length``; a bow that leaves lets the string ring a little."""
    if note.legato_out:
        return np.cos(np.pi / 2 * np.clip((seconds - length) / LEGATO_FADE + 0.5, 0, 1))
    width, ring = (BOW_CHANGE, 0.12) if note.score.strings < 3 else (0.12, 0.3)
    last = note.score.measure == max(PHRASE_ENDS)
    width, ring = (0.35, 0.3) if last and note.score.height > 1 else (width, ring)
    fall = 0.5 + 0.5 * np.cos(np.pi * np.clip((seconds - length) / width + 0.5, 0, 1))
    tail = np.exp(-np.clip(seconds - length, 0, None) / 0.07) * (seconds > length - width / 2)
    return np.maximum(fall, ring * tail * np.clip((seconds - length) / width + 0.5, 0, 1) ** 0.5)


def hall(sound: Samples, rng: np.random.Generator) -> Samples:
    """A small hall, well below the violin, and the noise of a good microphone."""
    seconds = np.arange(int(1.1 * RATE)) / RATE
    echo = rng.normal(0, 1, len(seconds)) * np.exp(-seconds / 0.15) * np.clip((seconds - 0.018) / 0.03, 0, 1)
    echo = sosfilt(butter(1, (180, 4500), "bandpass", fs=RATE, output="sos"), echo)
    echo *= 0.12 / np.sqrt((echo**2).sum())
    wet = sound + fftconvolve(sound, echo)[: len(sound)]
    wet *= 0.7 / np.abs(wet).max()
    floor = sosfilt(butter(1, 3000, fs=RATE, output="sos"), rng.normal(0, 1, len(wet)))
    return wet + 10 ** (-68 / 20) * floor / floor.std()


def record(notes: list[PlayedNote], sound_font: Path, seed: int) -> Samples:
    """The whole recording."""
    rng = np.random.default_rng(seed)
    bank = make_bank(notes, sound_font, rng)
    sound = np.zeros(int((max(n.end for n in notes) + TAIL) * RATE))
    for raw, note in zip(bank, notes, strict=True):
        piece, onset = bowed(raw, note, rng)
        first = round(note.start * RATE) - onset
        piece = piece[: len(sound) - first]
        sound[first : first + len(piece)] += piece
    return hall(sound, rng)


# --- the truth ---------------------------------------------------------------------


def truth(notes: list[PlayedNote], curve: Samples, bars: int) -> list[AnnotationTrack]:
    """Notes, beats and downbeats of the recording."""
    beats = [
        Annotation(round(float(curve[i * STEPS_PER_BEAT]), 4), 0.0, i % BEATS_PER_BAR + 1)
        for i in range(bars * BEATS_PER_BAR)
    ]
    return [
        AnnotationTrack("note", tuple(_note_annotation(n) for n in notes)),
        AnnotationTrack("beat", tuple(beats)),
        AnnotationTrack("downbeat", tuple(b for b in beats if b.value == 1)),
    ]


def _note_annotation(note: PlayedNote) -> Annotation:
    n = note.score
    value = {"id": n.id, "pitch": n.pitch, "new_bow": n.new_bow, "slur": n.in_slur, "measure": n.measure}
    return Annotation(round(note.start, 4), round(note.end - note.start, 4), value)


def main() -> None:
    """Write minuet.flac and minuet.truth.json beside the score."""
    parser = argparse.ArgumentParser(description="Perform examples/minuet.musicxml.")
    parser.add_argument("--seed", type=int, default=1733)
    parser.add_argument("--sound-font", type=Path, default=SOUND_FONT)
    parser.add_argument("--out", type=Path, default=EXAMPLES, help="folder for minuet.flac and minuet.truth.json")
    options = parser.parse_args()
    notes = read_score(EXAMPLES / "minuet.musicxml")
    bars = max(n.measure for n in notes)
    rng = np.random.default_rng(options.seed)
    curve = tempo_curve(bars, rng)
    played = perform(notes, curve, rng)
    sound = record(played, options.sound_font, options.seed)
    soundfile.write(options.out / "minuet.flac", sound, RATE, subtype="PCM_16")
    (options.out / "minuet.truth.json").write_text(to_json(truth(played, curve, bars)) + "\n", encoding="utf-8")
    print(f"{len(played)} notes, {len(sound) / RATE:.1f} s")


if __name__ == "__main__":
    main()
