"""Guess the limit from the last few steps."""

from dataclasses import dataclass, field

from saddlepoint.core import Batches, Game, Method, Point
from saddlepoint.methods.krylov import combine, reduced_rank_weights
from saddlepoint.methods.simultaneous import Simultaneous


@dataclass(eq=False)
class Extrapolated(Method):
    """Reduced-rank extrapolation of any base map, restarted (Anderson's acceleration in GDA-AM).

        z⁺ = Σ c_i T(z_i),    c of least ‖Σ c_i (T(z_i) − z_i)‖ with Σ c_i = 1,    every window + 1 base steps

    On a linear game of n coordinates a window of n is exact after n + 1 steps whatever the base map, divergent ones
    too. With noise, small windows.

    Args:
        base: the method that is extrapolated.
        window: differences kept; window + 1 base steps make one extrapolation.

    Raises:
        ValueError: a window below 1.

    Paper: He, Zhao, Xi, Ho, Saad 2022, "GDA-AM: on the effectiveness of solving minimax optimization via Anderson
    acceleration", arXiv 2110.02457.
    """

    base: Method = field(default_factory=Simultaneous)
    window: int = 2
    images: list[Point] = field(default_factory=list, init=False)
    residuals: list[Point] = field(default_factory=list, init=False)

    cost = "that of the base; 2 (window + 1) buffers"
    theory = "its base, where that is a linear map"
    paper = """@inproceedings{he2022gda,
  title={{GDA-AM}: On the Effectiveness of Solving Minimax Optimization via {A}nderson Acceleration},
  author={He, Huan and Zhao, Shifan and Xi, Yuanzhe and Ho, Joyce C. and Saad, Yousef},
  booktitle={ICLR}, year={2022}}"""

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"window is {self.window}: give at least 1")

    def update(self, game: Game, batches: Batches) -> None:
        """Do z ← T(z); after window + 1 steps z ← Σ c_i T(z_i) and begin anew."""
        point = game.point.only(*game.awake)
        if self.images and self.images[0].names != point.names:
            # Others play than at the beginning of this window: their steps are of another map.
            self.images, self.residuals = [], []
        start = point.clone()
        self.base.update(game, batches)
        self.images.append(point.clone())
        self.residuals.append(self.images[-1] - start)
        if len(self.residuals) > self.window:
            point.copy_(combine(self.images, reduced_rank_weights(self.residuals)))
            self.images, self.residuals = [], []
