"""Extragradient with the noise taken out."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.core.batches import Batch


@dataclass(eq=False)
class SVRE(Method):
    """Stochastic variance-reduced extragradient: correct each batch's field by what it says at a snapshot w.

        F̂(z) = F_i(z) − F_i(w) + F̄(w),    z½ = z − h F̂(z),    z⁺ = z − h F̂'(z½)

    F̄(w), the mean over `batches` batches, is renewed every k steps. On a finite-sum game an epoch of batches makes it
    the full field, and the method converges linearly where stochastic extragradient wanders; without noise it is
    extragradient.

    Args:
        k: steps between two snapshots.
        batches: that the mean at the snapshot is taken over.

    Raises:
        ValueError: k or batches below 1.

    Paper: Chavdarova, Gidel, Fleuret, Lacoste-Julien 2019, "Reducing noise in GAN training with variance reduced
    extragradient", arXiv 1904.08598.
    """

    k: int = 50
    batches: int = 10
    snapshot: Point | None = field(default=None, init=False)
    mean: Point | None = field(default=None, init=False)
    steps: int = field(default=0, init=False)

    separable = True
    cost = "4 evaluations a player, and `batches` every k steps; 3 buffers"
    theory = "gradient descent (its paper has experiments over Adam)"
    paper = """@inproceedings{chavdarova2019reducing,
  title={Reducing Noise in {GAN} Training with Variance Reduced Extragradient},
  author={Chavdarova, Tatjana and Gidel, Gauthier and Fleuret, Fran{\\c{c}}ois and Lacoste-Julien, Simon},
  booktitle={NeurIPS}, year={2019}}"""

    def __post_init__(self) -> None:
        if self.k < 1 or self.batches < 1:
            raise ValueError(f"k is {self.k} and batches {self.batches}: give at least 1 each")

    def update(self, game: Game, batches: Batches) -> None:
        """Extragradient on the corrected field, a fresh batch for each half."""
        if self.snapshot is None or self.mean is None or self.steps % self.k == 0 or self.mean.names != game.awake:
            # Also where others play than at the snapshot, for what is remembered there says nothing of them.
            self.snapshot = game.point.clone()
            fields = (game.field(batches.next(), game.awake, base=False) for _ in range(self.batches))
            self.mean = next(fields) * (1 / self.batches)
            for field in fields:
                self.mean.add_(field, alpha=1 / self.batches)
        with game.excursion():
            game.move(self._corrected(game, batches.next(), base=True))
            direction = self._corrected(game, batches.next(), base=False)
        game.move(direction)
        self.steps += 1

    def _corrected(self, game: Game, batch: Batch, base: bool) -> Point:
        assert self.snapshot is not None
        assert self.mean is not None
        here = game.field(batch, game.awake, base=base)
        with game.excursion():
            game.point.copy_(self.snapshot)
            there = game.field(batch, game.awake, base=False)
        return here.add_(there, alpha=-1.0).add_(self.mean)
