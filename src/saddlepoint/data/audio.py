"""Any folder of sounds: WAV, FLAC and OGG of mixed rates, channels and lengths, with files that are none.

The rules:

    rate        every sound is resampled to one rate, through a filter that leaves out what the new rate lacks
    channels    the mean of all
    length      what is shorter is followed by silence; what is longer is cut as `cut` says, and fades over 5 ms:
                `start` keeps the beginning, `loudest` the stretch with the most power, `windows` makes a sound of every
                stretch after another, but for a last one that is less than half as long
    level       `peak` scales every sound to a peak of 0.9; `kept` leaves it
    silence     a sound that never gets above −60 dB of full scale is left out, and counted; a file of less than 10 ms
                is skipped, and named
    classes     `folders`: sub-folders, where no sound lies in the folder itself and there are at least two; `prefix`:
                what stands before the first _ of a file's name; None: there are none; else a regular expression,
                searched in the path, whose first group is the class; one without a sound to train with is left out
    to test     files whose path without its ending fits a regular expression; else, where the folder holds `train` and
                one of test, val, valid, validation, dev, the latter; else a share of the files, chosen by a hash of
                their paths, so that it stays what it is as files are added
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import gcd
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data.arrays import labels_of
from saddlepoint.data.collection import OnRead, some
from saddlepoint.data.folder import HELD_OUT, SPLITS, printable
from saddlepoint.data.images import DataError, Split
from saddlepoint.disk import found_at, walk

Cut = Literal["start", "loudest", "windows"]
Level = Literal["peak", "kept"]
Wave = NDArray[np.float64]

ENDINGS = (".wav", ".flac", ".ogg", ".oga")
#: Of full scale: below it a sound is silent; the peak that sounds are scaled to; what clipping reaches.
SILENT, PEAK, FULL = 1e-3, 0.9, 0.999
#: So many samples in a row at full scale are clipped.
CLIPPED = 3
#: Samples a second of any recording.
LOWEST_RATE, HIGHEST_RATE = 10, 2_000_000
#: Seconds: over which a cut fades; read beyond a stretch, so that resampling has no edge there; looked at for power;
#: that a sound lasts at least.
FADE, MARGIN, LOOKED, SHORTEST = 0.005, 0.05, 0.02, 0.01


@dataclass(frozen=True, eq=False)
class SoundData:
    """Sounds of one rate and length, with their classes where there are any.

    Attributes:
        name: what to call them.
        waves: int16 (N, samples).
        rate: samples a second.
        labels: int64 (N,), indices into `classes`, or None.
        classes: names of the classes; () where there are none.
        source: where they came from, a sentence.
        notes: what was skipped or converted, a sentence each.
        held_out: others of the same kind, which judge and are not trained on, where they came with these.

    Raises:
        DataError: no sounds, or labels that do not fit them.

    >>> SoundData("two", torch.zeros(2, 800, dtype=torch.int16), 8000, None, (), "Made here.").shape
    (800,)
    """

    name: str
    waves: Tensor
    rate: int
    labels: Tensor | None
    classes: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()
    held_out: "SoundData | None" = None

    kind = "sounds"
    described: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __post_init__(self) -> None:
        if self.waves.dtype != torch.int16 or self.waves.ndim != 2 or 0 in self.waves.shape:
            raise DataError(
                f"{self.name}: sounds are {self.waves.dtype} {tuple(self.waves.shape)}, "
                f"expected torch.int16 (N, samples), none of them 0"
            )
        if self.labels is not None and self.labels.shape != (len(self),):
            raise DataError(f"{self.name}: {len(self.labels):,} labels for {len(self):,} sounds")

    def __len__(self) -> int:
        return len(self.waves)

    @property
    def shape(self) -> tuple[int]:
        """(samples,) of one sound."""
        return (self.waves.shape[1],)

    @property
    def size(self) -> str:
        """Of a sound, for people."""
        return f"of at most {self.shape[0] / self.rate:.2f} s at {self.rate:,} Hz"

    @property
    def counts(self) -> dict[str, int]:
        """Sounds of each class; empty where there are none."""
        if self.labels is None:
            return {}
        return dict(zip(self.classes, self.labels.bincount(minlength=len(self.classes)).tolist(), strict=True))

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over rate, shape, samples and labels."""
        digest = hashlib.sha256(repr((self.rate, tuple(self.waves.shape))).encode())
        digest.update(self.waves.contiguous().numpy().astype("<i2", copy=False).data)
        if self.labels is not None:
            digest.update(self.labels.contiguous().numpy().astype("<i8", copy=False).data)
        return digest.hexdigest()[:16]

    def floats(self, indices: Tensor | None = None) -> Tensor:
        """Sounds in [−1, 1], float32 (n, samples)."""
        waves = self.waves if indices is None else self.waves[indices]
        return waves.float() / 32768


def sound_folder(
    path: str | Path,
    rate: int = 8000,
    samples: int = 8192,
    *,
    cut: Cut = "start",
    level: Level = "peak",
    label: str | None = "folders",
    test: str | None = None,
    held_out: float = 0.0,
    split: Split = "train",
    progress: OnRead | None = None,
) -> SoundData:
    """Read every sound below a folder, in the order of their paths; the module says by which rules.

    A file that cannot be read, is empty or holds numbers that are not finite is skipped and named in the notes.

    Args:
        path: the folder.
        rate: samples a second.
        samples: of every sound.
        cut, level, label: see the module.
        test: regular expression of the files to test with.
        held_out: share of the files to test with, where nothing else says which.
        split: the sounds to train with, or those to test with.
        progress: called with (done, total) as files are read.

    Raises:
        DataError: no such folder, no sound in it that can be read, none to test with, a missing extra, or an argument
            out of its range.
    """
    if rate < 100 or samples < 2 or not 0 <= held_out < 1:
        raise DataError(
            f"rate is {rate}, samples {samples}, held_out {held_out}: "
            f"give at least 100 samples a second, at least 2 samples, and a share below 1"
        )
    root = Path(path).expanduser()
    named = _classifier(label)
    everything, others = _listed(root)
    files, known, notes = _parted(root, everything, test, held_out, split)
    names = {file: named(stem) for file, stem in _stems(known).items()} if label is not None else {}
    classes = _classes(names, label, root)
    own = {file: named(stem) for file, stem in _stems(files).items()}
    reader = _Reader(rate, samples, cut, level)
    waves: list[NDArray[np.int16]] = []
    labels: list[int] = []
    for number, file in enumerate(files, 1):
        made = reader.read(root / file, printable(file))
        waves += made
        if classes:
            if (name := own[file]) not in classes:
                raise DataError(
                    f"{file} is to test with and of the class {name!r}, which none of the sounds to train with has: "
                    f"name the classes of both alike"
                )
            labels += [classes.index(name)] * len(made)
        if progress is not None:
            progress(number, len(files))
    notes += reader.notes()
    if split == "train" and (silent := [name for number, name in enumerate(classes) if number not in labels]):
        classes, kept = [name for name in classes if name not in silent], classes
        labels = [classes.index(kept[number]) for number in labels]
        notes.append(f"Left out {len(silent):,} classes without a sound: {some([printable(name) for name in silent])}.")
    notes += _left_out(others)
    if not waves:
        raise DataError(
            f"{root}: none of the {len(files):,} sound files can be used. {' '.join(notes)} "
            f"Check that they play, and give others"
        )
    return SoundData(
        root.resolve().name,
        torch.from_numpy(np.stack(waves)),
        rate,
        torch.tensor(labels) if classes else None,
        tuple(printable(name) for name in classes),
        f"The sounds of the folder {root}.",
        tuple(notes),
    )


def given_sounds(
    waves: Iterable[NDArray[Any]],
    own_rate: int,
    rate: int = 8000,
    samples: int = 8192,
    *,
    cut: Cut = "start",
    level: Level = "peak",
    labels: NDArray[Any] | None = None,
    held_out: float = 0.0,
) -> SoundData:
    """Sounds in memory by the rules of this module.

    Args:
        waves: (samples,) or (samples, channels) each, floats in [−1, 1] or int16, of any lengths.
        own_rate: samples a second, of all.
        rate, samples, cut, level: as `sound_folder` has them.
        labels: a whole number or a name a sound, (N,); None where there are no classes.
        held_out: share of the sounds that is put aside, at random.

    Raises:
        DataError: other numbers, no sound that can be used, or labels that do not fit.
    """
    numbers, classes = (None, ()) if labels is None else labels_of(labels, "the labels")
    reader = _Reader(rate, samples, cut, level)
    parts: tuple[list[NDArray[np.int16]], list[NDArray[np.int16]]] = [], []
    places: tuple[list[int], list[int]] = [], []
    everything = list(waves)
    count = len(everything)
    order = torch.randperm(count, generator=rng("held out")).tolist()
    for number, wave in enumerate(everything):
        aside = order[number] < round(held_out * count)
        found = reader.taken(_Held(_floats(wave, f"sound {number}"), own_rate), f"sound {number}")
        parts[aside].extend(found)
        places[aside].extend([number] * len(found))
    if numbers is not None and len(numbers) != count:
        raise DataError(f"there are {count:,} sounds and {len(numbers):,} labels: give one a sound")

    def made(part: int, *notes: str) -> SoundData:
        own = None if numbers is None else numbers[torch.tensor(places[part])]
        stacked = torch.from_numpy(np.stack(parts[part]))
        return SoundData("sounds of an array", stacked, rate, own, classes, "Given in Python.", notes)

    if not parts[0]:
        raise DataError(f"none of the {count:,} sounds can be used. {' '.join(reader.notes())}")
    return replace(made(0, *reader.notes()), held_out=made(1, "Held out.") if parts[1] else None)


def _floats(wave: NDArray[Any], name: str) -> Wave:
    """A sound (samples, channels) in [−1, 1]."""
    if wave.ndim not in (1, 2) or not (wave.dtype == np.int16 or wave.dtype.kind == "f"):
        raise DataError(
            f"{name} is {wave.dtype} {wave.shape}: expected floats in [−1, 1] or int16, "
            f"(samples,) or (samples, channels)"
        )
    floats = wave.astype(np.float64) / (32768 if wave.dtype == np.int16 else 1)
    return floats if wave.ndim == 2 else floats[:, None]


@dataclass
class _Held:
    """A sound (frames, channels) in memory, read as a file of `soundfile` is."""

    samples: Wave
    samplerate: int
    place: int = 0

    @property
    def frames(self) -> int:
        return len(self.samples)

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    def seek(self, place: int) -> None:
        self.place = place

    def read(self, frames: int, **_: object) -> Wave:
        found = self.samples[self.place : self.place + frames]
        self.place += len(found)
        return found

    def blocks(self, size: int, **_: object) -> Iterator[Wave]:
        for start in range(0, self.frames, size):
            yield self.samples[start : start + size].mean(1)


@dataclass(frozen=True, eq=False)
class Sound:
    """A whole sound as a file has it, mixed down.

    Attributes:
        wave: float64 (samples,), at the rate that was asked for.
        rate, channels: of the file.
    """

    wave: Wave
    rate: int
    channels: int


def read_sound(path: Path, rate: int) -> Sound:
    """A file of one sound, whole, resampled to a rate and mixed down to the mean of its channels.

    Raises:
        DataError: it cannot be read, is empty or holds numbers that are not finite; or a missing extra.
    """
    library = _soundfile()
    try:
        with _opened_sound(library, path) as file:
            _check_rate(file.samplerate)
            found, own = file.read(dtype="float64", always_2d=True), int(file.samplerate)
    except MemoryError as error:
        raise DataError(f"its head says {file.frames:,} samples, which is more than memory holds") from error
    except (library.SoundFileError, OSError, RuntimeError) as error:
        raise DataError(str(error).rpartition(": ")[2].rstrip(".") or "cannot be read") from error
    if not len(found):
        raise DataError("it is empty")
    if not np.isfinite(found).all():
        raise DataError("it holds numbers that are not finite")
    return Sound(_at_rate(found.mean(1), own, rate), own, found.shape[1])


def _opened_sound(library: Any, path: Path) -> Any:
    """A file of the library's whose head was read. Raises OSError for a pipe, which would never end."""
    if found := found_at(path):
        raise OSError(f"it {found}")
    return library.SoundFile(str(path))


def sound_of(wave: NDArray[Any], own_rate: int, rate: int, name: str) -> Sound:
    """A sound in memory, (samples,) or (samples, channels), as `read_sound` gives one of a file.

    Raises:
        DataError: it is no sound, is empty or holds numbers that are not finite.
    """
    _check_rate(own_rate)
    floats = _floats(wave, name)
    if not floats.size or not np.isfinite(floats).all():
        raise DataError(f"{name} is empty or holds numbers that are not finite")
    return Sound(_at_rate(floats.mean(1), own_rate, rate), own_rate, floats.shape[1])


def sound_files(root: Path, test: str | None, held_out: float, split: Split) -> tuple[list[str], list[str]]:
    """Paths below a folder of the sounds of a split, sorted, and notes of what was held out and left out.

    Raises:
        DataError: no such folder, no sounds in it, or none of the split.
    """
    everything, others = _listed(root)
    files, _, notes = _parted(root, everything, test, held_out, split)
    return files, notes + _left_out(others)


# --- which files ----------------------------------------------------------------------------------------


def _listed(root: Path) -> tuple[list[str], Counter[str]]:
    """Sounds by their path below the root, sorted, and the endings of other files."""
    if not root.is_dir():
        found = "is a file" if root.exists() else "does not exist"
        raise DataError(f"{root} {found}: expected a folder of sounds; give the path of one")
    sounds: list[str] = []
    others: Counter[str] = Counter()
    for place, files in walk(root):
        for name in files:
            path = place / name
            if path.suffix.lower() in ENDINGS:
                sounds.append(path.relative_to(root).as_posix())
            else:
                others[path.suffix.lower() or "no ending"] += 1
    if not sounds:
        found = ", ".join(f"{count:,} of {kind}" for kind, count in others.most_common(5)) or "no files"
        raise DataError(f"{root} holds no sounds: looked for {' '.join(ENDINGS)}, also in sub-folders; found {found}")
    return sorted(sounds), others


def _parted(
    root: Path, files: list[str], test: str | None, held_out: float, split: Split
) -> tuple[list[str], list[str], list[str]]:
    """The files of a split, those to train with, and notes."""
    tops = sorted({file.partition("/")[0] for file in files if "/" in file})
    parts = [name for name in HELD_OUT if name in tops]
    parted = "train" in tops and SPLITS.issuperset(tops) and all("/" in file for file in files)
    if test is not None:
        pattern = _compiled(test, "test")
        chosen = {file for file in files if pattern.search(file.rpartition(".")[0])}
        how = f"whose names fit {test}"
        if not chosen:
            raise DataError(f"{root}: none of its {len(files):,} sounds has a name that fits {test}: change data.test")
    elif parted and parts:
        chosen = {file for file in files if file.startswith(f"{parts[0]}/")}
        files = [file for file in files if file.startswith("train/") or file in chosen]
        how = f"in {parts[0]}/"
    else:
        chosen = {file for file in files if _share(file) < held_out}
        how = f"by a hash of their paths, a share of {held_out:g}"
    training = [file for file in files if file not in chosen]
    if not training:
        raise DataError(f"{root}: all of its {len(files):,} sounds are to test with, {how}: hold out fewer")
    if split == "train":
        return training, training, [f"Held out {len(chosen):,} files, {how}."] if chosen else []
    if not chosen:
        raise DataError(
            f"{root} holds no sounds to test with: give data.held_out=0.1, or a pattern of their names as data.test"
        )
    return [file for file in files if file in chosen], training, [f"Held out: {len(chosen):,} files, {how}."]


def _left_out(others: Counter[str]) -> list[str]:
    return [f"Left out {sum(others.values()):,} files that are no {', '.join(ENDINGS)}."] if others else []


def _share(file: str) -> float:
    """A number in [0, 1) that the path decides.

    >>> 0 <= _share("a/b.wav") < 1, _share("a/b.wav") == _share("a/b.wav")
    (True, True)
    """
    digest = hashlib.sha256(file.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _stems(files: Sequence[str]) -> dict[str, str]:
    """Paths without their endings, and without train/ or test/ where all lie there; by file."""
    stems = {file: file.rpartition(".")[0] for file in files}
    tops = {stem.partition("/")[0] for stem in stems.values() if "/" in stem}
    within = len(tops) == 1 and tops <= SPLITS and all("/" in stem for stem in stems.values())
    return {file: stem.partition("/")[2] if within else stem for file, stem in stems.items()}


def _classifier(label: str | None) -> Callable[[str], str]:
    """The class of a path without ending; '' where it has none."""
    if label is None:
        return lambda _: ""
    if label == "folders":
        return lambda stem: stem.partition("/")[0] if "/" in stem else ""
    if label == "prefix":
        return lambda stem: stem.rpartition("/")[2].partition("_")[0]
    pattern = _compiled(label, "label")
    if not pattern.groups:
        raise DataError(
            f"data.label={label} has no group: give folders, prefix, none, or a pattern whose (group) is the class"
        )

    def found(stem: str) -> str:
        match = pattern.search(stem)
        return (match.group(1) or "") if match else ""

    return found


def _classes(names: dict[str, str], label: str | None, root: Path) -> list[str]:
    """Names of the classes, sorted; none where there are not at least two."""
    lacking = [file for file, name in names.items() if not name]
    if lacking and label not in ("folders", "prefix"):
        raise DataError(
            f"{root}: {some([printable(file) for file in lacking])} have no class by data.label={label}: "
            f"change the pattern, or take --set data.label=none"
        )
    classes = sorted(set(names.values()))
    return classes if len(classes) > 1 and not lacking else []


def _compiled(pattern: str, key: str) -> "re.Pattern[str]":
    try:
        return re.compile(pattern)
    except re.error as error:
        raise DataError(f"data.{key}={pattern} is no regular expression: {error}") from error


# --- what is in them ------------------------------------------------------------------------------------


@dataclass
class _Reader:
    """Reads files one after another, and counts what it meets."""

    rate: int
    samples: int
    cut: Cut
    level: Level
    skipped: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    clipped: list[str] = field(default_factory=list)
    rates: Counter[int] = field(default_factory=Counter)
    mixed: int = 0
    padded: int = 0
    shortened: int = 0

    def read(self, path: Path, name: str) -> list[NDArray[np.int16]]:
        """The sounds of a file, int16 (samples,) each."""
        library = _soundfile()
        try:
            with _opened_sound(library, path) as file:
                return self.taken(file, name)
        except (library.SoundFileError, OSError, RuntimeError) as error:
            self.skipped.append(f"{name} ({str(error).rpartition(': ')[2].rstrip('.') or 'cannot be read'})")
            return []

    def taken(self, file: Any, name: str) -> list[NDArray[np.int16]]:
        """The sounds of an opened file, int16 (samples,) each."""
        try:
            if not file.frames:
                raise _Unfit("it is empty")
            _check_rate(file.samplerate)
            self.rates[file.samplerate] += 1
            self.mixed += file.channels > 1
            waves = list(self._stretches(file))
            if file.frames < SHORTEST * file.samplerate:
                raise _Unfit(f"it lasts {1000 * file.frames / file.samplerate:.2g} ms")
        except (_Unfit, DataError) as error:
            self.skipped.append(f"{name} ({error})")
            return []
        if any(is_clipped(wave) for wave in waves):
            self.clipped.append(name)
        loud = [wave for wave in waves if np.abs(wave).max(initial=0) > SILENT]
        self.silent += [name] * (len(waves) - len(loud))
        return [self._finished(wave) for wave in loud]

    def notes(self) -> list[str]:
        """What was skipped or converted, a sentence each."""
        others = {rate: count for rate, count in sorted(self.rates.items()) if rate != self.rate}
        notes = []
        if self.skipped:
            notes.append(f"Skipped {len(self.skipped):,} files: {some(self.skipped)}.")
        if others:
            given = ", ".join(f"{count:,} of {rate:,} Hz" for rate, count in others.items())
            notes.append(f"Resampled to {self.rate:,} Hz: {given}.")
        if self.mixed:
            notes.append(f"Mixed down to the mean of their channels: {self.mixed:,} files.")
        if self.silent:
            notes.append(f"Left out {len(self.silent):,} silent sounds (below −60 dB): {some(self.silent)}.")
        if self.clipped:
            notes.append(f"Clipped, and kept: {len(self.clipped):,} files ({some(self.clipped)}).")
        if self.shortened or self.padded:
            length = f"{self.samples:,} samples ({self.samples / self.rate:.3g} s)"
            notes.append(
                f"To {length}: {self.padded:,} sounds followed by silence, {self.shortened:,} files cut ({self.cut})."
            )
        return notes

    def _stretches(self, file: Any) -> Iterator[Wave]:
        """Sounds at the rate of this reader, of `samples` at most; no more than one is in memory."""
        length = max(1, round(self.samples * file.samplerate / self.rate))
        if file.frames > length:
            self.shortened += 1
        if self.cut == "windows":
            starts = range(0, max(1, file.frames - length // 2), length)
        elif self.cut == "loudest" and file.frames > length:
            starts = range(found := _loudest(file, length), found + 1)
        else:
            starts = range(1)
        for start in starts:
            margin = round(MARGIN * file.samplerate)
            before = min(start, margin)
            file.seek(start - before)
            wave = file.read(before + length + margin, dtype="float64", always_2d=True).mean(1)
            if not len(wave):
                raise _Unfit("it ends before its header says")
            if not np.isfinite(wave).all():
                raise _Unfit("it holds numbers that are not finite")
            skip = round(before * self.rate / file.samplerate)
            yield _at_rate(wave, file.samplerate, self.rate)[skip : skip + self.samples]

    def _finished(self, wave: Wave) -> NDArray[np.int16]:
        whole = np.zeros(self.samples)
        whole[: len(wave)] = wave
        if len(wave) < self.samples:
            self.padded += 1
        else:
            fade = min(round(FADE * self.rate), self.samples)
            whole[self.samples - fade :] *= np.linspace(1, 0, fade)
        peak = np.abs(whole).max()
        if self.level == "peak" and peak > 0:
            whole *= PEAK / peak
        return (whole * 32768).round().clip(-32768, 32767).astype(np.int16)


class _Unfit(Exception):
    """A file that is skipped, with the reason."""


def _check_rate(rate: int) -> None:
    """Raise DataError for a rate that no sound has, and whose filter would be as long."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise DataError(f"{rate:,} samples a second, and from {LOWEST_RATE} to {HIGHEST_RATE:,} are expected")


def _at_rate(wave: Wave, rate: int, wanted: int) -> Wave:
    if rate == wanted:
        return wave
    from scipy.signal import resample_poly

    common = gcd(rate, wanted)
    made: Wave = resample_poly(wave, wanted // common, rate // common)
    return made


def _loudest(file: Any, length: int) -> int:
    """Where the stretch of so many frames with the most power begins."""
    size = max(1, min(length, round(LOOKED * file.samplerate)))
    file.seek(0)
    power = np.array([float(np.square(part).sum()) for part in file.blocks(size, dtype="float64")])
    count = max(1, length // size)
    sums = np.convolve(power, np.ones(count), "valid") if len(power) > count else power[:1]
    return int(min(int(np.argmax(sums)) * size, file.frames - length))


def sounds_below(root: Path) -> list[str]:
    """Paths below a folder of the files that are taken for sounds, sorted. Raises DataError where there are none."""
    return _listed(root)[0]


def is_clipped(wave: Wave) -> bool:
    """Whether so many samples in a row are at full scale that it is no accident."""
    at_full = np.abs(wave) >= FULL
    runs = np.ones(len(at_full) - CLIPPED + 1, dtype=bool) if len(at_full) >= CLIPPED else np.zeros(1, dtype=bool)
    for shift in range(CLIPPED if len(at_full) >= CLIPPED else 0):
        runs &= at_full[shift : shift + len(runs)]
    return bool(runs.any())


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: libsndfile is not there
        raise DataError(f"sounds are read by soundfile ({error}): pip install 'saddlepoint[audio]'") from error
    return soundfile


def write_wave(path: Path, wave: NDArray[np.float32], rate: int) -> None:
    """A 16-bit mono WAV file, whole; needs no extra."""
    import wave as library

    pcm = (np.clip(wave, -1, 1) * 32767).round().astype("<i2")
    with library.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
