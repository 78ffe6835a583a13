"""What is looked at while a translator and a discriminator of images play."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from torch import Tensor
from torch.nn.functional import interpolate

from saddlepoint.components.adversary import Forward
from saddlepoint.core import Batch, seed_for
from saddlepoint.data.pair_stream import PairSource
from saddlepoint.data.pairs import PairData
from saddlepoint.evaluation.fidelity import Features, in_channels, relative_sharpness, resemblance
from saddlepoint.measures import Number, measure, numbers, values
from saddlepoint.metrics import Moments
from saddlepoint.tasks.probe import Probe, write_captions, write_picture
from saddlepoint.tasks.translation.data import chosen_of
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.translation.pictures import ACROSS, beside_each_other, visible

#: Pairs that monitors look at, and that pictures show.
MONITORED, SHOWN = 32, 24


class PairProbe(Probe[ImageTranslator]):
    """Measures a translator on what is held out.

    Args:
        watched: a batch that never changes, on which all players are awake.
        forward: of the game's losses.
        held_out: pairs, or inputs and targets, that the game is not trained on.
        features: where made images are compared with targets.
        judged: images of each kind that metrics look at, at most.
        seed: of their order.
        ends: the networks' values for black and white.
        backward: the translator back, where there is one.
    """

    def __init__(
        self,
        watched: Batch,
        forward: Callable[..., Forward],
        held_out: PairData,
        features: Features,
        judged: int,
        seed: int,
        ends: tuple[float, float],
        backward: ImageTranslator | None = None,
    ) -> None:
        super().__init__(watched, forward)
        self.features, self.paired, self.backward, self.ends = features, held_out.paired, backward, ends
        self.masked = held_out.masked
        self._inputs, self._targets = chosen_of(held_out, judged, seed)

    def comparable(self, samples: Tensor) -> Tensor:
        """Images between 0 and 1."""
        low, high = self.ends
        return ((samples - low) / (high - low)).clamp(0, 1)

    def score(self, model: ImageTranslator) -> Sequence[Number]:
        """On what is held out: `frechet_…`, the distance of what is made from the targets, and `sharpness`, a ratio.

        Where they are pairs also `l1`, `psnr` and `ssim` (see `resemblance`).
        """
        return self._held(model.made(self._inputs))

    def references(self, model: ImageTranslator) -> dict[str, dict[str, float]]:
        """`real`: targets among themselves, by halves; `baseline: input`: inputs as they are, in the targets' size.

        Of halves the distance is halved, as its bias falls as 1/n.
        """
        known = super().references(model)
        name, half = measure("frechet").of(self.features.name).name, len(self._targets) // 2
        if half:
            first = self.features.moments(self._targets[:half])
            distance = self.features.distance(first, self._targets[half : 2 * half]) / 2
            known["real"] = {name: distance, "sharpness": 1.0}
        _, channels, *size = self._targets.shape
        given = self._inputs[:, :-1] if self.masked else self._inputs
        given = in_channels(given, channels) if {channels, given.shape[1]} <= {1, 3} else given
        if given.shape[1] == channels:
            enlarged = interpolate(given.float(), size, mode="bicubic").round().clamp(0, 255).byte()
            known["baseline: input"] = values(self._held(enlarged))
        return known

    def _held(self, made: Tensor) -> Sequence[Number]:
        distance = Number(measure("frechet").of(self.features.name), self.features.distance(self._real, made))
        found = resemblance(made, self._targets) if self.paired else {}
        return [distance, *numbers({**found, "sharpness": relative_sharpness(made, self._targets)})]

    def exhibit(self, model: ImageTranslator, folder: Path) -> None:  # noqa: ARG002
        """What stands over the columns; without pairs, targets that are held out."""
        last = ("target",) if self.paired else () if self.backward is None else ("and back",)
        write_captions(folder, grid=("input", "output", *last) * ACROSS)
        if not self.paired:
            write_picture(folder / "real.png", beside_each_other([self._targets[:SHOWN]]))

    def snapshot(self, model: ImageTranslator, path: Path) -> None:
        """Input, output, and target or, without pairs, what comes back; three times across."""
        shown = self._inputs[:SHOWN]
        made = model.made(shown)
        columns = [visible(shown, masked=self.masked), made]
        if self.paired:
            columns.append(self._targets[:SHOWN])
        elif self.backward is not None:
            columns.append(self.backward.made(made))
        write_picture(path, beside_each_other(columns))

    @cached_property
    def _real(self) -> Moments:
        return self.features.moments(self._targets)


def watched(stream: PairSource) -> Batch:
    """A batch that never changes, on which all players are awake."""
    part = stream.part(batch_size=MONITORED, seed=seed_for(stream.seed, "watched"))
    return Batch(part.drawn(0), seed=seed_for(stream.seed, "watched"))
