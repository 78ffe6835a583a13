"""What plays the steps of a training: eagerly, by compiled graphs, or eagerly first and by compiled graphs then."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batches, Game, Method, Step
from saddlepoint.engine import Untraceable
from saddlepoint.storage import RunFolder

if TYPE_CHECKING:  # else imported where steps are compiled
    from saddlepoint.engine import CompiledSteps

EngineName = Literal["eager", "compiled", "auto"]
#: Seconds of eager steps that have to be left for `auto` to compile: compiling takes a core for about a minute.
WORTH = 240.0
#: Steps that are timed before `auto` decides, and again before it changes over.
TIMED = 50
#: `auto` changes over where a compiled step takes less than this share of an eager one.
GAIN = 0.9


class Engine:
    """Plays steps, and keeps in `run.json` from which sample on by what, so that a resumed run rounds alike.

    Until `begin` all steps are eager.

    Args:
        name: `eager`, `compiled` or `auto`.
        game, method: that are played.
        folder: of the run.
        cache: the folder of compiled graphs.
        said: is told what people should know.
    """

    def __init__(
        self, name: EngineName, game: Game, method: Method, folder: RunFolder, cache: Path, said: Callable[[str], None]
    ) -> None:
        self.name, self.game, self.method, self.folder, self.cache, self.said = name, game, method, folder, cache, said
        self._steps: CompiledSteps | None = None
        #: Samples seen when graphs take over; None where that is not settled.
        self._from: int | None = None
        self._asked = name != "auto"
        self._timed, self._seconds = 0, 0.0
        self._told = 0

    def begin(self, batches: Batches) -> None:
        """Take what `run.json` says, and trace the first step where it is compiled from the start.

        Raises:
            ConfigurationError: `compiled` was asked for, and a step can't be compiled; says why.
        """
        if self.name == "eager" or not self.game.names:
            return
        written: dict[str, Any] = self.folder.read_identity().get("engine", {})
        self._from = written.get("compiled_from") if self.name == "auto" else 0
        if self._from is None:
            return
        self._asked = True
        try:
            self._prepare(batches, written.get("products"))
        except Untraceable as error:
            if "compiled_from" not in written:
                raise _refusal(self.name, error) from error
            raise ConfigurationError(
                f"steps of this run are compiled from {self._from:,} samples on, and here they can't be, as {error}. "
                f"A run keeps its engine: go on where they can be, or begin again in another folder"
            ) from error
        if self._from == 0:
            self._write(0)

    def ready(self, batches: Batches) -> bool:
        """Whether the next step can be played now; otherwise what it needs is being compiled."""
        return self._steps is None or not self._compiled(batches) or self._steps.prepare(batches)

    def step(self, batches: Batches) -> Step:
        """One step of the method, by its graph where there is one; eager ones are timed until `auto` has decided."""
        if self._steps is not None and self._compiled(batches):
            step = self._steps.step(batches)
            for reason in self._steps.refused[self._told :]:
                self.said(f"steps of this kind stay eager: {reason}")
            self._told = len(self._steps.refused)
            return step
        if self._asked and self._steps is None:
            return self.method.step(self.game, batches)
        began, drawing = time.perf_counter(), batches.seconds
        step = self.method.step(self.game, batches)
        self._timed += 1
        self._seconds += time.perf_counter() - began - (batches.seconds - drawing)
        return step

    def loaded(self) -> None:
        """Another state was loaded into the game and the method."""
        if self._steps is not None:
            self._steps.forget_places()

    def consider(self, batches: Batches, seconds_left: float) -> None:
        """At a checkpoint, `auto` begins to compile where what is left pays for it, and later changes over.

        Args:
            batches: which the next step draws from.
            seconds_left: of the run at the pace until now; infinity where that is not known.
        """
        if self.name != "auto" or self._from is not None or self._timed < TIMED:
            return
        try:
            if not self._asked:
                if seconds_left < WORTH or compiler() is None:
                    return
                self._asked = True
                self._prepare(batches, None)
            elif self._steps is not None and self._steps.built():
                self._change_over(batches, self._steps)
        except Untraceable as error:
            self._stay(str(error))

    def end(self) -> None:
        """Let what is still being compiled end."""
        if self._steps is not None:
            self._steps.stop()

    # --- inside ----------------------------------------------------------------------------------------------

    def _compiled(self, batches: Batches) -> bool:
        return self._from is not None and batches.position >= self._from

    def _prepare(self, batches: Batches, products: Any) -> None:
        from saddlepoint.engine import CompiledSteps, PackageCompiler

        require_compiler()
        known = products if products in ("mkl", "onednn") else None
        self._steps = CompiledSteps(self.game, self.method, PackageCompiler(self.cache, known))
        self._steps.look_ahead(batches)

    def _change_over(self, batches: Batches, steps: "CompiledSteps") -> None:
        took, eager = steps.timed(batches), self._seconds / self._timed
        if took > GAIN * eager:
            self._stay(f"it is not quicker here ({1e3 * took:.2f} ms against {1e3 * eager:.2f} ms)")
            return
        self._write(batches.position)
        self._from = batches.position
        self.said(f"steps are compiled from here on, {eager / took:.1f} times as fast")

    def _stay(self, reason: str) -> None:
        self.end()
        self._steps = None
        self.said(f"steps stay eager: {reason}")

    def _write(self, position: int) -> None:
        """Before it acts, so that a run that is killed goes on as it would have."""
        from saddlepoint.engine import PackageCompiler

        assert self._steps is not None
        compiled = self._steps.compiler
        products = compiled.products if isinstance(compiled, PackageCompiler) else None
        self.folder.write_identity(engine={"compiled_from": position, "products": products})


def check_compiled(game: Game, method: Method, batches: Batches, cache: Path) -> None:
    """Refuse what `compiled` can't play, before a run has begun; nothing is compiled, and the game stays.

    Args:
        game, method, batches: of the run.
        cache: the folder of compiled graphs.

    Raises:
        ConfigurationError: a step can't be compiled; says why.
    """
    from saddlepoint.engine import CompiledSteps, PackageCompiler

    try:
        require_compiler()
        PackageCompiler(cache)
        CompiledSteps(game, method).look_ahead(batches)
    except Untraceable as error:
        raise _refusal("compiled", error) from error


def require_compiler() -> None:
    """Raise Untraceable where there is no C++ compiler."""
    if compiler() is None:
        raise Untraceable("there is no C++ compiler: install g++ or clang++, or name one in the environment's CXX")


def compiler() -> str | None:
    """The C++ compiler that graphs are compiled with, or None."""
    return shutil.which(os.environ.get("CXX") or "g++") or shutil.which("clang++")


def _refusal(name: EngineName, error: Untraceable) -> ConfigurationError:
    return ConfigurationError(f"engine={name}: a step of this game can't be compiled, as {error}: take --engine eager")
