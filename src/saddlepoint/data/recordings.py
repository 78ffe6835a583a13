"""Whole recordings of any lengths, and crops of them with the spectrograms that they are to be made of."""

import hashlib
from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from saddlepoint.core import rng
from saddlepoint.data.audio import PEAK, SILENT, is_clipped, read_sound, sound_files
from saddlepoint.data.collection import OnRead, some
from saddlepoint.data.folder import printable
from saddlepoint.data.images import DataError, Split
from saddlepoint.data.order import Order
from saddlepoint.data.pair_stream import PairBatch, PairSource
from saddlepoint.data.stream import Scheduled


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

    kind = "recordings"
    classes = ()

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
    waves: list[Tensor] = []
    names: list[str] = []
    skipped: list[str] = []
    silent: list[str] = []
    clipped: list[str] = []
    rates: Counter[int] = Counter()
    mixed = 0
    for number, file in enumerate(files, 1):
        try:
            sound = read_sound(root / file, rate)
        except DataError as error:
            if error.__cause__ is None and "soundfile" in str(error):
                raise
            skipped.append(f"{printable(file)} ({error})")
            continue
        if np.abs(sound.wave).max(initial=0) <= SILENT:
            silent.append(printable(file))
            continue
        rates[sound.rate] += 1
        mixed += sound.channels > 1
        if is_clipped(sound.wave):
            clipped.append(printable(file))
        waves.append(torch.from_numpy((sound.wave * 32768).round().clip(-32768, 32767).astype(np.int16)))
        names.append(printable(file))
        if progress is not None:
            progress(number, len(files))
    others = {found: count for found, count in sorted(rates.items()) if found != rate}
    if skipped:
        notes.append(f"Skipped {len(skipped):,} files that cannot be read: {some(skipped)}.")
    if others:
        given = ", ".join(f"{count:,} of {found:,} Hz" for found, count in others.items())
        notes.append(f"Resampled to {rate:,} Hz: {given}.")
    if mixed:
        notes.append(f"Mixed down to the mean of their channels: {mixed:,} files.")
    if silent:
        notes.append(f"Left out {len(silent):,} silent sounds (below −60 dB): {some(silent)}.")
    if clipped:
        notes.append(f"Clipped, and kept: {len(clipped):,} files ({some(clipped)}).")
    if not waves:
        raise DataError(
            f"{root}: none of the {len(files):,} sound files can be used. {' '.join(notes)} "
            f"Check that they play, and give others"
        )
    return Recordings(
        root.resolve().name,
        torch.cat(waves),
        torch.tensor([len(wave) for wave in waves]),
        rate,
        tuple(names),
        f"The sounds of the folder {root}.",
        tuple(notes),
    )


class CropStream(PairSource):
    """Draws batches of crops, with spectrograms of them that see beyond their ends.

    Recordings are thought of as stretches of a crop's length; every epoch shows a crop of each, which begins anywhere
    in it, in an order of its own. What lies beyond a recording is silence. Every recording is brought to a peak of 0.9,
    and a crop is then quieter by up to `quieter` decibels, uniformly.

    Args:
        data: the recordings.
        crop: samples of a crop, whole hops.
        hop: samples from frame to frame of a spectrogram.
        margin: samples that spectrograms see beyond the ends of a crop, whole hops.
        listen: waves (N, samples) → spectrograms (N, bands, 1 + samples // hop).
        batch_size: crops a batch.
        seed: of order, places and levels.
        quieter: decibels.
        device: where batches go; the CPU by default.
        adversarial, penalty: what is scheduled, as functions of the samples seen. While the first is 0, batches are
            `alone`, and the player `discriminator` rests on them.

    Raises:
        ValueError: a crop or a margin that is no whole hops, or a batch size below 1.
    """

    def __init__(
        self,
        data: Recordings,
        crop: int,
        hop: int,
        margin: int,
        listen: Callable[[Tensor], Tensor],
        batch_size: int,
        seed: int,
        quieter: float = 24.0,
        device: torch.device | None = None,
        *,
        adversarial: Scheduled | None = None,
        penalty: Scheduled | None = None,
    ) -> None:
        super().__init__(batch_size, seed, -1.0, 1.0, device, adversarial, penalty)
        if crop < hop or crop % hop or margin % hop:
            raise ValueError(f"crops of {crop} samples and margins of {margin} are no whole hops of {hop} samples")
        self.data, self.crop, self.hop, self.margin, self.listen = data, crop, hop, margin, listen
        self.quieter = quieter
        self._begin(torch.arange(len(data)))

    def drawn(self, position: int) -> PairBatch:
        """Crops (N, samples) with their spectrograms (N, bands, frames), at a position."""
        noise, n = rng(self.seed, position, "crops"), self.batch_size
        owners, starts = self._stretches[self._order(position, n)].unbind(1)
        shifts = (torch.rand(n, generator=noise) * self.crop).long()
        decibels = self.quieter * torch.rand(n, generator=noise)
        gains = PEAK / self.data.peaks[owners] * 10 ** (-decibels / 20)
        mix = torch.rand(n, 1, generator=noise)
        last = (self.data.lengths[owners] - self.crop).clamp_min(0)
        begins = torch.minimum(starts + shifts, last)
        wide = torch.stack([self._cut(*place) for place in zip(owners.tolist(), begins.tolist(), strict=True)])
        wide = (wide * gains[:, None]).to(self.device)
        first = self.margin // self.hop
        mels = self.listen(wide)[:, :, first : first + self.crop // self.hop + 1]
        return PairBatch(mels, wide[:, self.margin : self.margin + self.crop], mix.to(self.device))

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "CropStream":
        """A stream like this one over some of its recordings, by batches of another size or of another seed."""
        other = copy(self)
        other.batch_size = self.batch_size if batch_size is None else batch_size
        other.seed = self.seed if seed is None else seed
        other._begin(torch.arange(len(self.data)) if indices is None else indices)
        return other

    def _begin(self, chosen: Tensor) -> None:
        counts = -(-self.data.lengths[chosen] // self.crop)
        owners = chosen.repeat_interleave(counts)
        numbers = torch.arange(len(owners)) - (counts.cumsum(0) - counts).repeat_interleave(counts)
        self._stretches = torch.stack([owners, numbers * self.crop], 1)
        self._order = Order(len(owners), self.seed)

    def _cut(self, owner: int, begin: int) -> Tensor:
        """A crop with its margins, float32 (margin + crop + margin,)."""
        wide = torch.zeros(self.crop + 2 * self.margin)
        start, length = int(self.data.starts[owner]), int(self.data.lengths[owner])
        low, high = max(0, begin - self.margin), min(length, begin + self.crop + self.margin)
        place = low - begin + self.margin
        wide[place : place + high - low] = self.data.waves[start + low : start + high].float() / 32768
        return wide
