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
from pathlib import Path
from typing import Final

import mido
import numpy as np
import soundfile
from scipy.signal import butter, fftconvolve, hilbert, sosfilt, sosfiltfilt

from blender_addon.core.annotations import Annotation, AnnotationTrack, to_json
from scripts.example_playing import (
    BEATS_PER_BAR,
    BOW_CHANGE,
    PHRASE_ENDS,
    STEPS_PER_BEAT,
    PlayedNote,
    Samples,
    ScoreNote,
    perform,
    read_score,
    tempo_curve,
)

RATE: Final = 44100
EXAMPLES: Final = Path(__file__).resolve().parents[1] / "examples"
SOUND_FONT: Final = Path("/usr/share/sounds/sf3/MuseScore_General_Full.sf3")
VIOLIN_PROGRAM: Final = 40

TAIL: Final = 2.0
BOW_RISE: Final = 0.03  # seconds in which a new bow reaches its loudness
LEGATO_FADE: Final = 0.036  # seconds of crossfade from one slurred note to the next
OPEN_STRINGS: Final = (55, 62)  # G and D sound open throughout this setting
BAND_EDGES: Final = (700, 1000, 1400, 2000, 2800, 4000, 5600, 8000)  # Hz
SLOT_PADDING: Final = 0.75  # seconds in the bank beyond a note's own length


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
