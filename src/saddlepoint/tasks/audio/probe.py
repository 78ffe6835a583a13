"""What is looked at, and listened to, while a game of sounds is played."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from torch import Tensor

from saddlepoint.components.adversary import of_latents
from saddlepoint.core import Batch
from saddlepoint.evaluation.closeness import Closeness
from saddlepoint.evaluation.fidelity import SetDistance
from saddlepoint.extractors import SoundExtractor
from saddlepoint.measures import Number, measure, numbers, values
from saddlepoint.metrics import Moments, frechet_from_moments, inception_score, mode_coverage
from saddlepoint.signals import Spectrogram
from saddlepoint.tasks.audio.model import COLUMNS, ROWS, SoundGenerator
from saddlepoint.tasks.pictures import class_columns, of_each_class
from saddlepoint.tasks.probe import Probe, write_captions, write_picture, write_sounds

#: Sounds of each kind that a report plays.
SHOWN = 6


class Listener:
    """Hears generated sounds as it heard real ones.

    Args:
        extractor: listens.
        real: gives real sounds, float (n, samples), when they are first compared.
        others: gives further ones, as many or fewer.
        rate: samples a second of these.
    """

    def __init__(
        self, extractor: SoundExtractor, real: Callable[[], Tensor], others: Callable[[], Tensor], rate: int
    ) -> None:
        self.extractor, self._real_waves, self._others, self._rate = extractor, real, others, rate

    def floor(self) -> Sequence[Number]:
        """What other real sounds score; nothing where there are too few."""
        others = self._others()
        return self(others, self._rate) if len(others) > 1 else ()

    def __call__(self, waves: Tensor, rate: int) -> Sequence[Number]:
        """`frechet_…` in its features, the Inception Score of its classes, and how many of them are heard."""
        heard = self.extractor.read(waves, rate)
        assert heard.logits is not None
        labels = heard.logits.argmax(1).numpy()
        distance = frechet_from_moments(self._real, Moments.of(heard.features))
        of_classes = {
            "inception_score": inception_score(heard.logits, splits=1).mean,
            "modes": float(mode_coverage(labels, heard.logits.shape[1]).modes),
        }
        return [Number(measure("frechet").of(self.extractor.name), distance), *numbers(of_classes)]

    @cached_property
    def _real(self) -> Moments:
        return Moments.of(self.extractor(self._real_waves(), self._rate))


class AudioProbe(Probe[SoundGenerator]):
    """Measures how far generated sounds are from real ones, by spectrograms or by what is heard.

    Args:
        watched: a batch that never changes.
        distance: of generated from as many real spectrograms.
        order: of all of them, in which those that are compared come first.
        closeness: looks for generated sounds among training sounds, by their spectrograms.
        sounds: gives some real sounds by their indices, float (n, samples).
        listener: compares sounds in place of spectrograms; None where nobody listens.
        pictured: how network values are pictured that are waves, (n, 1, samples); None where they are spectrograms.
        labels: of all training sounds; None without.
        labelled: whether sounds are made for a class.
    """

    def __init__(
        self,
        watched: Batch,
        distance: SetDistance,
        order: Tensor,
        closeness: Closeness,
        sounds: Callable[[Tensor], Tensor],
        listener: Listener | None = None,
        pictured: Spectrogram | None = None,
        labels: Tensor | None = None,
        *,
        labelled: bool = True,
    ) -> None:
        super().__init__(watched, of_latents, closeness)
        self.distance, self.order, self.listener, self.pictured = distance, order, listener, pictured
        self.labels, self._sounds, self._labelled = labels, sounds, labelled

    @property
    def labelled(self) -> bool:
        """Whether sounds are made for a class."""
        return self._labelled

    def references(self, model: SoundGenerator) -> dict[str, dict[str, float]]:
        """`real`: other training sounds."""
        known = super().references(model)
        if len(self.order) >= 4:
            floor = [self.distance.floor(self.order)] if self.listener is None else self.listener.floor()
            known["real"] |= values(floor)
        return known

    def comparable(self, samples: Tensor) -> Tensor:
        """Spectrograms."""
        return samples if self.pictured is None else self.pictured.levels(samples[:, 0])

    def score(self, model: SoundGenerator) -> Sequence[Number]:
        """The distance of generated from real sounds, as many of each.

        `pixel_frechet` of spectrograms averaged to at most 8x8; or what the listener says.
        """
        n = len(self.distance)
        if self.listener is None:
            return [self.distance(model.made_levels(n, seed=1))]
        return self.listener(model.made(n, seed=1), model.rate)

    def exhibit(self, model: SoundGenerator, folder: Path) -> None:
        """Some real and some generated sounds, to be heard, and the real ones' spectrograms."""
        columns = class_columns(model.classes)
        shown = self.order[: ROWS * COLUMNS]
        if columns and self.labels is not None:
            shown = of_each_class(self.order, self.labels, columns, ROWS)
        waves = self._sounds(shown)
        write_picture(folder / "real.png", model.picture(waves, columns or COLUMNS))
        write_sounds(folder, waves[:SHOWN], model.made(SHOWN, seed=0), model.rate)
        heard = [model.classes[n % len(model.classes)] for n in range(SHOWN)] if columns else []
        write_captions(folder, **({"grid": model.classes, "real": heard, "made": heard} if columns else {}))

    def snapshot(self, model: SoundGenerator, path: Path) -> None:
        """A grid of generated spectrograms from latents that never change."""
        write_picture(path, model.shown())
