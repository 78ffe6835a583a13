"""Text files: a sentence a line, paragraphs with their lines, or one text that is seen through windows."""

import hashlib
import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data.images import DataError
from saddlepoint.disk import found_at
from saddlepoint.tasks.text.labelled import Labelled, labelled
from saddlepoint.tasks.text.vocabulary import END, OWN_UNKNOWN, UNKNOWN, Unit, Vocabulary, with_own_unknown

TextLayout = Literal["lines", "paragraphs", "windows"]
#: Tokens of a sample where none are asked for: of sentences at most, of windows.
LONGEST = 64
#: Fewer sentences, or windows' lengths of text, teach nothing.
FEWEST = 10
#: What separates fortunes, as Unix has them.
_FORTUNE = re.compile(r"^%[^\S\n]*$", re.MULTILINE)
#: A window begins after so many parts of its length: an epoch sees every token about as often.
STEPS = 8
#: A layout is not taken by itself where a larger share of its samples is too long, or of its paragraphs is one line.
TOO_LONG, SINGLE = 0.25, 0.5


@dataclass(frozen=True, eq=False)
class TextData:
    """Sentences, paragraphs, or windows of one text, as numbers of tokens.

    Attributes:
        name: what to call it.
        tokens: int32 (N, length), sentences filled up with `END`; windows lie over each other in memory.
        vocabulary: of the tokens.
        layout: which of the three.
        source: where it came from, a sentence.
        notes: what was left out, a sentence each.
        held_out: samples that are not to be trained on; None where there are none.
        labels: classes of the samples, int64 (N,); None where they have none.
        classes: names of the classes, by number.
    """

    name: str
    tokens: Tensor
    vocabulary: Vocabulary
    layout: TextLayout
    source: str
    notes: tuple[str, ...] = ()
    held_out: "TextData | None" = None

    labels: Tensor | None = None
    classes: tuple[str, ...] = ()

    described: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def counts(self) -> Mapping[str, int]:
        """Samples of each class."""
        if self.labels is None:
            return {}
        return dict(zip(self.classes, self.labels.bincount(minlength=len(self.classes)).tolist(), strict=True))

    @property
    def kind(self) -> str:
        """Sentences, paragraphs or windows."""
        return "sentences" if self.layout == "lines" else self.layout

    @property
    def shape(self) -> tuple[int, int]:
        """Tokens of a sample, and tokens that there are."""
        return self.tokens.shape[1], self.vocabulary.size

    @property
    def size(self) -> str:
        """A sample's size, for people."""
        return f"of at most {self.shape[0]} {self.vocabulary.unit}, {self.shape[1]:,} different ones"

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over tokens and vocabulary."""
        digest = hashlib.sha256(json.dumps(self.vocabulary.plain(), sort_keys=True).encode())
        if self.labels is not None:
            digest.update(json.dumps(self.classes).encode() + self.labels.numpy().tobytes())
        for part in self.tokens.split(1 << 16):
            digest.update(part.contiguous().numpy().data)
        return digest.hexdigest()[:16]

    def texts(self, indices: Tensor | None = None) -> list[str]:
        """The samples as texts, all or some."""
        rows = self.tokens if indices is None else self.tokens[indices]
        return [self.vocabulary.decode(row) for row in rows.tolist()]

    def some(self, n: int, seed: int) -> list[str]:
        """n samples as texts, all where there are fewer, drawn by a seed."""
        return self.texts(torch.randperm(len(self), generator=rng(seed, "some"))[:n])


def read_text(
    path: str | Path,
    unit: Unit = "characters",
    layout: TextLayout | None = None,
    *,
    length: int | None = None,
    most: int = 10_000,
    least: int = 1,
    encoding: str = "utf-8",
    held_out: float = 0.1,
    test: str | Path | None = None,
    seed: int = 0,
    columns: tuple[str | None, str | None] = (None, None),
) -> TextData:
    """Read a file. Its text is held in memory as it is read, and its tokens with four bytes each.

    A sentence a line: blanks around it and empty lines are dropped, as are sentences of more than `length` tokens.
    Paragraphs, as poems: what empty lines separate, with its line breaks. One text: windows of `length` tokens that
    begin at every eighth part of that; words have single blanks between them. The vocabulary is that of what is trained
    on alone (see `Vocabulary.fit`); a text's last share is held out, of sentences and paragraphs a share that is drawn.

    Where ten lines or more are a % alone, as in files of fortunes, what they separate are paragraphs.

    A layout of None follows the file: paragraphs where empty lines separate groups of mostly several lines; else
    sentences; windows where more than a quarter of either would be too long.

    Texts with classes, one a line or row, are told by `labelled`: they are samples as sentences are.

    Args:
        path: of a text file.
        unit: what a token is.
        layout: a sentence a line, paragraphs, or windows of one text; None follows the file.
        length: tokens of a sample; None takes the longest sentence up to 64, or windows of 64.
        most, least: of the vocabulary.
        encoding: of the file.
        held_out: share that is not trained on.
        test: a file to hold out in place of a share.
        seed: draws the sentences that are held out.
        columns: of texts and of classes, of a file that has columns.

    Raises:
        DataError: no such file, of another encoding, empty, or too short; an option that does not fit.
    """
    text = _read(Path(path), encoding)
    apart = None if test is None else _read(Path(test), encoding)
    named = Path(path).stem, f"Read from {Path(path).name}.", str(path)
    found = None if layout == "windows" and columns == (None, None) else labelled(str(path), text, columns)
    if found is not None:
        if layout == "windows":
            raise DataError("windows are of one text, and columns have many: leave data.layout=windows out")
        tested = None if apart is None else labelled(str(test), apart, columns)
        if apart is not None and tested is None:
            raise DataError(f"{test} is not laid out as {path} is, with columns or classes: give it so")
        return of_labelled(found, named, unit, length, most, least, held_out, tested, seed)
    return of_text(
        text, named, unit, layout, length=length, most=most, least=least, held_out=held_out, apart=apart, seed=seed
    )


def of_text(
    text: str,
    named: tuple[str, str, str],
    unit: Unit,
    layout: TextLayout | None,
    *,
    length: int | None,
    most: int,
    least: int,
    held_out: float,
    apart: str | None = None,
    seed: int = 0,
) -> TextData:
    """Samples of a text that was read; see `read_text`.

    Args:
        text: all of it.
        named: what to call it, where it came from, a sentence, and what messages call it.
        unit, layout, length, most, least, held_out, seed: see `read_text`.
        apart: a text that is held out in place of a share.

    Raises:
        DataError: it is too short.
    """
    name, source, path = named
    text, apart = with_own_unknown(text), None if apart is None else with_own_unknown(apart)
    fortunes = len(_FORTUNE.findall(text)) >= FEWEST
    if fortunes:
        text, apart = _parted(text), None if apart is None else _parted(apart)
    told: tuple[str, ...] = ()
    if layout is None:
        layout, told = _following(text, unit, length or LONGEST, fortunes=fortunes)
    if layout == "windows":
        if unit == "words":
            text, apart = " ".join(text.split()), None if apart is None else " ".join(apart.split())
        cut = len(text) if apart is not None else int(len(text) * (1 - held_out))
        halves = text[:cut], text[cut:] if apart is None else apart
        vocabulary = Vocabulary.fit(unit, lambda: [halves[0]], most, least)
        size = LONGEST if length is None else length
        windows = [_windows(vocabulary.encode(half), size) for half in halves]
        if len(windows[0]) < FEWEST:
            raise DataError(
                f"{path} has too few {unit} for windows of {size}: give a longer text, a smaller data.length, "
                f"or data.layout=lines where it is a sentence a line"
            )
        notes = (*told, *_unknown(windows[0], vocabulary, text))
        rest = TextData(name, windows[1], vocabulary, layout, source) if len(windows[1]) else None
        return TextData(name, windows[0], vocabulary, layout, source, notes, rest)

    several, one, cut_up = (
        ("sentences", "line", _sentences) if layout == "lines" else (layout, "paragraph", _paragraphs)
    )
    n = sum(1 for _ in cut_up(text))
    if n < FEWEST:
        raise DataError(
            f"{path} has {n} {one}{'s' if n != 1 else ''} of text: give {FEWEST} {several} at least, "
            f"or read it as one text with --set data.layout=windows"
        )
    chosen = _held(n, 0.0 if apart is not None else held_out, seed)

    def training() -> Iterator[str]:
        return compress(cut_up(text), (not held for held in chosen))

    vocabulary = Vocabulary.fit(unit, training, most, least)
    tokens, dropped = _padded(training, vocabulary, length)
    if len(tokens) < FEWEST:
        raise DataError(
            f"{path} has {len(tokens)} {several} of at most {length or LONGEST} {unit}: "
            f"give a larger data.length, {several} that are shorter, or --set data.layout=windows"
        )
    others = (lambda: compress(cut_up(text), chosen)) if apart is None else (lambda: cut_up(apart))
    rest_tokens, rest_dropped = _padded(others, vocabulary, tokens.shape[1])
    notes = (*told, *_unknown(tokens, vocabulary, text))
    if out := dropped + rest_dropped:
        # The test file's are not of the file's own.
        share = out / (out + len(tokens) + len(rest_tokens))
        long = f"{several} of more than {tokens.shape[1]} {unit}"
        notes = (f"{out:,} {long} were left out, {share:.1%} of all: --set data.length=… takes longer ones.", *notes)
    rest = TextData(name, rest_tokens, vocabulary, layout, source) if len(rest_tokens) else None
    return TextData(name, tokens, vocabulary, layout, source, notes, rest)


def of_labelled(
    found: Labelled,
    named: tuple[str, str, str],
    unit: Unit,
    length: int | None,
    most: int,
    least: int,
    held_out: float,
    apart: Labelled | None = None,
    seed: int = 0,
) -> TextData:
    """Samples of texts that have classes, or come in rows; see `read_text`.

    Raises:
        DataError: there are too few.
    """
    name, source, path = named
    classes, limit = found.classes, length or LONGEST
    chosen = _held(len(found.texts), 0.0 if apart is not None else held_out, seed)
    halves = [list(compress(_rows(found), (not held for held in chosen))), list(compress(_rows(found), chosen))]
    if apart is not None:
        halves[1] = [row for row in _rows(apart) if row[1] in classes or not classes]
    vocabulary = Vocabulary.fit(unit, lambda: (text for text, _ in halves[0]), most, least)
    short = [[row for row in half if len(vocabulary.encode(row[0])) <= limit] for half in halves]
    if len(short[0]) < FEWEST:
        raise DataError(
            f"{path} has {len(short[0])} texts of at most {limit} {unit}: give {FEWEST} at least, or a larger "
            f"data.length"
        )
    tokens, _ = _padded(lambda: (text for text, _ in short[0]), vocabulary, length)
    # Held-out texts may be longer than all that are trained on, and no longer than these are judged.
    short[1] = [row for row in short[1] if len(vocabulary.encode(row[0])) <= tokens.shape[1]]
    notes = (*found.notes, *_unknown(tokens, vocabulary, "\n".join(found.texts)))
    if out := sum(map(len, halves)) - sum(map(len, short)):
        share = out / sum(map(len, halves))
        long = f"texts of more than {tokens.shape[1]} {unit}"
        notes = (f"{out:,} {long} were left out, {share:.1%} of all: --set data.length=… takes longer ones.", *notes)
    layout: TextLayout = "paragraphs" if any("\n" in text for text in found.texts) else "lines"

    def labels(rows: list[tuple[str, str]]) -> Tensor | None:
        numbers = {own: number for number, own in enumerate(classes)}
        return torch.tensor([numbers[own] for _, own in rows]) if classes else None

    rest = None
    if short[1]:
        others, _ = _padded(lambda: (text for text, _ in short[1]), vocabulary, tokens.shape[1])
        rest = TextData(name, others, vocabulary, layout, source, labels=labels(short[1]), classes=classes)
    return TextData(
        name, tokens, vocabulary, layout, source, notes, held_out=rest, labels=labels(short[0]), classes=classes
    )


def _rows(found: Labelled) -> list[tuple[str, str]]:
    """Each text with the name of its class, "" where there is none."""
    texts = (with_own_unknown(text) for text in found.texts)
    return list(zip(texts, found.labels or [""] * len(found.texts), strict=True))


def _read(path: Path, encoding: str) -> str:
    if found := found_at(path):
        raise DataError(f"{path} {found}: give a text file with --data FILE")
    try:
        text = path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not {encoding} at byte {error.start:,}: save it so, or name its encoding with "
            f"--set data.encoding=latin-1"
        ) from error
    except LookupError as error:
        raise DataError(
            f"there is no encoding {encoding!r}: give one that Python knows, as utf-8 or latin-1"
        ) from error
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    if "\0" in text:
        raise DataError(f"{path} holds null characters: it is no text, or of another encoding (--set data.encoding=…)")
    if not text.strip():
        raise DataError(f"{path} is empty: give a file with text in it")
    return text


def _sentences(text: str) -> Iterator[str]:
    for line in re.finditer(r"[^\r\n]+", text):
        if sentence := line.group().strip():
            yield sentence


def _paragraphs(text: str) -> Iterator[str]:
    """What empty lines separate, its lines without blanks around them."""
    for part in re.split(r"\n[^\S\n]*\n", text):
        if paragraph := "\n".join(_sentences(part)):
            yield paragraph


def _parted(text: str) -> str:
    """Fortunes with an empty line between each two, and none within."""
    return "\n\n".join("\n".join(_sentences(part)) for part in _FORTUNE.split(text))


def _following(text: str, unit: Unit, longest: int, *, fortunes: bool = False) -> tuple[TextLayout, tuple[str, ...]]:
    """The layout that a file has by itself, and what to say of it where it is not the usual one."""
    paragraphs = list(_paragraphs(text))
    long = _long(paragraphs, unit, longest)
    if fortunes and long <= TOO_LONG:
        return "paragraphs", ("Read by what lines of % separate: --set data.layout=windows takes all as one text.",)
    if fortunes:
        return "windows", (
            f"Read through windows of {longest} {unit}, as {long:.0%} of what lines of % separate is longer: --set "
            f"data.layout=paragraphs takes the others, a larger data.length more of them.",
        )
    several = len(paragraphs) >= FEWEST and sum("\n" in part for part in paragraphs) >= SINGLE * len(paragraphs)
    if several and long <= TOO_LONG:
        return "paragraphs", (
            "Read by paragraphs, as empty lines separate groups of lines: --set data.layout=lines takes a line each.",
        )
    lines = list(_sentences(text))
    if (share := _long(lines, unit, longest)) <= TOO_LONG:
        return "lines", ()
    return "windows", (
        f"Read through windows of {longest} {unit}, as {share:.0%} of its lines are longer: --set data.layout=lines "
        f"takes the others, a larger data.length more of them.",
    )


def _long(samples: list[str], unit: Unit, longest: int) -> float:
    """The share of samples that have too many tokens; of byte pairs about, at three characters each."""
    sizes = (
        len(sample.split()) if unit == "words" else len(sample) / (3 if unit == "pairs" else 1) for sample in samples
    )
    return sum(size > longest for size in sizes) / max(1, len(samples))


def _held(n: int, share: float, seed: int) -> list[bool]:
    """Which of n are held out."""
    chosen = torch.zeros(n, dtype=torch.bool)
    if share:
        chosen[torch.randperm(n, generator=rng(seed, "held out"))[: max(1, int(share * n))]] = True
    held: list[bool] = chosen.tolist()
    return held


def _padded(sentences: Callable[[], Iterable[str]], vocabulary: Vocabulary, length: int | None) -> tuple[Tensor, int]:
    """Sentences that are short enough, filled up with `END`, and how many are not."""
    flat, lengths, dropped = array("i"), array("i"), 0
    for sentence in sentences():
        tokens = vocabulary.encode(sentence)
        if len(tokens) > (length or LONGEST):
            dropped += 1
            continue
        flat.extend(tokens)
        lengths.append(len(tokens))
    counts = np.asarray(lengths, dtype=np.int64)
    padded = np.zeros((len(counts), length or int(counts.max(initial=1))), dtype=np.int32)
    padded[np.arange(padded.shape[1]) < counts[:, None]] = np.asarray(flat, dtype=np.int32)
    return torch.from_numpy(padded), dropped


def _windows(tokens: list[int], size: int) -> Tensor:
    flat = torch.tensor(tokens, dtype=torch.int32)
    return flat.unfold(0, size, max(1, size // STEPS)) if len(flat) >= size else flat.new_empty(0, size)


def _unknown(tokens: Tensor, vocabulary: Vocabulary, text: str) -> tuple[str, ...]:
    """What to say of tokens that are not in the vocabulary."""
    if not vocabulary.barred:
        return ()
    parts = tokens.split(1 << 16)
    unknown = sum(int((part == UNKNOWN).sum()) for part in parts)
    seen = sum(int((part != END).sum()) for part in parts)
    own = f", those that the file has as {OWN_UNKNOWN} among them" if OWN_UNKNOWN in text else ""
    return (f"{unknown / seen:.2%} of the {vocabulary.unit} are not in the vocabulary{own}.",) if unknown else ()
