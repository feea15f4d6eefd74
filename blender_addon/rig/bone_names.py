# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the names of bones say: side, body part, or that a bone is a helper. No bpy.

A name is cut into words (separators, camel case, digits, and words that are written together),
and the words are looked up. A prefix or suffix that nearly all bones of a rig share says nothing
and is dropped first.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

SHARED: Final = 0.8
"""Part of a rig's bones that must share a prefix, suffix or word for it to say nothing."""
FEW: Final = 8
"""Rigs with fewer bones share by chance."""

SIDES: Final = {
    "left": ("l", "left", "lt", "lf", "lft"),
    "right": ("r", "right", "rt", "rgt"),
}
SIDE_OF: Final = {spelling: side for side, spellings in SIDES.items() for spelling in spellings}
HELPER_WORDS: Final = {
    "rigging": "ik pole target tgt twist roll helper hlp slot socket effector end tip nub mch org vis tweak pivot "
    "corrective adjust dummy footsteps control controller ctrl ctl driver drv collider physics wgt widget follow",
    "face": "eye eyes eyeball jaw tongue ear ears brow eyebrow eyelid lid lash lip lips cheek teeth tooth nose "
    "nostril mouth chin temple forehead face facial beard mustache",
    "worn, carried, soft": "hair ponytail bang bangs skirt cloth cape cloak sleeve ribbon scarf breast breasts bust "
    "boob butt glute muscle weapon prop gun sword shield hat helmet glasses bag holster heel tail wing wings sec",
    "played": "violin viola fiddle bow instrument piano",
}
HELPERS: Final = frozenset(word for words in HELPER_WORDS.values() for word in words.split())
THUMB: Final = frozenset({"thumb"})
FINGER_WORDS: Final = {
    "thumb": THUMB,
    "index": frozenset({"index", "pointer", "forefinger"}),
    "middle": frozenset({"middle", "mid"}),
    "ring": frozenset({"ring"}),
    "little": frozenset({"little", "pinky", "pinkie", "pinkey", "small"}),
}
METACARPAL: Final = frozenset({"metacarpal", "metacarpals", "meta", "carpal", "palm", "base"})
JOINT_STYLE: Final = frozenset({"elbow", "knee"})
"""In rigs whose bones are named after joints, a shoulder is an upper arm and a wrist a hand."""

Meaning = Mapping[str, float]
PLAIN: Final[dict[str, Meaning]] = {
    "bicep": {"upper_arm": 1.0},
    "biceps": {"upper_arm": 1.0},
    "humerus": {"upper_arm": 1.0},
    "shldr": {"upper_arm": 0.9, "shoulder": 0.4},
    "elbow": {"lower_arm": 0.9},
    "ulna": {"lower_arm": 0.9},
    "radius": {"lower_arm": 0.9},
    "clavicle": {"shoulder": 1.0},
    "clav": {"shoulder": 1.0},
    "collar": {"shoulder": 1.0},
    "collarbone": {"shoulder": 1.0},
    "scapula": {"shoulder": 0.9},
    "shoulder": {"shoulder": 0.9, "upper_arm": 0.5},
    "thigh": {"upper_leg": 1.0},
    "femur": {"upper_leg": 1.0},
    "calf": {"lower_leg": 1.0},
    "shin": {"lower_leg": 1.0},
    "shank": {"lower_leg": 1.0},
    "tibia": {"lower_leg": 1.0},
    "crus": {"lower_leg": 1.0},
    "knee": {"lower_leg": 0.9},
    "foot": {"foot": 1.0},
    "feet": {"foot": 1.0},
    "ankle": {"foot": 0.9},
    "toe": {"toes": 1.0},
    "toes": {"toes": 1.0},
    "ball": {"toes": 0.9},
    "hand": {"hand": 1.0},
    "wrist": {"hand": 0.85},
    "palm": {"hand": 0.4},
}
"""One word, one body part of a side: how sure it is."""
CENTRAL: Final[dict[str, Meaning]] = {
    "hips": {"hips": 1.0},
    "hip": {"hips": 1.0},
    "pelvis": {"hips": 1.0},
    "cog": {"hips": 0.5},
    "waist": {"trunk": 0.8, "hips": 0.3},
    "root": {"hips": 0.3},
    "center": {"hips": 0.3},
    "centre": {"hips": 0.3},
    "spine": {"trunk": 1.0},
    "back": {"trunk": 0.9},
    "lumbar": {"trunk": 0.9},
    "abdomen": {"trunk": 1.0},
    "belly": {"trunk": 0.8},
    "stomach": {"trunk": 0.8},
    "torso": {"trunk": 1.0},
    "trunk": {"trunk": 1.0},
    "body": {"trunk": 0.5},
    "chest": {"trunk": 1.0, "chest": 1.0},
    "thorax": {"trunk": 1.0, "chest": 1.0},
    "ribcage": {"trunk": 1.0, "chest": 1.0},
    "ribs": {"trunk": 0.9, "chest": 0.9},
    "sternum": {"trunk": 0.8, "chest": 0.8},
    "neck": {"neck": 1.0},
    "head": {"head": 1.0},
    "skull": {"head": 0.9},
}
"""Words for the middle of the body: they mean nothing in a name that has a side."""
UPPER: Final = frozenset({"upper", "up"})
LOWER: Final = frozenset({"lower", "low", "fore"})
JAPANESE: Final = (
    ("左", " left "), ("右", " right "), ("上半身", " spine "), ("下半身", " pelvis "), ("センター", " root "),
    ("グルーブ", " root "), ("全ての親", " root "), ("腰", " waist "), ("足首", " ankle "), ("手首", " hand "),
    ("つま先", " toe "), ("足先", " toe "), ("ひざ", " shin "), ("ひじ", " forearm "), ("捩", " twist "),
    ("親指", " thumb "), ("人差指", " index "), ("人指", " index "), ("中指", " middle "), ("薬指", " ring "),
    ("小指", " little "), ("首", " neck "), ("頭", " head "), ("肩", " shoulder "), ("腕", " upper arm "),
    ("足", " thigh "), ("目", " eye "), ("髪", " hair "), ("胸", " breast "), ("先", " tip "),
)  # fmt: skip
"""MikuMikuDance's words, longest first."""
_EXTRA = {"arm", "arms", "leg", "legs", "finger", "fingers", "bone", "joint", "big", "left", "right", "top"}
VOCABULARY: Final = frozenset(
    {*PLAIN, *CENTRAL, *UPPER, *LOWER, *HELPERS, *METACARPAL, *_EXTRA, *(w for f in FINGER_WORDS.values() for w in f)}
)
_PIECES: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True)
class BoneName:
    """What a name says.

    Attributes:
        side: "left", "right" or "".
        words: lower case, without side and numbers.
        numbers: as they are written.
        helper: moves or shows something else than the body's own joints.
        meaning: body part -> how sure, 0 to 1; the spine's bones are all "trunk", a finger's all its name.
    """

    side: str
    words: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    helper: bool = False
    meaning: Meaning = field(default_factory=dict)


def read_names(names: Sequence[str]) -> list[BoneName]:
    """What the names of a rig's bones say, in their order."""
    prefix, suffix = shared_affixes(names)
    said = [split_name(name.removeprefix(prefix).removesuffix(suffix)) for name in names]
    counts = Counter(word for name in said for word in set(name.words))
    empty = {w for w, count in counts.items() if len(names) >= FEW and count >= SHARED * len(names)}
    return [_understood(replace(name, words=tuple(w for w in name.words if w not in empty))) for name in said]


def shared_affixes(names: Sequence[str]) -> tuple[str, str]:
    """The longest prefix and suffix that nearly all names share."""
    if len(names) < FEW:
        return "", ""
    prefix = _shared_prefix(names)
    backwards = _shared_prefix([name.removeprefix(prefix)[::-1] for name in names])
    return prefix, backwards[::-1]


def _shared_prefix(names: Iterable[str]) -> str:
    left, prefix = list(names), ""
    enough = SHARED * len(left)
    while True:
        letters = Counter(name[len(prefix)] for name in left if len(name) > len(prefix))
        letter, count = letters.most_common(1)[0] if letters else ("", 0)
        if count < enough:
            return prefix
        prefix += letter
        left = [name for name in left if name.startswith(prefix)]


def split_name(name: str) -> BoneName:
    """Side, words and numbers of a name, not yet what they mean."""
    name = unicodedata.normalize("NFKC", name)
    if not name.isascii():
        for word, english in JAPANESE:
            name = name.replace(word, english)
    pieces = _PIECES.findall(name)
    words = [w for piece in pieces if not piece.isdigit() for w in _segment(piece.lower())]
    side = next((SIDE_OF[word] for word in words if word in SIDE_OF), "")
    numbers = tuple(piece for piece in pieces if piece.isdigit())
    return BoneName(side, tuple(w for w in words if w not in SIDE_OF), numbers)


@lru_cache(maxsize=4096)
def _segment(piece: str) -> tuple[str, ...]:
    """Known words that are written together; the piece itself when it is not made of them."""
    if piece in VOCABULARY or len(piece) < 4:
        return (piece,)
    inside = _cut(piece)
    if inside:
        return inside
    for letter in "lr":
        for rest, glued in ((piece[1:], piece[0]), (piece[:-1], piece[-1])):
            words = _cut(rest) if glued == letter else ()
            if words:
                return (letter, *words)
    return (piece,)


def _cut(piece: str) -> tuple[str, ...]:
    """The piece as known words, with the longest first; empty when it is not made of them."""
    if piece in VOCABULARY:
        return (piece,)
    for end in range(len(piece) - 1, 1, -1):
        if piece[:end] in VOCABULARY:
            rest = _cut(piece[end:])
            if rest:
                return (piece[:end], *rest)
    return ()


def _understood(name: BoneName) -> BoneName:
    present = frozenset(name.words)
    helping = HELPERS & present
    if "neck" in present:
        helping -= {"twist"}  # Character Creator's neck
    sided_middle = bool(name.side) and bool(present & {"pelvis", "chest", "spine"})
    if helping or sided_middle:
        return replace(name, helper=True)
    return replace(name, meaning=_meaning(name.side, present))


def _meaning(side: str, words: frozenset[str]) -> Meaning:
    if words & {"toe", "toes", "ball"}:
        return PLAIN["toe"] if words & {"toe", "toes"} else PLAIN["ball"]
    finger = _finger(words)
    if finger:
        return {finger: 1.0}
    if words & {"arm", "arms"}:
        return _level(words, "arm", {"upper_arm": 0.85, "lower_arm": 0.1})
    if words & {"leg", "legs"}:
        return _level(words, "leg", {"lower_leg": 0.7, "upper_leg": 0.6})
    if side and words & {"hip", "hips"}:
        return {"upper_leg": 0.9}
    found: dict[str, float] = {}
    for word in words:
        for part, sure in {**PLAIN.get(word, {}), **({} if side else CENTRAL.get(word, {}))}.items():
            found[part] = max(sure, found.get(part, 0.0))
    return found


def _finger(words: frozenset[str]) -> str:
    """The finger that the words name; "finger" when they do not say which."""
    for finger, spellings in FINGER_WORDS.items():
        if words & spellings and not (words - {"hand"}) & (PLAIN.keys() | CENTRAL.keys()) - METACARPAL:
            return finger
    if words & {"finger", "fingers"}:
        return "index" if "fore" in words else "finger"
    return ""


def _level(words: frozenset[str], limb: str, alone: Meaning) -> Meaning:
    if words & LOWER:
        return {f"lower_{limb}": 1.0}
    return {f"upper_{limb}": 1.0} if words & UPPER else alone
