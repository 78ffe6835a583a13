"""Graphs compiled ahead of time (AOTInductor), kept in a private folder under a key of all that decides them."""

import hashlib
import os
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, fx

from saddlepoint.engine.forms import form_of
from saddlepoint.engine.numbers import Untraceable
from saddlepoint.engine.products import Products, Shape, quicker, shapes_of
from saddlepoint.engine.step import Program

#: What inductor is told besides, as far as this torch knows it. Headers that are compiled beforehand save a later graph
#: nothing that could be measured; whether instructions that the processor has can be compiled, the graph itself shows.
OPTIONS = {"memory_planning": True, "aot_inductor.precompile_headers": False, "cpp.vec_isa_ok": True}
#: Letters of a compiler's message that a reason is cut to.
MESSAGE = 300


@dataclass
class PackageCompiler:
    """Makes programs of graphs: loaded from the folder, or compiled by another process of low priority.

    Args:
        folder: made for its owner alone (0700) where it is not there. Code is loaded from it, so nobody else's is.
        products: what multiplies matrices in float32; None measures it for the first graph, and keeps it.

    Raises:
        Untraceable: the folder is another user's, or others may write to it.
    """

    folder: Path
    products: Products | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.folder.stat()
        if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
            raise Untraceable(f"others may write to {self.folder}, from which code would be loaded: chmod 700 it")

    def __call__(self, graph: fx.GraphModule, inputs: Sequence[Tensor]) -> "Package":
        """Begin to make the program of a graph for inputs like these."""
        if self.products is None:
            self.products = self._measured(shapes_of(graph))
        return Package(self.folder / key_of(graph, inputs, self.products), graph, inputs, self.products)

    def _measured(self, shapes: Counter[Shape]) -> Products:
        """What was quicker when it was measured first: kept beside the packages, so that the same run rounds alike."""
        decides = sorted(shapes.items()), _machine()
        file = self.folder / f"{hashlib.sha256(repr(decides).encode()).hexdigest()[:32]}.products"
        if file.exists():
            return "onednn" if file.read_text() == "onednn" else "mkl"
        found = quicker(shapes)
        part = file.with_suffix(f".{os.getpid()}.products")
        part.write_text(found)
        part.replace(file)
        return found


class Package:
    """A program on its way.

    Args:
        path: without an ending. `.pt2` is the compiled graph, `.sha256` its checksum, written last.
        graph, inputs, products: what it is made of.
    """

    def __init__(self, path: Path, graph: fx.GraphModule, inputs: Sequence[Tensor], products: Products) -> None:
        self._path, self._products, self._log = path, products, path.with_suffix(f".{os.getpid()}.log")
        self._builder: subprocess.Popen[bytes] | None = None
        #: Whether it was there.
        self.cached = self._whole()
        if not self.cached:
            self._begin(graph, inputs)

    def ready(self) -> Program | None:
        """The program, or None while it is compiled. Raises Untraceable where it can't be."""
        if self._builder is not None:
            if self._builder.poll() is None:
                return None
            self._end(self._builder)
        return self._loaded()

    def wait(self) -> Program:
        """The program, once it is compiled. Raises Untraceable where it can't be."""
        if self._builder is not None:
            self._builder.wait()
        program = self.ready()
        assert program is not None
        return program

    def stop(self) -> None:
        """Let the compiler end."""
        if self._builder is not None:
            self._builder.kill()
            self._builder.wait()
            for pid in (os.getpid(), self._builder.pid):
                for file in self._path.parent.glob(f"{self._path.name}.{pid}.*"):
                    file.unlink(missing_ok=True)

    def _begin(self, graph: fx.GraphModule, inputs: Sequence[Tensor]) -> None:
        source = self._path.with_suffix(f".{os.getpid()}.source.pt2")
        example = tuple(torch.zeros_like(t) if t.is_floating_point() else t.detach().clone() for t in inputs)
        try:
            with torch.no_grad():
                torch.export.save(torch.export.export(graph, example, strict=False), source)
        except Exception as error:  # whatever torch raises for what it can't write
            source.unlink(missing_ok=True)
            said = next((line for line in str(error).splitlines() if line.strip()), "")
            raise Untraceable(f"torch can't export it ({type(error).__name__}: {said[:MESSAGE]})") from error
        words = [sys.executable, "-m", "saddlepoint.engine.building", str(source), str(self._path)]
        words += [self._products, str(torch.get_num_threads()), str(os.getpid())]
        with self._log.open("wb") as log:
            # A session of its own, so that Ctrl-C reaches the training alone.
            self._builder = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _end(self, builder: "subprocess.Popen[bytes]") -> None:
        self._builder = None
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        self._log.unlink(missing_ok=True)
        if builder.returncode != 0:
            said = lines[-1][:MESSAGE] if lines else f"its compiler ended with {builder.returncode}"
            raise Untraceable(f"it can't be compiled: {said}")

    def _whole(self) -> bool:
        """Whether the package is there and is what was written."""
        try:
            expected = self._path.with_suffix(".sha256").read_text()
            return digest_of(self._path.with_suffix(".pt2")) == expected
        except OSError:
            return False

    def _loaded(self) -> Program:
        if not self._whole():
            raise Untraceable(f"the package {self._path.with_suffix('.pt2')} was damaged as it was written")
        model = torch._inductor.aoti_load_package(str(self._path.with_suffix(".pt2")))
        run = model.loader.boxed_run
        return lambda *inputs: run(list(inputs))


def key_of(graph: fx.GraphModule, inputs: Sequence[Tensor], products: Products) -> str:
    """A name for all that decides a package. The graph holds no tensors: its constants are inputs."""
    assert not any(node.op == "get_attr" for node in graph.graph.nodes)
    decides = (
        graph.code,
        products,
        [form_of(t) for t in inputs],
        sorted(OPTIONS.items()),
        _machine(),
        os.environ.get("CXX", ""),
    )
    return hashlib.sha256(repr(decides).encode()).hexdigest()[:32]


def _machine() -> tuple[object, ...]:
    """What of torch and of the processor decides how a graph is compiled."""
    return (
        torch.__version__,
        torch.version.git_version,
        torch.__config__.show(),
        torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
        platform.machine(),
        _processor(),
    )


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _processor() -> str:
    """Model and instructions of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
