# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Arrays out of a pickle, without unpickling: nothing in the file is ever called.

``pickletools.genops`` takes the file apart into opcodes; a small machine here follows those that build dictionaries,
lists, tuples, texts, numbers and numpy arrays. Of the names that a pickle may ask for, only those of numpy's own array
reconstruction are known, and as words, not as functions. Everything else is refused.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

LARGEST: Final = 500_000_000
"""Bytes of a file."""
DEEPEST: Final = 10_000_000
"""Opcodes of a file."""
KNOWN: Final = {
    ("numpy.core.multiarray", "_reconstruct"): "array",
    ("numpy._core.multiarray", "_reconstruct"): "array",
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
}
NUMBERS: Final = re.compile(r"[fiu][1248]|b1")
"""Codes of the types that an array may have."""


class PickleRefused(ValueError):
    """A pickle that holds more than arrays, or is damaged: the message says what."""


@dataclass(eq=False)
class _Word:
    """One of KNOWN."""

    name: str


@dataclass(eq=False)
class _Type:
    """A dtype in the making."""

    code: str
    order: str = "="


@dataclass(eq=False)
class _Array:
    """An array in the making."""

    value: npt.NDArray[Any] | None = None


_MARK: Final = object()


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Name -> array of a pickled dictionary; what in it is no array is left out.

    Raises:
        PickleRefused: naming the file and what is wrong with it.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise PickleRefused(f"is larger than {LARGEST} bytes")
        found = _Machine().run(path.read_bytes())
    except PickleRefused as error:
        raise PickleRefused(f"{path} {error}") from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, UnicodeError, OverflowError) as error:
        raise PickleRefused(f"{path} is damaged ({type(error).__name__}: {error})") from error
    if not isinstance(found, dict):
        raise PickleRefused(f"{path} holds no dictionary")
    arrays = {str(name): value.value for name, value in found.items() if isinstance(value, _Array)}
    return {name: value for name, value in arrays.items() if value is not None}


class _Machine:
    """A pickle's stack and memory; the work of the opcodes that are known."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count > DEEPEST:
                raise PickleRefused("has too many parts")
            if opcode.name == "STOP":
                (found,) = self._stack
                return found
            self._step(opcode.name, argument)
        raise PickleRefused("ends too soon")

    def _step(self, name: str, argument: Any) -> None:
        if name in ("PROTO", "FRAME"):
            return
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name]())
        elif name in _VALUES:
            self._stack.append(argument)
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self._memo[int(argument)] = self._stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self._stack.append(self._memo[int(argument)])
        elif name in _WORK:
            _WORK[name](self, argument)
        else:
            raise PickleRefused(f"uses {name}, which no array needs; it is not read")

    def _since_mark(self) -> list[Any]:
        at = max(i for i, value in enumerate(self._stack) if value is _MARK)
        taken = self._stack[at + 1 :]
        del self._stack[at:]
        return taken

    def _take(self, count: int) -> list[Any]:
        if count > len(self._stack):
            raise PickleRefused("is damaged: it takes more than it put down")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _tuple(self, count: int) -> None:
        self._stack.append(tuple(self._take(count)))

    def _global(self, module: str, name: str) -> None:
        if (module, name) not in KNOWN:
            raise PickleRefused(f"asks for {module}.{name}, which is no part of an array; it is not read")
        self._stack.append(_Word(KNOWN[module, name]))

    def _reduce(self) -> None:
        word, given = self._take(2)
        if not isinstance(word, _Word) or word.name == "ndarray":
            raise PickleRefused("calls something that is no array's; it is not read")
        if word.name == "dtype":
            if not (isinstance(given[0], str) and NUMBERS.fullmatch(given[0])):
                raise PickleRefused(f"holds an array of {given[0]!r}, not of numbers")
            self._stack.append(_Type(given[0]))
        else:
            self._stack.append(_Array())

    def _build(self) -> None:
        made, state = self._take(2)
        if isinstance(made, _Type):
            made.order = "<" if state[1] == "<" else ">" if state[1] == ">" else "="
        elif isinstance(made, _Array) and isinstance(state[2], _Type):
            _, shape, kind, fortran, data = state
            dtype = np.dtype(kind.code).newbyteorder(kind.order)
            flat = np.frombuffer(bytes(data), dtype)
            made.value = flat.reshape([int(n) for n in shape], order="F" if fortran else "C").astype(
                dtype.newbyteorder("=")
            )
        else:
            raise PickleRefused("gives something a state that is no array; it is not read")
        self._stack.append(made)

    def _set(self, pairs: list[Any]) -> None:
        self._stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))

    def _append(self, values: list[Any]) -> None:
        self._stack[-1].extend(values)


_CONSTANTS: Final[dict[str, Callable[[], Any]]] = {
    "MARK": lambda: _MARK,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_VALUES: Final = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_WORK: Final[dict[str, Callable[[_Machine, Any], None]]] = {
    "TUPLE1": lambda m, _: m._tuple(1),
    "TUPLE2": lambda m, _: m._tuple(2),
    "TUPLE3": lambda m, _: m._tuple(3),
    "TUPLE": lambda m, _: m._stack.append(tuple(m._since_mark())),
    "GLOBAL": lambda m, argument: m._global(*argument.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m._global(*m._take(2)),
    "REDUCE": lambda m, _: m._reduce(),
    "BUILD": lambda m, _: m._build(),
    "SETITEM": lambda m, _: m._set(m._take(2)),
    "SETITEMS": lambda m, _: m._set(m._since_mark()),
    "APPEND": lambda m, _: m._append(m._take(1)),
    "APPENDS": lambda m, _: m._append(m._since_mark()),
}
