"""Metrics of windows of time series: whether they are told from real ones, foretell them, and move as they do.

Windows are (n, steps, columns), n may differ from set to set. The two post-hoc scores take them in the range [0, 1],
see `unit_range`.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from saddlepoint.metrics.tables import TableColumn, column_similarity

Windows = NDArray[np.float64]
#: Of TimeGAN's post-hoc networks: steps of Adam, windows a batch, rate, and the share of windows that judges.
CLASSIFIED, PREDICTED, BATCH, RATE, JUDGED = 2000, 5000, 128, 1e-3, 0.2
#: A recurrent network has half as many units as there are columns, but at least these.
UNITS = 2
#: A variance below such a share of the mean square is rounding.
STILL = 1e-20


def unit_range(real: Windows, *others: Windows) -> tuple[Windows, ...]:
    """All sets by the columns' least and greatest values in the first, which goes to [0, 1]; a constant column to 0.

    >>> unit_range(np.array([[[2.0], [4.0]]]), np.array([[[5.0], [3.0]]]))[1].ravel().tolist()
    [1.5, 0.5]
    """
    low, high = real.min((0, 1)), real.max((0, 1))
    span = np.where(high > low, high - low, 1.0)
    return tuple((windows - low) / span for windows in (real, *others))


def discriminative_score(real: Windows, generated: Windows, seed: int = 0, steps: int = CLASSIFIED) -> float:
    """|accuracy − ½| of a recurrent classifier of real and generated windows, on a fifth of them that it never saw.

    0: it can't tell; ½: it always can. A GRU with half as many units as columns, the sigmoid of its last state's
    linear image, cross-entropy, 2,000 steps of Adam with batches of 128 of each kind; as many windows of both, the
    first ones. Yoon, Jarrett, van der Schaar 2019, "Time-series generative adversarial networks", NeurIPS.

    Args:
        real, generated: (n, steps, columns) in the range [0, 1].
        seed: of the split, the network and its batches.
        steps: of Adam.

    Raises:
        ValueError: windows of different shape, or fewer than ten of a kind.
    """
    _check(real, generated)
    n = min(len(real), len(generated))
    held = round(JUDGED * n)
    source = torch.Generator().manual_seed(seed)
    (seen_real, test_real), (seen_made, test_made) = (
        torch.from_numpy(kind[:n])[torch.randperm(n, generator=source)].float().split([n - held, held])
        for kind in (real, generated)
    )

    def loss(network: _Recurrent) -> Tensor:
        logits = network.last(torch.cat([_some(seen_real, source), _some(seen_made, source)]))
        return nn.functional.binary_cross_entropy_with_logits(logits, answers)

    answers = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)])
    network = _trained(_Recurrent(real.shape[2], _units(real)), loss, steps, seed)
    with torch.no_grad():
        right = torch.cat([network.last(test_real) > 0, network.last(test_made) <= 0])
    return abs(float(right.double().mean()) - 0.5)


def predictive_score(train: Windows, test: Windows, seed: int = 0, steps: int = PREDICTED) -> float:
    """Mean absolute error, on test windows, of a forecaster that was trained on others ("train on synthetic").

    It foretells the last column at the next step from the other columns up to now (a single column from itself): a GRU
    with half as many units as columns, the sigmoid of a linear image, absolute error, 5,000 steps of Adam with batches
    of 128. Yoon, Jarrett, van der Schaar 2019, NeurIPS.

    Args:
        train: (n, steps, columns) in the range [0, 1], mostly generated.
        test: real ones.
        seed: of the network and its batches.
        steps: of Adam.

    Raises:
        ValueError: windows of different shape, or fewer than ten of a kind.
    """
    _check(train, test)
    source = torch.Generator().manual_seed(seed)
    seen, judged = torch.from_numpy(train).float(), torch.from_numpy(test).float()
    given = slice(0, max(1, seen.shape[2] - 1))

    def error(network: _Recurrent, windows: Tensor) -> Tensor:
        return (network.each(windows[:, :-1, given]).sigmoid() - windows[:, 1:, -1]).abs().mean()

    fitted = _trained(
        _Recurrent(seen[..., given].shape[2], _units(train)), lambda net: error(net, _some(seen, source)), steps, seed
    )
    with torch.no_grad():
        return float(error(fitted, judged))


class _Recurrent(nn.Module):
    def __init__(self, columns: int, units: int) -> None:
        super().__init__()
        self.columns, self.units = columns, units
        self.memory, self.head = nn.GRU(columns, units, batch_first=True), nn.Linear(units, 1)

    def each(self, windows: Tensor) -> Tensor:
        """A logit after every step, (n, steps)."""
        hidden: Tensor = self.memory(windows)[0]
        return self.head(hidden).squeeze(2)  # type: ignore[no-any-return]

    def last(self, windows: Tensor) -> Tensor:
        """A logit after the last step, (n,)."""
        return self.head(self.memory(windows)[1][-1]).squeeze(1)  # type: ignore[no-any-return]


def _trained(network: _Recurrent, loss: Any, steps: int, seed: int) -> _Recurrent:
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():  # as torch begins them, but of a seed and without its global generator
        for parameter in network.parameters():
            parameter.uniform_(-(network.units**-0.5), network.units**-0.5, generator=source)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(network).backward()
        optimizer.step()
    return network


def _some(windows: Tensor, source: torch.Generator) -> Tensor:
    return windows[torch.randint(len(windows), (BATCH,), generator=source)]


def _units(windows: Windows) -> int:
    return max(UNITS, int(windows.shape[2]) // 2)


def _check(a: Windows, b: Windows) -> None:
    if a.ndim != 3 or a.shape[1:] != b.shape[1:]:
        raise ValueError(f"windows are {a.shape} and {b.shape}: expected (n, steps, columns) of the same last two")
    if min(len(a), len(b)) < 10:
        raise ValueError(f"there are {len(a)} and {len(b)} windows: give at least 10 of each")
    if a.shape[1] < 2:
        raise ValueError("windows of one step have no time in them: give at least 2 steps")


def autocorrelations(windows: Windows, lags: int) -> Windows:
    """Pearson's correlation of x_t and x_{t+l} over all windows and t, (lags, columns) for l = 1 … lags.

    0 where a column does not move. Of windows of a walk it is near 1 at all lags: look at its steps then.

    >>> autocorrelations(np.array([[[1.0], [-1.0], [1.0], [-1.0]]]), 2).round(3).tolist()
    [[-1.0], [1.0]]
    """
    if not 1 <= lags < windows.shape[1] - 1:
        raise ValueError(f"lags is {lags}: windows of {windows.shape[1]} steps tell of 1 to {windows.shape[1] - 2}")
    return np.stack([_correlations(windows[:, :-lag], windows[:, lag:]) for lag in range(1, lags + 1)])


def _correlations(a: Windows, b: Windows) -> Windows:
    """Of two sets of windows, column by column, (columns,)."""
    a, b = (part.reshape(-1, part.shape[2]) for part in (a, b))
    whole = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    a, b = a - a.mean(0), b - b.mean(0)
    scale = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    # What rounding leaves of a constant is no movement.
    moves = scale > STILL * whole
    return np.where(moves, (a * b).sum(0) / np.where(moves, scale, 1.0), 0.0)


def autocorrelation_difference(real: Windows, generated: Windows, lags: int | None = None) -> float:
    """Mean over columns and lags of |ρ_l real − ρ_l generated|; 0 of equal ones, at most 2. None: half the window."""
    lags = lags or max(1, min(real.shape[1] // 2, real.shape[1] - 2))
    return float(np.abs(autocorrelations(real, lags) - autocorrelations(generated, lags)).mean())


def cross_correlation_difference(real: Windows, generated: Windows) -> float:
    """Mean over pairs of columns of |r real − r generated|, r their correlation at one step; 0 of a single column."""
    columns = real.shape[2]
    pairs = [(i, j) for i in range(columns) for j in range(i)]
    found = [np.array([float(_correlations(w[..., [i]], w[..., [j]])[0]) for i, j in pairs]) for w in (real, generated)]
    return float(np.abs(found[0] - found[1]).mean()) if pairs else 0.0


def marginal_similarities(real: Windows, generated: Windows) -> list[float]:
    """1 − Kolmogorov-Smirnov distance of each column's values at all steps."""
    return [
        column_similarity(*(TableColumn("", np.ascontiguousarray(w[..., c].ravel())) for w in (real, generated)))
        for c in range(real.shape[2])
    ]
