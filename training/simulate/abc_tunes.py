# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Tunes in ABC notation (C. Walshaw's standard, version 2.1): the part of it that collections of fiddle tunes use.

One melody, repeats and endings, tuplets, broken rhythm, slurs, staccato. A tune that asks for more (voices, changes of
key or metre), or whose bars do not come out even, is left out: there are thousands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from training.simulate.textures import Scale

STEPS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
MODES: Final = {"maj": 0, "ion": 0, "mix": 1, "dor": 2, "m": 3, "min": 3, "aeo": 3, "phr": 4, "loc": 5, "lyd": -1}
"""How many flats more than major."""
MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
MINOR: Final = (0, 2, 3, 5, 7, 8, 11)
SHARPS: Final = "fcgdaeb"
FIFTHS: Final = {"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F": -1}
IN_TIME_OF: Final = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
"""So many notes in the time of so many."""
TOKEN: Final = re.compile(
    r"""(?P<skip>"[^"]*"|![^!]*!|\{[^}]*\}|[~TuvHLMOPSJR`\s\\&*;?@#$])
      |(?P<field>\[[A-Za-z]:[^\]]*\])
      |(?P<bar>\|:|:\||::|:\]|\|\||\|\]|\[\||\|)(?P<ending>\s*\[?[12])?
      |(?P<lone>\[[12])
      |(?P<tuplet>\((?P<count>[2-9])(?::\d*)*)
      |(?P<slur>\()|(?P<unslur>\))
      |(?P<chord>\[[^\]]*\])(?P<chord_length>\d*/*\d*)
      |(?P<accidental>[_=^]*)(?P<name>[A-Ga-gzx])(?P<octave>[,']*)(?P<length>\d*/*\d*)
      |(?P<broken>>+|<+)|(?P<tie>-)|(?P<dot>\.)""",
    re.VERBOSE,
)
NOTE: Final = re.compile(r"([_=^]*)([A-Ga-g])([,']*)(\d*/*\d*)")


class AbcError(ValueError):
    """A tune that is not read: the message says why."""


@dataclass
class Tune:
    """A melody; positions and lengths in quarter notes from the first full bar.

    Attributes:
        bar, beat: lengths. scale: of the key.
        notes: (position, length, pitch).
        slurs: (from, to). short: positions of staccato notes. strains: where repeated parts begin.
    """

    title: str
    bar: float
    beat: float
    scale: Scale
    minor: bool
    notes: list[tuple[float, float, int]] = field(default_factory=list)
    slurs: list[tuple[float, float]] = field(default_factory=list)
    short: list[float] = field(default_factory=list)
    strains: list[float] = field(default_factory=list)


def tunes(text: str) -> Iterator[Tune]:
    """Those of a file's tunes that can be read."""
    for block in re.split(r"(?m)^(?=X:)", text):
        if block.startswith("X:"):
            try:
                yield read_tune(block)
            except AbcError:
                continue


def read_tune(block: str) -> Tune:
    """One tune; AbcError with what is not understood."""
    head: dict[str, str] = {}
    body: list[str] = []
    for line in block.splitlines():
        line = line.split("%")[0].rstrip()
        if not line:
            continue
        told = re.match(r"([A-Za-z]):\s*(.*)", line)
        if told is None:
            body.append(line)
        elif not body:
            head.setdefault(told[1], told[2].strip())
        elif told[1] in "KLMPQV":
            raise AbcError(f"{told[1]}: changes within the tune")
    bar, beat = metre(head.get("M", "C"))
    tonic, flats, minor = key(head.get("K", "C"))
    tune = Tune(head.get("T", "untitled"), float(bar), float(beat), Scale(tonic, MINOR if minor else MAJOR), minor)
    unit = length(head["L"], Fraction(1)) * 4 if "L" in head else Fraction(1, 2 if bar >= 3 else 4)
    _Reader(tune, bar, unit, flats).read(" ".join(body))
    if len(tune.notes) < 16:
        raise AbcError("hardly any notes")
    return tune


def metre(text: str) -> tuple[Fraction, Fraction]:
    """Bar and beat in quarter notes; compound metres beat in three parts."""
    text = {"C": "4/4", "C|": "2/2"}.get(text, text)
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None or int(found[1]) == 0 or int(found[2]) not in (1, 2, 4, 8, 16):
        raise AbcError(f"the metre {text!r}")
    count, part = int(found[1]), Fraction(4, int(found[2]))
    return count * part, 3 * part if count in (6, 9, 12) else part


def key(text: str) -> tuple[int, dict[str, int], bool]:
    """Tonic (pitch class), what each letter is altered by, whether it is minor."""
    found = re.match(r"([A-G])([#b]?)\s*([A-Za-z]*)", text)
    if found is None or found[3].lower() in ("hp", "none"):
        raise AbcError(f"the key {text!r}")
    mode = found[3].lower()[:3] if found[3] else "maj"
    mode = mode if mode in MODES else "m" if mode.startswith("m") and mode not in ("maj", "mix", "min") else "maj"
    fifths = FIFTHS[found[1]] + {"#": 7, "b": -7, "": 0}[found[2]] - MODES[mode]
    altered = dict.fromkeys(SHARPS[: max(fifths, 0)], 1) | dict.fromkeys(SHARPS[::-1][: max(-fifths, 0)], -1)
    tonic = (STEPS[found[1].lower()] + {"#": 1, "b": -1, "": 0}[found[2]]) % 12
    return tonic, altered, MODES[mode] in (2, 3, 4, 5)


def length(text: str, unit: Fraction) -> Fraction:
    """ "3/2", "/", "//", "2", "" as a multiple of the unit."""
    found = re.fullmatch(r"(\d*)(/*)(\d*)", text)
    if found is None:
        raise AbcError(f"the length {text!r}")
    over = int(found[3]) if found[3] else 2 ** len(found[2])
    if over == 0:
        raise AbcError(f"the length {text!r}")
    return unit * Fraction(int(found[1] or 1), over if found[2] else 1)


class _Reader:
    """Reads a tune's notes, repeats written out."""

    def __init__(self, tune: Tune, bar: Fraction, unit: Fraction, altered: dict[str, int]) -> None:
        self.tune, self.bar, self.unit, self.altered = tune, bar, unit, altered
        self.events: list[tuple[Fraction, int | None, bool, bool, bool]] = []
        """Length, pitch, staccato, slur begins, slur ends; of one strain."""

    def read(self, body: str) -> None:
        strains = self._strains(body)
        first = self._lengths(strains[0])
        pickup = first[0] if first and first[0] < self.bar else Fraction(0)
        at = -pickup
        for strain in strains:
            at = self._write(strain, at)

    def _strains(self, body: str) -> list[str]:
        """The parts that follow each other, with repeats and endings written out."""
        tokens = list(TOKEN.finditer(body))
        if sum(len(m[0]) for m in tokens) < 0.98 * len(body):
            raise AbcError("signs that are not understood")
        out: list[str] = []
        common, ending, number = "", "", 0
        for m in tokens:
            bar, opens = m["bar"], (m["ending"] or m["lone"] or "").strip(" [")
            if m["field"]:
                raise AbcError("changes within the tune")
            if bar in (":|", "::", ":]"):
                out.append(common + ending)
                if not number:
                    out.append(common)
                    common = ""
                ending = ""
            elif bar in ("|:", "||", "|]", "[|"):
                if (common + ending).strip(" |"):
                    out.append(common + ending)
                common, ending, number = "", "", 0
            elif bar:
                if number:
                    ending += "|"
                else:
                    common += "|"
            elif not opens:
                if number:
                    ending += m[0]
                else:
                    common += m[0]
            if opens:
                number, ending = int(opens), ""
            elif bar in (":|", "::", ":]") and number != 1:
                common, number = "", 0
        if (common + ending).strip(" |"):
            out.append(common + ending)
        out = [strain for strain in out if re.search(r"[A-Ga-g]", re.sub(r'"[^"]*"|![^!]*!', "", strain))]
        if not out:
            raise AbcError("no notes")
        return out

    def _lengths(self, strain: str) -> list[Fraction]:
        """Of each bar."""
        bars = [Fraction(0)]
        for event in self._events(strain):
            if event is None:
                bars.append(Fraction(0))
            else:
                bars[-1] += event[0]
        return [b for b in bars if b]

    def _write(self, strain: str, at: Fraction) -> Fraction:
        """Add a strain's notes from position ``at`` on; where it ends."""
        tune, slur, held = self.tune, [], None
        tune.strains.append(float(at))
        for event in self._events(strain):
            if event is None:
                if at % self.bar:
                    raise AbcError("bars that do not come out even")
                continue
            lasts, pitch, short, begins, ends, tied = event
            slur += [at] * begins
            if pitch is not None:
                if held == pitch and tune.notes:
                    position, before, _ = tune.notes[-1]
                    tune.notes[-1] = (position, before + float(lasts), pitch)
                else:
                    tune.notes.append((float(at), float(lasts), pitch))
                    tune.short += [float(at)] * short
            held = pitch if tied else None
            at += lasts
            for _ in range(min(ends, len(slur))):
                tune.slurs.append((float(slur.pop()), float(at)))
        return at

    def _events(self, strain: str) -> Iterator[tuple[Fraction, int | None, bool, int, int, bool] | None]:
        """(length, pitch, staccato, slurs that begin, that end, tied to the next); None for a bar line."""
        ready: list[list] = []  # type: ignore[type-arg]
        accidentals: dict[str, int] = {}
        short, begins, left, ratio, stretch = False, 0, 0, Fraction(1), Fraction(1)
        for m in TOKEN.finditer(strain):
            if m["bar"]:
                ready.append([None])
                accidentals = {}
            elif m["tuplet"]:
                left = int(m["count"])
                ratio = Fraction(IN_TIME_OF.get(left, 2), left)
            elif m["slur"]:
                begins += 1
            elif m["dot"]:
                short = True
            elif m["unslur"] or m["tie"] or m["broken"]:
                last = next((e for e in reversed(ready) if e[0] is not None), None)
                if last is None:
                    raise AbcError("a sign without a note")
                if m["unslur"]:
                    last[4] += 1
                elif m["tie"]:
                    last[5] = True
                else:
                    part = Fraction(1, 2 ** len(m["broken"]))
                    mine, stretch = (2 - part, part) if m["broken"][0] == ">" else (part, 2 - part)
                    last[0] *= mine
            elif m["name"] or m["chord"]:
                pitch = self._pitch(m, accidentals)
                text = m["length"] if m["name"] else m["chord_length"]
                lasts = length(text, self.unit) * stretch * (ratio if left else 1)
                left, stretch = max(left - 1, 0), Fraction(1)
                ready.append([lasts, pitch, short, begins, 0, False])
                short, begins = False, 0
        for event in ready:
            yield None if event[0] is None else tuple(event)

    def _pitch(self, m: re.Match[str], accidentals: dict[str, int]) -> int | None:
        """MIDI number, of a chord the highest; None for a rest."""
        if m["chord"]:
            found = [self._sounding(n[1], n[2], n[3], accidentals) for n in NOTE.finditer(m["chord"])]
            if not found:
                raise AbcError(f"the chord {m['chord']!r}")
            return max(found)
        if m["name"] in "zx":
            return None
        return self._sounding(m["accidental"], m["name"], m["octave"], accidentals)

    def _sounding(self, sign: str, name: str, octave: str, accidentals: dict[str, int]) -> int:
        letter = name.lower()
        if sign:
            accidentals[letter] = sign.count("^") - sign.count("_")
        altered = accidentals.get(letter, self.altered.get(letter, 0))
        height = 60 + 12 * name.islower() + 12 * (octave.count("'") - octave.count(","))
        return height + STEPS[letter] + altered
