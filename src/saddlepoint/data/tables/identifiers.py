"""Names of rows: what is common to them, and new ones that are all different.

A pattern is one of these, the first that explains all:

    numbers     text before, a number, text after: they go on after the greatest where they lie close together, and are
                drawn between the least and the greatest where they don't
    letters     as many characters in each: every place has the characters that were seen there, and one that never
                varies stays
    shapes      texts of any length: a digit for a digit, a letter for a letter, all else as it is
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha512
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray

Texts = Sequence[str] | NDArray[np.object_]
DIGITS, SMALL, LARGE = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Lengths of texts with a pattern each, shapes, and texts of a piece that are looked at.
LENGTHS, SHAPES, LOOKED = 4, 100, 5_000
#: Texts of a length from which what was seen at a place is all there is.
TELLING = 10
#: Pairs of equal numbers that are to be expected of as many drawn at random from a range; where there is none although
#: so many were, the numbers are keys.
EXPECTED = 10
#: Bits of a cell that count rows; those above are the seed's.
ROW_BITS = 40


def cells_of(seed: int, n: int) -> NDArray[np.int64]:
    """What stands for n new identifiers of a seed: the seed above, the row below."""
    return ((seed & 0x3FFFFF) << ROW_BITS) + np.arange(n, dtype=np.int64)


@dataclass(frozen=True)
class IdentifierPattern:
    """How new identifiers are made.

    Attributes:
        before, after: what stands around a number.
        width: digits of a number, with zeros before.
        first, last: of numbers that are drawn; where `last` is below `first` they go on from `first`.
        places: of each pattern without a number the characters of each place.
        weights: of these patterns, out of their sum.
        repeats: whether values may be there more than once, so that there are no more than the pattern has.
    """

    before: str = ""
    after: str = ""
    width: int = 0
    first: int = 0
    last: int = -1
    places: tuple[tuple[str, ...], ...] = ()
    weights: tuple[int, ...] = ()
    repeats: bool = False

    @property
    def form(self) -> str:
        """One of them, to show."""
        return str(self.texts(cells_of(0, 1))[0])

    def texts(self, cells: NDArray[np.int64]) -> NDArray[np.object_]:
        """New ones, all different unless they repeat."""
        seeds, rows = cells >> ROW_BITS, cells & ((1 << ROW_BITS) - 1)
        n = int(rows.max(initial=0)) + 1
        made = np.empty(len(cells), dtype=object)
        if self.places:
            self._of_places(seeds, rows, n, made)
            return made
        drawn = self.last >= self.first
        size = max(self.last - self.first + 1, 1 if self.repeats else n)
        for place, (seed, row) in enumerate(zip(seeds.tolist(), rows.tolist(), strict=True)):
            number = self.first + (_shuffled(row, size, seed) if drawn else row)
            sign = "-" if number < 0 else ""
            made[place] = f"{self.before}{sign}{abs(number):0{self.width}d}{self.after}"
        return made

    def _of_places(self, seeds: NDArray[np.int64], rows: NDArray[np.int64], n: int, made: NDArray[np.object_]) -> None:
        ends = np.cumsum(self.weights)
        cycles, within = np.divmod(rows, ends[-1])
        chosen = np.searchsorted(ends, within, side="right")
        for number, (places, weight) in enumerate(zip(self.places, self.weights, strict=True)):
            own = np.flatnonzero(chosen == number)
            if not len(own):
                continue
            counted = cycles[own] * weight + within[own] - (ends[number] - weight)
            alphabets = places if self.repeats else _with_room(places, (n // int(ends[-1]) + 1) * weight)
            size = prod(map(len, alphabets))
            for place, count, seed in zip(own.tolist(), counted.tolist(), seeds[own].tolist(), strict=True):
                rest, marks = _shuffled(count, size, seed), []
                for alphabet in reversed(alphabets):
                    rest, digit = divmod(rest, len(alphabet))
                    marks.append(alphabet[digit])
                made[place] = "".join(reversed(marks))


def _shuffled(row: int, size: int, seed: int) -> int:
    """The place of a row in an order of `size` that the seed decides: a·row + b, a without a divisor of the size."""
    step, start = _order(size, seed)
    return (step * row + start) % size


@cache
def _order(size: int, seed: int) -> tuple[int, int]:
    digits = int.from_bytes(sha512(f"{size} {seed}".encode()).digest())
    step = max(1, digits % size)
    while gcd(step, size) != 1:
        step += 1
    return step, (digits >> 128) % size


def _with_room(places: tuple[str, ...], n: int) -> tuple[str, ...]:
    """Alphabets of places from which at least n texts can be made, where need be with more characters."""
    made, kinds = list(places), (DIGITS, LARGE, SMALL)
    for at in range(len(made) - 1, -1, -1):
        if prod(map(len, made)) >= n:
            break
        own = "".join(kind for kind in kinds if len(made[at]) > 1 and set(made[at]) & set(kind))
        made[at] = "".join(sorted(set(made[at]) | set(own)))
    if prod(map(len, made)) < n:
        made.append("-")
    while prod(map(len, made)) < n:
        made.append(DIGITS)
    return tuple(made)


class IdentifierEvidence:
    """What is common to the texts of a column."""

    def __init__(self) -> None:
        self._prefix: str | None = None
        self._suffix = ""
        self._shapes: Counter[str] = Counter()
        self._lengths: dict[int, tuple[list[set[str]], int]] | None = {}
        self._least, self._greatest, self._digits, self._zeros = 0, 0, set[int](), False
        self._numbers: bool | None = None
        self._count = 0

    def see(self, texts: Texts) -> None:
        """More of them, different ones."""
        if not len(texts):
            return
        if self._prefix is None:
            sample = list(texts[:LOOKED])
            self._prefix = _beginning(sample).rstrip(DIGITS)
            self._suffix = _beginning([text[len(self._prefix) :][::-1] for text in sample])[::-1].lstrip(DIGITS)
            self._numbers = True
        self._see_numbers(texts)
        self._see_places(texts[:LOOKED])
        for text in texts[: SHAPES - len(self._shapes)]:
            self._shapes[shape_of(text)] += 1

    def _see_numbers(self, texts: Texts) -> None:
        if not self._numbers:
            return
        assert self._prefix is not None
        pattern = re.compile(rf"{re.escape(self._prefix)}(\d{{1,30}}){re.escape(self._suffix)}")
        found = [match[1] for match in map(pattern.fullmatch, texts) if match]
        if len(found) < len(texts):
            self._numbers = False
            return
        numbers = [int(text) for text in found]
        first = self._count == 0
        self._least = min(numbers) if first else min(self._least, *numbers)
        self._greatest = max(numbers) if first else max(self._greatest, *numbers)
        self._digits |= set(map(len, found))
        self._zeros = self._zeros or any(text[0] == "0" and len(text) > 1 for text in found)
        self._count += len(numbers)

    def _see_places(self, texts: Texts) -> None:
        if self._lengths is None:
            return
        for text in texts:
            sets, count = self._lengths.get(len(text), ([set() for _ in text], 0))
            for own, mark in zip(sets, text, strict=True):
                own.add(mark)
            self._lengths[len(text)] = (sets, count + 1)
        if len(self._lengths) > LENGTHS:
            self._lengths = None

    def finish(self, *, repeats: bool = False) -> IdentifierPattern:
        """The pattern of new ones, which may repeat."""
        pattern = self._pattern(next_ones=not repeats)
        return replace(pattern, repeats=repeats)

    def _pattern(self, *, next_ones: bool) -> IdentifierPattern:
        if self._numbers and self._count:
            width = min(self._digits) if self._zeros or len(self._digits) == 1 else 0
            assert self._prefix is not None
            near = next_ones and dense(self._count, self._least, self._greatest)
            ends = (self._greatest + 1, self._greatest) if near else (self._least, self._greatest)
            return IdentifierPattern(self._prefix, self._suffix, width, *ends)
        if self._lengths and all(count >= TELLING for _, count in self._lengths.values()):
            places = tuple(tuple("".join(sorted(own)) for own in sets) for sets, _ in self._lengths.values())
            return IdentifierPattern(places=places, weights=tuple(count for _, count in self._lengths.values()))
        shapes = self._shapes or Counter({"AAAAAAAA": 1})
        prefix = self._prefix or ""
        places = tuple(
            tuple(
                mark if at < len(prefix) else _ALPHABETS.get(mark, mark) for at, mark in enumerate(_kept(shape, prefix))
            )
            for shape in shapes
        )
        return IdentifierPattern(places=places, weights=tuple(shapes.values()))


_ALPHABETS = {"9": DIGITS, "A": LARGE, "a": SMALL}


def _beginning(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    first, last = min(texts), max(texts)
    return first[: next((at for at, mark in enumerate(first) if last[at : at + 1] != mark), len(first))]


def _kept(shape: str, prefix: str) -> str:
    return prefix + shape[len(prefix) :]


def dense(count: int, low: float, high: float) -> bool:
    """Whether so many different whole numbers lie so close together that chance would have made some of them equal.

    n numbers drawn from a range of S have n²/2S equal pairs on average.

    >>> dense(400, 0, 399), dense(400, 0, 1_000_000)
    (True, False)
    """
    return count * count >= 2 * EXPECTED * (high - low + 1)


def shape_of(text: str) -> str:
    """The shape of a text: 9 for a digit, A for a capital letter, a for a small one, all else as it is.

    >>> shape_of("Ab-12")
    'Aa-99'
    """
    return "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in text)
