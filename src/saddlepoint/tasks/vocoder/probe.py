"""What is looked at, and listened to, while a game of a vocoder is played."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from saddlepoint.components.pairs import OfPairs
from saddlepoint.core import Batch
from saddlepoint.measures import Number, numbers
from saddlepoint.tasks.probe import Probe, write_picture, write_sounds
from saddlepoint.tasks.vocoder.data import Recordings
from saddlepoint.tasks.vocoder.evaluation import SHOWN, above_each_other, resemblance, spaced
from saddlepoint.tasks.vocoder.model import Vocoder

#: Seconds of a recording that a report plays.
HEARD = 3
#: Steps of Griffin's and Lim's search beside which the network is held: librosa's.
STEPS = 32
#: Recordings that are judged, and frames of them that pictures show.
JUDGED, FRAMES = 24, 160


class VocoderProbe(Probe[Vocoder]):
    """Measures how far resynthesised recordings are from the real ones.

    Args:
        watched: a batch that never changes.
        forward: of the game's losses.
        judged: recordings that scores hear.
    """

    def __init__(self, watched: Batch, forward: OfPairs, judged: Recordings) -> None:
        super().__init__(watched, forward)
        self._waves = [judged[k] for k in spaced(len(judged), JUDGED)]

    def compared(self, generated: Tensor, real: Tensor) -> dict[str, float]:
        """`loudness`: root mean square of generated crops over that of the real ones."""
        return {"loudness": float(generated.square().mean().sqrt() / real.square().mean().sqrt().clamp_min(1e-9))}

    def score(self, model: Vocoder) -> Sequence[Number]:
        """On recordings that are not trained on where there are such: see `resemblance`."""
        made = [model.resynthesised(wave) for wave in self._waves]
        return numbers(resemblance(self._waves, made, model.front))

    def references(self, model: Vocoder) -> dict[str, dict[str, float]]:
        """`baseline: griffin-lim`: phases that are sought without a network."""
        made = [model.front.searched(model.log_mel(wave)[None], STEPS)[0][: len(wave)] for wave in self._waves]
        found = resemblance(self._waves, [wave.clamp(-1, 1) for wave in made], model.front)
        return {"real": dict.fromkeys(found, 0.0), "baseline: griffin-lim": found}

    def exhibit(self, model: Vocoder, folder: Path) -> None:
        """Some recordings, and what is made of their spectrograms, to be heard."""
        real = [self._waves[k][: HEARD * model.front.rate] for k in spaced(len(self._waves), SHOWN)]
        write_sounds(folder, real, [model.resynthesised(wave) for wave in real], model.front.rate)

    def snapshot(self, model: Vocoder, path: Path) -> None:
        """Spectrograms of recordings, and below them of what is made of these."""
        length = FRAMES * model.front.hop
        real = [self._waves[k][:length] for k in spaced(len(self._waves), SHOWN)]
        write_picture(path, above_each_other(real, [model.resynthesised(wave) for wave in real], model.front))
