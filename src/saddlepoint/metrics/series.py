"""Metrics of windows of time series: whether they are told from real ones, foretell them, and move as they do.

Windows are (n, steps, columns), arrays or tensors, all finite; n may differ from set to set. The two post-hoc scores
take them in the range [0, 1], see `unit_range`.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from saddlepoint.metrics.features import Features, array_of, check_numbers, scaled
from saddlepoint.metrics.tables import TableColumn, column_similarity

Windows = NDArray[np.float64]
#: Of TimeGAN's post-hoc networks: steps of Adam, windows a batch, rate, and the share of windows that judges.
CLASSIFIED, PREDICTED, BATCH, RATE, JUDGED = 2000, 5000, 128, 1e-3, 0.2
#: A recurrent network has half as many units as there are columns, but at least these.
UNITS = 2


def unit_range(real: Features, *others: Features) -> tuple[Windows, ...]:
    """All sets by the columns' least and greatest values in the first, which goes to [0, 1]; a constant column to 0.

    Raises:
        ValueError: windows that are not such, or of other columns.

    >>> unit_range(np.array([[[2.0], [4.0]]]), np.array([[[5.0], [3.0]]]))[1].ravel().tolist()
    [1.5, 0.5]
    """
    first = _windows(real)
    sets = [first, *(_pair(first, windows)[1] for windows in others)]
    low, high = first.min((0, 1)), first.max((0, 1))
    span = np.where(high > low, high - low, 1.0)
    return tuple((windows - low) / span for windows in sets)


def discriminative_scores(
    real: Features, generated: Features, trainings: int = 1, seed: int = 0, steps: int = CLASSIFIED
) -> tuple[float, ...]:
    """|accuracy − ½| of recurrent classifiers of real and generated windows, on a fifth of them that each never saw.

    0: it can't tell; ½: it always can. A GRU with half as many units as columns, the sigmoid of its last state's
    linear image, cross-entropy, 2,000 steps of Adam with batches of 128 of each kind; as many windows of both, the
    first ones. Yoon, Jarrett, van der Schaar 2019, "Time-series generative adversarial networks", NeurIPS.

    Args:
        real, generated: (n, steps, columns) in the range [0, 1].
        trainings: classifiers, each with a start, a split and batches of its own, of the seeds from `seed` on.
        seed: of the first.
        steps: of Adam.

    Returns:
        A score of each.

    Raises:
        ValueError: windows that are not such, of different shape, or fewer than ten of a kind; no trainings.
    """
    x, y = _judged(real, generated)
    n, sources = min(len(x), len(y)), _sources(trainings, seed)
    held = round(JUDGED * n)
    parts = []
    for source in sources:
        orders = [torch.randperm(n, generator=source) for _ in range(2)]
        parts.append([torch.from_numpy(w)[o].float() for w, o in zip((x, y), orders, strict=True)])
    seen = [[kind[held:] for kind in own] for own in parts]

    def loss(networks: _Recurrent) -> Tensor:
        batches = [torch.cat([_some(kind, source) for kind in own]) for own, source in zip(seen, sources, strict=True)]
        logits = networks.last(torch.stack(batches))
        return nn.functional.binary_cross_entropy_with_logits(logits, answers.expand_as(logits), reduction="none")

    answers = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)])
    networks = _trained(_Recurrent(x.shape[2], _units(x), sources), loss, steps)
    with torch.no_grad():
        called_real, called_made = (
            networks.last(torch.stack([own[kind][:held] for own in parts])) > 0 for kind in range(2)
        )
        right = torch.cat([called_real, ~called_made], 1).double().mean(1)
    return tuple((right - 0.5).abs().tolist())


def predictive_scores(
    train: Features, test: Features, trainings: int = 1, seed: int = 0, steps: int = PREDICTED
) -> tuple[float, ...]:
    """Mean absolute error, on test windows, of forecasters that were trained on others ("train on synthetic").

    They foretell the last column at the next step from the other columns up to now (a single column from itself): a
    GRU with half as many units as columns, the sigmoid of a linear image, absolute error, 5,000 steps of Adam with
    batches of 128. Yoon, Jarrett, van der Schaar 2019, NeurIPS.

    Args:
        train: (n, steps, columns) in the range [0, 1], mostly generated.
        test: real ones.
        trainings: forecasters, each with a start and batches of its own, of the seeds from `seed` on.
        seed: of the first.
        steps: of Adam.

    Returns:
        A score of each.

    Raises:
        ValueError: windows that are not such, of different shape, or fewer than ten of a kind; no trainings.
    """
    x, y = _judged(train, test)
    sources = _sources(trainings, seed)
    seen, judged = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    given = slice(0, max(1, seen.shape[2] - 1))

    def error(networks: _Recurrent, windows: Tensor) -> Tensor:
        return (networks.each(windows[:, :, :-1, given]).sigmoid() - windows[:, :, 1:, -1]).abs()

    fitted = _trained(
        _Recurrent(seen[..., given].shape[2], _units(x), sources),
        lambda networks: error(networks, torch.stack([_some(seen, source) for source in sources])),
        steps,
    )
    with torch.no_grad():
        return tuple(error(fitted, judged.expand(trainings, *judged.shape)).double().mean((1, 2)).tolist())


class _Recurrent(nn.Module):
    """GRUs with a linear head beside each other, trained at the cost of little more than one.

    h ← (1 − z) n + z h,  r, z = σ(W x + U h),  n = tanh(W x + r U h), with biases: Cho et al. 2014, arXiv 1406.1078.
    """

    given: Tensor
    given_bias: Tensor
    held: Tensor
    held_bias: Tensor
    head: Tensor
    head_bias: Tensor

    def __init__(self, columns: int, units: int, sources: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.units = units
        shapes = {"given": (columns, 3 * units), "held": (units, 3 * units), "head": (units, 1)}
        for name, shape in shapes.items():
            for key, size in ((name, shape), (f"{name}_bias", (1, shape[1]))):
                starts = [(2 * torch.rand(size, generator=source) - 1) * units**-0.5 for source in sources]
                setattr(self, key, nn.Parameter(torch.stack(starts)))

    def states(self, windows: Tensor) -> Iterator[Tensor]:
        """(networks, n, steps, columns) → after every step (networks, n, units)."""
        k, n, steps = windows.shape[:3]
        inputs = (windows.flatten(1, 2) @ self.given + self.given_bias).view(k, n, steps, -1)
        state, gates = windows.new_zeros(k, n, self.units), 2 * self.units
        for x in inputs.unbind(2):
            own = state @ self.held + self.held_bias
            r, z = (x[..., :gates] + own[..., :gates]).sigmoid().chunk(2, 2)
            new = (x[..., gates:] + r * own[..., gates:]).tanh()
            state = torch.lerp(new, state, z)
            yield state

    def each(self, windows: Tensor) -> Tensor:
        """A logit after every step, (networks, n, steps)."""
        states = torch.stack(list(self.states(windows)), 2)
        return (states.flatten(1, 2) @ self.head + self.head_bias).view(states.shape[:3])

    def last(self, windows: Tensor) -> Tensor:
        """A logit after the last step, (networks, n)."""
        *_, state = self.states(windows)
        return (state @ self.head + self.head_bias).squeeze(2)


def _trained(networks: _Recurrent, loss: Callable[[_Recurrent], Tensor], steps: int) -> _Recurrent:
    """By a loss (networks, n, …), of each network the mean: Adam moves each as if it were alone."""
    optimizer = torch.optim.Adam(networks.parameters(), lr=RATE)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(networks).flatten(1).mean(1).sum().backward()
        optimizer.step()
    return networks


def _sources(trainings: int, seed: int) -> list[torch.Generator]:
    if trainings < 1:
        raise ValueError(f"trainings is {trainings}: give at least 1")
    return [torch.Generator().manual_seed(seed + number) for number in range(trainings)]


def _some(windows: Tensor, source: torch.Generator) -> Tensor:
    return windows[torch.randint(len(windows), (BATCH,), generator=source)]


def _units(windows: Windows) -> int:
    return max(UNITS, int(windows.shape[2]) // 2)


def _windows(windows: Features) -> Windows:
    array = array_of(windows)
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"windows are {array.shape}: expected (n, steps, columns), at least one of each")
    check_numbers(array.reshape(len(array), -1), "windows", "what made them")
    return np.ascontiguousarray(array, np.float64)


def _pair(a: Features, b: Features) -> tuple[Windows, Windows]:
    x, y = _windows(a), _windows(b)
    if x.shape[2] != y.shape[2]:
        raise ValueError(f"windows are {x.shape} and {y.shape}: expected the same columns")
    return x, y


def _judged(a: Features, b: Features) -> tuple[Windows, Windows]:
    x, y = _pair(a, b)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"windows are {x.shape} and {y.shape}: expected the same number of steps")
    if min(len(x), len(y)) < 10:
        raise ValueError(f"there are {len(x)} and {len(y)} windows: give at least 10 of each")
    if x.shape[1] < 2:
        raise ValueError("windows of one step have no time in them: give at least 2 steps")
    return x, y


def autocorrelations(windows: Features, lags: int) -> NDArray[np.float64]:
    """Pearson's correlation of x_t and x_{t+l} over all windows and t, (lags, columns) for l = 1 … lags.

    0 where a column does not move. Of windows of a walk it is near 1 at all lags: look at its steps then.

    >>> autocorrelations(np.array([[[1.0], [-1.0], [1.0], [-1.0]]]), 2).round(3).tolist()
    [[-1.0], [1.0]]
    """
    x = _windows(windows)
    if not 1 <= lags < x.shape[1] - 1:
        raise ValueError(f"lags is {lags}: windows of {x.shape[1]} steps tell of 1 to {x.shape[1] - 2}")
    return np.stack([_correlations(x[:, :-lag], x[:, lag:]) for lag in range(1, lags + 1)])


def _correlations(a: Windows, b: Windows) -> Windows:
    """Of two sets of windows, column by column, (columns,)."""
    a, b = (scaled(part.reshape(-1, part.shape[2]), (0,)) for part in (a, b))
    # By the values themselves: the mean's rounding leaves something of a constant.
    moves = (a.min(0) < a.max(0)) & (b.min(0) < b.max(0))
    a, b = a - a.mean(0), b - b.mean(0)
    scale = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    return np.where(moves, (a * b).sum(0) / np.where(moves, scale, 1.0), 0.0)


def autocorrelation_difference(real: Features, generated: Features, lags: int | None = None) -> float:
    """Mean over columns and lags of |ρ_l real − ρ_l generated|; 0 of equal ones, at most 2. None: half the window."""
    x, y = _pair(real, generated)
    if lags is None:
        lags = max(1, min(x.shape[1] // 2, x.shape[1] - 2))
    return float(np.abs(autocorrelations(x, lags) - autocorrelations(y, lags)).mean())


def cross_correlation_difference(real: Features, generated: Features) -> float:
    """Mean over pairs of columns of |r real − r generated|, r their correlation at one step; 0 of a single column."""
    sets = _pair(real, generated)
    pairs = [(i, j) for i in range(sets[0].shape[2]) for j in range(i)]
    found = [np.array([float(_correlations(w[..., [i]], w[..., [j]])[0]) for i, j in pairs]) for w in sets]
    return float(np.abs(found[0] - found[1]).mean()) if pairs else 0.0


def marginal_similarities(real: Features, generated: Features) -> list[float]:
    """1 − Kolmogorov-Smirnov distance of each column's values at all steps."""
    sets = _pair(real, generated)
    return [
        column_similarity(*(TableColumn("", np.ascontiguousarray(w[..., c].ravel())) for w in sets))
        for c in range(sets[0].shape[2])
    ]
