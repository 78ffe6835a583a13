"""A game: players, each with parameters and a loss of its own that it minimises."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from saddlepoint.core.batches import Batch, Batches
from saddlepoint.core.forward_passes import ForwardPasses
from saddlepoint.core.outcome import NonFinite
from saddlepoint.core.point import Point, all_finite
from saddlepoint.core.preconditioner import Diagonal, preconditioner
from saddlepoint.core.randomness import seeded
from saddlepoint.core.ranks import Share, mean_over_ranks, mean_with_losses, see_whole_batches, sharing
from saddlepoint.core.recording import is_recording
from saddlepoint.core.second_order import ElementaryNormalisation, missing_derivatives_named
from saddlepoint.core.spectral_vectors import SpectralVectors

Players = Mapping[str, nn.Module]
PlayerLoss = Callable[[Players, Any], Tensor]
JointLoss = Callable[[Players, Any, Sequence[str]], Mapping[str, Tensor]]
Values = dict[str, Tensor]
Gradients = tuple[dict[str, Sequence[Tensor]], dict[str, Tensor]]
#: A batch's value ↦ parts of it, each with its share of the batch; shares add up to 1.
Parts = Callable[[Any], Iterable[tuple[float, Any]]]
#: Batches over which `Game.recalibrate_batch_norm` takes statistics.
SETTLING = 128


class Game:
    """Players, their losses, and the optimizer that turns each player's direction into a displacement.

    Args:
        players: a module each, by name. The order of names is the order of blocks in every point.
        losses: either one function a player, `loss(players, batch) -> scalar`, or one function for all,
            `losses(players, batch, names) -> {name: scalar}`, which computes at least the losses of `names`
            and may share work between them. A loss never detaches: the game freezes the players that do
            not move, so no graph is larger than it must be, and products of second order stay complete.
        optimizers: an ordinary `torch.optim` optimizer each, over all of the player's parameters.
        parts: evaluate `field` on parts of a batch, one after another, and take the mean of their gradients, so that
            only one part's graph is held at a time. It is the field of the whole batch where losses are means over
            samples (`mean_over_samples`) and networks do not let samples see each other (`coupled_layers`); buffers
            move with every part. `linearize` and `losses_at` need their graph and take all at once.
        bounds: c by player, whose parameters are projected on [−c, c] here, wherever its optimizer moves it, and where
            a step ends, as methods also write to the point themselves.

    Raises:
        ValueError: a player without parameters, a loss or an optimizer missing, an optimizer that holds other
            parameters than its player's, or a bound of no player or not above 0.
    """

    def __init__(
        self,
        players: Mapping[str, nn.Module],
        losses: Mapping[str, PlayerLoss] | JointLoss,
        optimizers: Mapping[str, Optimizer],
        parts: Parts | None = None,
        bounds: Mapping[str, float] | None = None,
    ) -> None:
        self.parts = parts
        self.bounds = dict(bounds or {})
        self.players = dict(players)
        self.losses = losses
        self.optimizers = dict(optimizers)
        self.point = Point({n: [p for p in m.parameters() if p.requires_grad] for n, m in players.items()})
        #: Names of the point's tensors, by player, in their order.
        self.parameter_names = {n: [k for k, p in m.named_parameters() if p.requires_grad] for n, m in players.items()}
        self.evaluations = 0
        self.products = 0
        self.loss_values: dict[str, Tensor] = {}
        self._buffers = {n: _buffers_of(m) for n, m in players.items()}
        self._spectral = {n: SpectralVectors(m) for n, m in players.items()}
        self._memories = {n: _memories_of(m) for n, m in players.items()}
        self._passes = ForwardPasses(self.players, {name: self.point[name] for name in self.point.names})
        #: What the memories of players are after this step: an entry for each player whose turn it was.
        self._due: dict[str, list[Tensor | None]] = {}
        self._at_rest: frozenset[str] = frozenset()
        #: The players that rested in the last step.
        self.rested: frozenset[str] = frozenset()
        self._check()
        self.project(self.names)

    def _check(self) -> None:
        for name in self.names:
            own = self.point[name]
            if not own:
                raise ValueError(f"player {name!r} has no parameters that require a gradient")
            if isinstance(self.losses, Mapping) and name not in self.losses:
                raise ValueError(f"player {name!r} has no loss: give losses[{name!r}]")
            if name not in self.optimizers:
                raise ValueError(f"player {name!r} has no optimizer: give optimizers[{name!r}]")
            held = {id(p) for group in self.optimizers[name].param_groups for p in group["params"]}
            if held != {id(p) for p in own}:
                raise ValueError(
                    f"the optimizer of player {name!r} holds other parameters than the player's: "
                    f"construct it with players[{name!r}].parameters()"
                )

        for name, bound in self.bounds.items():
            if name not in self.names or not bound > 0:
                raise ValueError(
                    f"the bound of {name!r} is {bound}: give a number above 0 for one of {list(self.names)}"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """The players' names, in the order of the point's blocks."""
        return self.point.names

    @property
    def device(self) -> torch.device:
        """Where the parameters are; the CPU where no player has any."""
        return next((tensor.device for tensor in self.point.tensors), torch.device("cpu"))

    # --- evaluate -------------------------------------------------------------------------------------

    def field(
        self, batch: Batch, only: Sequence[str] | None = None, *, base: bool = True, following: Sequence[str] = ()
    ) -> Point:
        """F(x): each player's gradient of its own loss with respect to its own parameters.

        Args:
            batch: what to evaluate on.
            only: the players wanted; the others are frozen and cost nothing. None is all of them.
            base: whether this is the evaluation on which the players' buffers (batch-norm statistics,
                spectral-norm vectors) move. They move with their own player only.
            following: who is asked for on the same batch by the next call, before anything else happens to them: their
                forward passes are made with their graph and kept for it (`ForwardPasses`).

        Returns:
            A point with a block for each player wanted, averaged over ranks, its tensors new; 0 for those that rest,
            whom a move by it, or by what is computed from it, leaves alone.

        Raises:
            NonFinite: a loss or a gradient is infinite or NaN.
        """
        names, gradients, values = self._awake(batch, self._known(only))
        for group in self._groups(names):
            # Noise and buffers begin anew for each group, so that a field does not depend on who is asked together.
            # Where a pass is taken decides in what order ranks wait for each other; a recorded step merges equal ones.
            if batch.share is not None or is_recording():
                following = ()
            with (
                self._passes.shared(
                    group if base else (), [n for n in following if n not in group and n not in self._due]
                ),
                self._evaluation(batch, moving=group if base else ()),
                self._frozen(set(self.names) - set(group)),
            ):
                own, its_losses = self._gradients(batch, group)
            gradients.update(own)
            values.update(its_losses)
        field, values = mean_with_losses(Point(gradients, self.resting_on(batch)), values)
        if base:
            self.loss_values.update(values)
        self.evaluations += len(names)
        return _checked(field, values)

    def linearize(self, batch: Batch) -> "Linearization":
        """F(x) together with products with its Jacobian, for methods of second order. A base evaluation.

        Batch, instance and layer normalisation are made of elementary operations in it, for PyTorch's own are wrong
        where a penalty differentiates the player first (`ElementaryNormalisation`).
        """
        names, gradients, values = self._awake(batch, self.names)
        for group in self._groups(names):
            with self._evaluation(batch, moving=group), ElementaryNormalisation():
                losses = self._losses(self.players, batch.value, group, batch.share)
                for name in group:
                    gradients[name] = torch.autograd.grad(
                        losses[name],
                        self.point[name],
                        create_graph=True,
                        allow_unused=True,
                        materialize_grads=True,
                    )
            values |= {name: losses[name].detach() for name in group}
        local = Point(gradients, self.resting_on(batch))
        field, values = mean_with_losses(local.clone(), values)
        self.loss_values.update(values)
        self.evaluations += len(names)
        return Linearization(self, local, _checked(field, values))

    # --- move -----------------------------------------------------------------------------------------

    def move(self, direction: Point) -> None:
        """Hand a direction to the optimizers of the players that it has a block for, and that do not rest.

        Those rest that did so on the batch that the direction comes from, and those that rest through this step.
        """
        for name in direction.names:
            if name in direction.resting | self._at_rest:
                continue
            own = self.point[name]
            for parameter, gradient in zip(own, direction[name], strict=True):
                # A fused optimizer takes numbers as they lie in memory, whatever the strides of the gradient say.
                same = gradient.stride() == parameter.stride()
                parameter.grad = gradient if same else torch.empty_like(parameter).copy_(gradient)
            self.optimizers[name].step()
            for parameter in own:
                parameter.grad = None
            self.project((name,))

    @torch.no_grad()
    def project(self, names: Sequence[str] | None = None) -> None:
        """Bring the named players, or all that are awake, back into their bounds; the end of a step does."""
        for name in self.bounds.keys() & set(self.awake if names is None else names):
            for parameter in self.point[name]:
                parameter.clamp_(-self.bounds[name], self.bounds[name])

    @property
    def rates(self) -> dict[str, float]:
        """Each player's step size h, as its optimizer has it now.

        Raises:
            ValueError: an optimizer's parameter groups have different rates.
        """
        rates = {}
        for name, optimizer in self.optimizers.items():
            own = {float(group["lr"]) for group in optimizer.param_groups}
            if len(own) != 1:
                raise ValueError(f"the optimizer of {name!r} has rates {sorted(own)}: this method needs one a player")
            rates[name] = own.pop()
        return rates

    @contextmanager
    def scaled_rates(self, factor: float, names: Sequence[str] | None = None) -> Iterator[None]:
        """Inside the block the rates of the named players' optimizers, or of all, are `factor` times as large.

        A step by a multiple of a direction would be none under Adam, which does not see the direction's length.
        """
        groups = [group for name in self._known(names) for group in self.optimizers[name].param_groups]
        before = [group["lr"] for group in groups]
        for group, rate in zip(groups, before, strict=True):
            group["lr"] = rate * factor
        try:
            yield
        finally:
            for group, rate in zip(groups, before, strict=True):
                group["lr"] = rate

    def preconditioner(self, direction: Point) -> Diagonal:
        """The matrix P(g) by which the optimizers would multiply a gradient g here: a look ahead is z − γ P(g) g.

            SGD, ASGD:    P = h
            RMSprop:      P = h/(√v + ε),    v = α v₋ + (1 − α) g²
            Adam, AdamW:  P = h/(√v̂ + ε),    v = β₂ v₋ + (1 − β₂) g²,  v̂ = v/(1 − β₂ᵗ)

        and so on: v₋ and t are the optimizer's memory, which stays as it is, h its rate now, a parameter group its own.
        Where v is 0, as for a unit that is dead until now, P is 0 and not h/ε.
        Where β₁ = 0 and nothing decays the optimizer's own step is −P(g) g exactly, so that a look ahead is never
        longer than a step.
        Momentum is no part of P, as it is no part of the field, nor is weight decay that v knows nothing of (AdamW's,
        SGD's). With weight decay that is added to g before v is taken of it, as Adam's, the step is no matrix times g,
        and g over that v is of any size where g and the decay cancel. Differentiable in g.

        Args:
            direction: g, a field or what is made of fields; P has the players that it has.

        Raises:
            ValueError: an optimizer that is none of SGD, ASGD, Adagrad, RMSprop, Adadelta, Adam, AdamW, NAdam, RAdam,
                Adamax, and has no `preconditioner(parameter, gradient)` of its own; one that ascends (`maximize`), or
                scales weight decay with the gradient.
        """
        return Diagonal({n: preconditioner(self.optimizers[n], self.point[n], direction[n]) for n in direction.names})

    def losses_at(
        self, batch: Batch, at: Mapping[str, Mapping[str, Tensor]], names: Sequence[str], *, base: bool = False
    ) -> Mapping[str, Tensor]:
        """The losses of the named players where some have other parameters, with their graph.

        Args:
            batch: what to evaluate on.
            at: {player: {parameter name: tensor}}; losses must use these players by calling them.
            names: whose losses.
            base: whether this is the evaluation on which the named players' buffers move.
        """
        moved = {name: _Moved(self.players[name], parameters) for name, parameters in at.items()}
        with self._evaluation(batch, moving=names if base else ()), ElementaryNormalisation():
            return self._losses({**self.players, **moved}, batch.value, names, batch.share)

    @contextmanager
    def excursion(self) -> Iterator[Point]:
        """Move about inside the block; at its end, also by an error, the point is back where it was.

        Only parameters come back: the optimizers' moments keep what the excursion taught them. Yields x.
        """
        start = self.point.clone()
        try:
            yield start
        finally:
            self.point.copy_(start)

    def recalibrate_batch_norm(self, point: Point, batches: Batches) -> None:
        """Go to a point where the iteration never stood, an average, and take batch-norm statistics there.

        With those of the last iterate, what the average has learned to put into its place comes out beside it. They are
        means over batches ahead of those given, whose position stays. A player that rests keeps what it has, and so
        does a batch norm that is in evaluation mode by itself.

        Raises:
            ValueError: a player with batch norm is in evaluation mode as a whole, where no statistics are taken.

        Izmailov, Podoprikhin, Garipov, Vetrov, Wilson 2018, arXiv 1803.05407, section 3.2.
        """
        norms = {name: found for name, player in self.players.items() if (found := _batch_norms(player))}
        for name in norms:
            if not self.players[name].training:
                raise ValueError(
                    f"player {name!r} is in evaluation mode, in which batch norm takes no statistics: "
                    f"call players[{name!r}].train() first"
                )
        self.point.copy_(point)
        ahead = Batches(batches.draw, batches.position)
        with _from_scratch([norm for found in norms.values() for norm in found]):
            for _ in range(SETTLING if norms else 0):
                batch = ahead.next()
                resting = self.resting_on(batch)
                for group in self._groups([name for name in norms if name not in resting]):
                    with self._evaluation(batch, moving=group), self._frozen(set(self.names) - set(group)):
                        for _, part, rows in self._parts_of(batch):
                            self._losses(self.players, part, group, rows)

    def checked(self, gradients: Mapping[str, Sequence[Tensor]], losses: Mapping[str, Tensor]) -> Point:
        """Gradients that a method took itself, as `field` gives them: counted, averaged over ranks, finite.

        Raises:
            NonFinite: a loss or a gradient is infinite or NaN.
        """
        field, values = mean_with_losses(Point(gradients), losses)
        self.loss_values.update(values)
        self.evaluations += len(gradients)
        return _checked(field, values)

    def end_step(self) -> None:
        """Let memories move that fields depend on, once for each player that was evaluated: a method's step ends so.

        They are the vectors of spectral norm, by a step of the power method, and the buffers of modules with
        `moves_between_steps`. Until then they are constants: fields and products of a step are those of one function.
        Players with bounds are projected on them.
        """
        self._settle(tuple(self._due))
        self.project()

    def _settle(self, names: Sequence[str]) -> None:
        for name in names:
            self._spectral[name].move()
            for (owner, key), value in zip(self._memories[name], self._due.pop(name), strict=True):
                owner[key] = value

    # --- rest -----------------------------------------------------------------------------------------

    @property
    def awake(self) -> tuple[str, ...]:
        """The players that do not rest through this step: a method remembers, extrapolates and moves these only."""
        return tuple(name for name in self.names if name not in self._at_rest)

    def resting_on(self, batch: Batch) -> frozenset[str]:
        """Who rests on a batch, and who does through this step."""
        return batch.resting | self._at_rest

    @contextmanager
    def at_rest(self, names: frozenset[str]) -> Iterator[None]:
        """Inside the block these players rest on every batch, whatever it says; `Method.step` is such a block."""
        before, self._at_rest = self._at_rest, self._at_rest | names
        try:
            yield
        finally:
            self._at_rest, self.rested = before, self._at_rest

    # --- look -----------------------------------------------------------------------------------------

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Look without a trace: inside the block buffers are copies, and nothing is counted."""
        counted, due = (self.evaluations, self.products), dict(self._due)
        try:
            with ExitStack() as stack:
                for buffers in self._buffers.values():
                    stack.enter_context(_kept(buffers))
                yield
        finally:
            self.evaluations, self.products = counted
            self._due = due

    @contextmanager
    def rehearsal(self) -> Iterator[Point]:
        """Play on without a trace: at the end point, buffers, optimizers, losses and counts are as they were.

        Yields x. Give a method that goes along as a copy, for its memory is its own.
        """
        optimizers, losses, rested = self.optimizers, dict(self.loss_values), self.rested
        # A copy of the moments, over the parameters themselves.
        own = {id(p): p for p in self.point.tensors}
        self.optimizers = {name: copy.deepcopy(optimizer, dict(own)) for name, optimizer in optimizers.items()}
        try:
            with self.untouched(), self.excursion() as start:
                yield start
        finally:
            self.optimizers, self.loss_values, self.rested = optimizers, losses, rested

    # --- inside ---------------------------------------------------------------------------------------

    def _parts_of(self, batch: Batch) -> Iterable[tuple[float, Any, Share | None]]:
        """Parts of a batch, each with its share of the batch and, where ranks share it, the rows that this one has."""
        if batch.parts is not None:
            return batch.parts
        if self.parts is None or batch.share is not None:
            return [(1.0, batch.value, batch.share)]
        return [(share, part, None) for share, part in self.parts(batch.value)]

    def _gradients(self, batch: Batch, names: Sequence[str]) -> Gradients:
        """Gradients and losses of players whose losses come from one call: at once, or the mean over parts."""
        if batch.parts is None and (self.parts is None or batch.share is not None):
            return self._gradients_at_once(batch.value, names, batch.share)
        field, values = self.point.only(*names).zeros(), dict.fromkeys(names, torch.zeros(()))
        for share, part, rows in self._parts_of(batch):
            own, losses = self._gradients_at_once(part, names, rows)
            field.add_(Point(own), alpha=share)
            values = {name: values[name] + share * losses[name] for name in names}
        return {name: field[name] for name in names}, values

    def _gradients_at_once(self, value: Any, names: Sequence[str], rows: Share | None) -> Gradients:
        losses = self._losses(self.players, value, names, rows)
        gradients: dict[str, Sequence[Tensor]] = {
            name: torch.autograd.grad(
                losses[name],
                self.point[name],
                retain_graph=name != names[-1],
                allow_unused=True,
                materialize_grads=True,
            )
            for name in names
        }
        return gradients, {name: losses[name].detach() for name in names}

    def _known(self, only: Sequence[str] | None) -> tuple[str, ...]:
        if only is None:
            return self.names
        unknown = [name for name in only if name not in self.names]
        if unknown:
            raise ValueError(f"the game has no player {unknown[0]!r}: its players are {list(self.names)}")
        return tuple(only)

    def _awake(self, batch: Batch, wanted: Sequence[str]) -> tuple[list[str], dict[str, Sequence[Tensor]], Values]:
        """Those that play on a batch, a place for every gradient, and gradients and losses of 0 for those that rest."""
        resting = self.resting_on(batch)
        gradients: dict[str, Sequence[Tensor]] = {
            name: [torch.zeros_like(p) for p in self.point[name]] if name in resting else [] for name in wanted
        }
        values = {name: torch.zeros(()) for name in wanted if name in resting}
        return [name for name in wanted if name not in resting], gradients, values

    def _groups(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Players whose losses come from one call: all where the loss is joint, each alone otherwise."""
        if isinstance(self.losses, Mapping):
            return [(name,) for name in names]
        return [tuple(names)] if names else []

    def _losses(
        self, players: Players, value: Any, names: Sequence[str], rows: Share | None = None
    ) -> Mapping[str, Tensor]:
        if rows is not None:
            for player in self.players.values():
                see_whole_batches(player)
        with sharing(rows):
            if isinstance(self.losses, Mapping):
                losses: Mapping[str, Tensor] = {n: self.losses[n](players, value) for n in names}
            else:
                losses = self.losses(players, value, names)
            if rows is not None:  # so that the mean over ranks is that over the whole batch
                losses = {n: losses[n] * rows.weight for n in names}
        for name in names:
            if losses[name].dim() != 0:
                raise ValueError(
                    f"the loss of {name!r} has shape {tuple(losses[name].shape)}, expected a scalar: take its mean"
                )
            if not losses[name].requires_grad:
                raise ValueError(
                    f"the loss of {name!r} does not depend on its parameters: was something detached on the way?"
                )
        return losses

    @contextmanager
    def _evaluation(self, batch: Batch, moving: Sequence[str]) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(seeded(batch.seed))
            stack.enter_context(missing_derivatives_named())
            for name, buffers in self._buffers.items():
                if buffers and name not in moving:
                    stack.enter_context(_kept(buffers))
            # Due are those of players who move more than once in a step, and where no `Method.step` sees to them.
            self._settle([name for name in moving if name in self._due])
            for vectors in self._spectral.values():
                stack.enter_context(vectors.held())
            for name in moving:
                stack.enter_context(_kept(self._memories[name]))
            yield
            self._due |= {name: [owner[key] for owner, key in self._memories[name]] for name in moving}

    @contextmanager
    def _frozen(self, names: set[str]) -> Iterator[None]:
        parameters = [p for name in names for p in self.point[name]]
        for parameter in parameters:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in parameters:
                parameter.requires_grad_(True)


class Linearization:
    """F at a point on a batch, with products with its Jacobian J = ∂F/∂x at the same point and batch.

    Players that rest on the batch are constants: J has no row and no column of theirs.

    The graph is that of the local ranks' F; products are averaged over ranks, so pass the *averaged* field
    as the vector, and the product is that of the whole batch.

    Attributes:
        field: F(x), averaged over ranks, outside of the graph.
    """

    def __init__(self, game: Game, local: Point, field: Point) -> None:
        self.field = field
        self._game = game
        self._local = local
        self._dual: tuple[list[Tensor], Sequence[Tensor]] | None = None

    def vjp(self, vector: Point) -> Point:
        """Jᵀ v, in one backward pass."""
        self._game.products += 1
        return mean_over_ranks(self._awake(self._pull(self._local.tensors, self._game.point.tensors, vector)))

    def jvp(self, vector: Point) -> Point:
        """J v, by differentiating u ↦ Jᵀ u, which is linear, with respect to u."""
        self._game.products += 1
        if self._dual is None:
            u = [torch.zeros_like(t).requires_grad_() for t in self._local.tensors]
            # A gradient that is constant in x has no graph, and its row of the Jacobian is zero.
            rows = [(t, v) for t, v in zip(self._local.tensors, u, strict=True) if t.requires_grad]
            pulled = torch.autograd.grad(
                [t for t, _ in rows],
                self._game.point.tensors,
                [v for _, v in rows],
                create_graph=True,
                allow_unused=True,
                materialize_grads=True,
            )
            self._dual = u, pulled
        inputs, outputs = self._dual
        return mean_over_ranks(self._pull(outputs, inputs, self._awake(vector)))

    def _awake(self, vector: Point) -> Point:
        """The vector, 0 where a player rests."""
        if not self.field.resting:
            return vector
        kept = vector.clone()
        for name in self.field.resting.intersection(kept.names):
            kept.only(name).copy_(kept.only(name).zeros())
        return kept

    def _pull(self, outputs: Sequence[Tensor], inputs: Sequence[Tensor], vector: Point) -> Point:
        # A gradient that is constant in x has no graph, and its row of the Jacobian is zero.
        rows = [(o, v) for o, v in zip(outputs, vector.tensors, strict=True) if o.requires_grad]
        if not rows:
            return self.field.zeros()
        products = torch.autograd.grad(
            [o for o, _ in rows],
            list(inputs),
            [v for _, v in rows],
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        return self.field.like([p.detach() for p in products])


class _Moved(nn.Module):
    """A player's network with other parameters, differentiable with respect to them."""

    def __init__(self, network: nn.Module, parameters: Mapping[str, Tensor]) -> None:
        super().__init__()
        # In a tuple, so that the network is no sub-module of this one.
        self._of = (network, dict(parameters))

    def forward(self, *inputs: Any) -> Any:
        network, parameters = self._of
        return functional_call(network, parameters, inputs)


def _checked(field: Point, losses: Mapping[str, Tensor]) -> Point:
    """The field, where it and the losses are finite; one look at all numbers, and only then for the culprit."""
    if all_finite([*losses.values(), *field.tensors]):
        return field
    for name, loss in losses.items():
        if not loss.isfinite():
            raise NonFinite(name, "loss")
    culprit = next(name for name in field.names if not field.only(name).is_finite())
    raise NonFinite(culprit, "gradient")


def _buffers_of(module: nn.Module) -> list[tuple[dict[str, Tensor | None], str]]:
    return [
        (part._buffers, name)
        for part in module.modules()
        for name, buffer in part._buffers.items()
        if buffer is not None
    ]


def _memories_of(module: nn.Module) -> list[tuple[dict[str, Tensor | None], str]]:
    parts = [part for part in module.modules() if getattr(part, "moves_between_steps", False)]
    return [place for part in parts for place in _buffers_of(part)]


def _batch_norms(module: nn.Module) -> list[_BatchNorm]:
    return [
        part
        for part in module.modules()
        if isinstance(part, _BatchNorm) and part.track_running_stats and (part.training or not module.training)
    ]


@contextmanager
def _from_scratch(norms: Sequence[_BatchNorm]) -> Iterator[None]:
    """Let the statistics become the mean over the batches that are seen inside the block; where none is, they stay."""
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        assert norm.num_batches_tracked is not None
        norm.momentum = None
        norm.num_batches_tracked.zero_()
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


@contextmanager
def _kept(buffers: list[tuple[dict[str, Tensor | None], str]]) -> Iterator[None]:
    """Let the block write to copies. The originals are swapped out, not written back: a graph built inside
    may be differentiated later and would notice."""
    originals = [owner[name] for owner, name in buffers]
    for (owner, name), original in zip(buffers, originals, strict=True):
        assert original is not None
        owner[name] = original.clone()
    try:
        yield
    finally:
        for (owner, name), original in zip(buffers, originals, strict=True):
            owner[name] = original
