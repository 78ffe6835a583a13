"""Whole recordings of any lengths: read from a folder, or given in Python."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import rng
from saddlepoint.data.audio import SILENT, Findings, Sound, read_sound, sound_files, sound_of, to_int16
from saddlepoint.data.collection import OnRead
from saddlepoint.data.folder import printable
from saddlepoint.data.images import DataError, Split

#: What a Python caller may give.
TAKEN = "(waves, rate), waves a list of arrays or tensors (samples,), floats in [−1, 1] or int16"


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings of one rate, as loud as they are.

    Attributes:
        name: what to call them.
        waves: int16 (samples of all,), one after another.
        lengths: int64 (N,), samples of each.
        rate: samples a second.
        names: paths of their files below the folder.
        source: where they came from, a sentence.
        notes: what was skipped or converted, a sentence each.
        held_out: others of the same kind, to judge by.

    Raises:
        DataError: no recordings, or lengths or names that do not fit them.

    >>> two = Recordings("two", torch.zeros(5, dtype=torch.int16), torch.tensor([2, 3]), 8000, ("a.wav", "b.wav"), "")
    >>> len(two), two[1].shape, two.seconds
    (2, torch.Size([3]), 0.000625)
    """

    name: str
    waves: Tensor
    lengths: Tensor
    rate: int
    names: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()
    held_out: "Recordings | None" = None

    classes: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[Mapping[str, int]] = {}
    described: ClassVar[tuple[tuple[str, ...], ...]] = ()
    kind = "recordings"

    def __post_init__(self) -> None:
        if not len(self.lengths) or int(self.lengths.min()) < 1 or self.waves.shape != (int(self.lengths.sum()),):
            raise DataError(
                f"{self.name}: {tuple(self.waves.shape)} samples for lengths that sum to {int(self.lengths.sum()):,}: "
                f"give at least one recording, none of them empty"
            )
        if len(self.names) != len(self.lengths) or self.waves.dtype != torch.int16:
            raise DataError(f"{self.name}: give int16 samples, and a name for each of {len(self.lengths):,} recordings")

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> Tensor:
        """One recording in [−1, 1], float32 (samples,)."""
        start = int(self.starts[index])
        return self.waves[start : start + int(self.lengths[index])].float() / 32768

    @cached_property
    def starts(self) -> Tensor:
        """Where each begins in `waves`, int64 (N,)."""
        return self.lengths.cumsum(0) - self.lengths

    @cached_property
    def peaks(self) -> Tensor:
        """The loudest sample of each, in (0, 1], float32 (N,)."""
        return torch.stack([self[k].abs().max() for k in range(len(self))]).clamp_min(SILENT)

    @property
    def shape(self) -> tuple[int]:
        """(samples,) of the longest."""
        return (int(self.lengths.max()),)

    @property
    def size(self) -> str:
        """Of a recording, for people."""
        return f"of at most {self.shape[0] / self.rate:.2f} s at {self.rate:,} Hz"

    @property
    def whole(self) -> "Recordings":
        """With those that are held out."""
        if (other := self.held_out) is None:
            return self
        return replace(
            self,
            waves=torch.cat([self.waves, other.waves]),
            lengths=torch.cat([self.lengths, other.lengths]),
            names=(*self.names, *other.names),
            held_out=None,
        )

    @property
    def seconds(self) -> float:
        """Of all together."""
        return len(self.waves) / self.rate

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over rate, lengths and samples."""
        digest = hashlib.sha256(repr((self.rate, self.lengths.tolist())).encode())
        digest.update(self.waves.contiguous().numpy().astype("<i2", copy=False).data)
        return digest.hexdigest()[:16]


def recordings(
    path: str | Path,
    rate: int,
    *,
    test: str | None = None,
    held_out: float = 0.0,
    split: Split = "train",
    progress: OnRead | None = None,
) -> Recordings:
    """Read every sound below a folder, whole, in the order of their paths.

    The rules of rate, channels, silence and of what is held out are those of `data.audio`. A file that cannot be read,
    is empty or holds numbers that are not finite is skipped and named in the notes.

    Args:
        path: the folder.
        rate: samples a second.
        test: regular expression of the paths, without endings, of the files to test with.
        held_out: share of the files to test with, where nothing else says which.
        split: the recordings to train with, or those to test with.
        progress: called with (done, total) as files are read.

    Raises:
        DataError: no such folder, no sound in it that can be read, none of the split, or a missing extra.
    """
    root = Path(path).expanduser()
    files, notes = sound_files(root, test, held_out, split)
    gathered = _Gathered(rate)
    for number, file in enumerate(files, 1):
        try:
            sound = read_sound(root / file)
        except DataError as error:
            if error.__cause__ is None and "soundfile" in str(error):
                raise
            gathered.found.skipped.append(f"{printable(file)} ({error})")
            continue
        if gathered.take(printable(file), sound) and progress is not None:
            progress(number, len(files))
    notes += gathered.found.notes()
    if not gathered.waves:
        raise DataError(
            f"{root}: none of the {len(files):,} sound files can be used. {' '.join(notes)} "
            f"Check that they play, and give others"
        )
    return gathered.recordings(root.resolve().name, f"The sounds of the folder {root}.", notes)


def adopted(given: object, rate: int, held_out: float) -> Recordings:
    """Recordings of a Python caller's.

    Args:
        given: (waves, rate), or recordings of that rate.
        rate: samples a second, to which they are resampled.
        held_out: share that is put aside, at random.

    Raises:
        ConfigurationError: they are of no kind that is taken, or none can be used; says which are.
    """
    if isinstance(given, Recordings) and given.rate == rate:
        return given
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], int):
        raise ConfigurationError(f"recordings are {TAKEN}, not {type(given).__name__}")
    waves, own_rate = given
    if not isinstance(waves, Iterable):
        raise ConfigurationError(f"recordings are {TAKEN}, and the waves are {type(waves).__name__}")
    everything = [np.asarray(wave.detach().cpu() if isinstance(wave, Tensor) else wave) for wave in waves]
    order = torch.randperm(len(everything), generator=rng("held out")).tolist()
    train, others = _Gathered(rate), _Gathered(rate)
    for number, wave in enumerate(everything):
        part = others if order[number] < round(held_out * len(everything)) else train
        try:
            part.take(f"recording {number}", sound_of(wave, own_rate, f"recording {number}"))
        except DataError as error:
            raise ConfigurationError(f"{error}: recordings are {TAKEN}") from error
    if not train.waves:
        raise ConfigurationError(
            f"none of the {len(everything):,} recordings can be used. {' '.join(train.found.notes())}"
        )
    source = "Given in Python."
    found = train.recordings("recordings", source, train.found.notes())
    if not others.waves:
        return found
    return replace(found, held_out=others.recordings("recordings", source, others.found.notes()))


class _Gathered:
    """Recordings as they are read, with what is to be said of them."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.waves: list[Tensor] = []
        self.names: list[str] = []
        self.found = Findings(rate)

    def take(self, name: str, sound: Sound) -> bool:
        """Add a recording, unless it is silent."""
        wave = sound.mixed(self.rate)
        if np.abs(wave).max(initial=0) <= SILENT:
            self.found.silent.append(name)
            return False
        self.found.rates[sound.rate] += 1
        self.found.mixed += sound.samples.shape[1] > 1
        self.found.levels(name, sound.samples)
        self.waves.append(torch.from_numpy(to_int16(wave)))
        self.names.append(name)
        return True

    def recordings(self, name: str, source: str, notes: Iterable[str]) -> Recordings:
        """All that were taken, of which there is at least one."""
        lengths = torch.tensor([len(wave) for wave in self.waves])
        return Recordings(name, torch.cat(self.waves), lengths, self.rate, tuple(self.names), source, tuple(notes))
