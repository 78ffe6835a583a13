"""What a run hands over, in the formats of other programs, checked as it is written."""

import inspect
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.storage import read_bytes, whole_folder, write_atomically, write_sealed
from saddlepoint.storage.sealed import MANIFEST
from saddlepoint.tasks.graph import Graph
from saddlepoint.tasks.model import CARD, Model

#: How far an exported graph may be from the model: of its largest number, and in levels where it makes bytes.
TOLERANCE, LEVELS = 1e-4, 1
#: Key of the facts in a file's own metadata.
FACTS = "saddlepoint"


@dataclass(frozen=True)
class Exported:
    """A file or folder that was written.

    Attributes:
        path: of it.
        difference: of its outputs from the model's at most, on inputs of two sizes: of the largest number, or in levels
            of bytes; None of a copy.
        about: inputs and outputs, in words.
    """

    path: Path
    difference: float | None
    about: dict[str, str]


def export(model: Model, path: Path) -> Exported:
    """Write a model for other programs: `.onnx`, `.pt2` (torch.export), or a folder of safetensors.

    A graph is run before it is put in its place, on inputs of other sizes than it was traced with, and compared.

    Args:
        model: what a run hands over.
        path: its ending says the format; a folder has none.

    Raises:
        ConfigurationError: no such format, a library that is not there, or a model that is no graph of tensors.
        ValueError: what was written does not give what the model gives.
        OSError: the file can't be written.
    """
    writers = {".onnx": _onnx, ".pt2": _program}
    if path.suffix.lower() in writers:
        graph = model.graph()
        content, run = writers[path.suffix.lower()](graph, facts_of(model, graph))
        difference = compared(graph, run)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        return Exported(path, difference, dict(graph.about))
    if path.suffix and not path.is_dir():
        raise ConfigurationError(f"{path} names no format: give FILE.onnx, FILE.pt2, or a folder without an ending")
    return Exported(path, None, _copied(model, path))


def facts_of(model: Model, graph: Graph) -> dict[str, Any]:
    """What a program needs to know of a graph, in plain data."""
    return {
        "kind": model.kind,
        "made by": f"saddlepoint {version('saddlepoint')}",
        "about": dict(graph.about),
        **{key: value for key, value in graph.facts.items() if key != "coding"},
    }


def compared(graph: Graph, run: Callable[[Sequence[Tensor]], Sequence[Any]]) -> float:
    """The largest difference of an exported graph from the module, for one sample and for five.

    Raises:
        ValueError: it is larger than `TOLERANCE`, or `LEVELS`.
    """
    worst = 0.0
    for count in 1, 5:
        inputs = graph.resized(count)
        with torch.no_grad():
            expected = graph.module(*inputs)
        expected = expected if isinstance(expected, tuple) else (expected,)
        for name, mine, theirs in zip(graph.outputs, expected, run(inputs), strict=True):
            mine, theirs = np.asarray(mine), np.asarray(theirs)
            if mine.shape != theirs.shape:
                raise ValueError(f"the exported graph gives {name} {theirs.shape}, and the model {mine.shape}")
            apart = np.abs(mine.astype(np.float64) - theirs.astype(np.float64)).max(initial=0.0)
            if mine.dtype == np.uint8:
                allowed = float(LEVELS)
            else:
                apart, allowed = apart / max(1e-12, float(np.abs(mine).max(initial=0.0))), TOLERANCE
            if not apart <= allowed:
                raise ValueError(
                    f"the exported graph's {name} are {apart:.3g} from the model's, {allowed:g} is allowed"
                )
            worst = max(worst, float(apart))
    return worst


Run = Callable[[Sequence[Tensor]], Sequence[Any]]


def _traced(graph: Graph) -> torch.export.ExportedProgram:
    free: tuple[Any, ...] = tuple(dict.fromkeys(graph.axes(name), torch.export.Dim.DYNAMIC) for name in graph.inputs)
    kinds = [parameter.kind for parameter in inspect.signature(graph.module.forward).parameters.values()]
    if kinds[-1] is inspect.Parameter.VAR_POSITIONAL:
        named = len(kinds) - 1
        free = (*free[:named], free[named:])
    with torch.no_grad():
        return torch.export.export(graph.module, tuple(graph.inputs.values()), dynamic_shapes=free)


def _program(graph: Graph, facts: dict[str, Any]) -> tuple[bytes, Run]:
    """The bytes of a .pt2 file, and what runs them."""
    with _quiet():
        traced = _traced(graph)
        buffer = io.BytesIO()
        torch.export.save(traced, buffer, extra_files={FACTS: json.dumps(facts)})
        loaded = torch.export.load(io.BytesIO(buffer.getvalue())).module()

    def run(inputs: Sequence[Tensor]) -> Sequence[Any]:
        with torch.no_grad():
            made = loaded(*inputs)
        return made if isinstance(made, tuple | list) else (made,)

    return buffer.getvalue(), run


def _onnx(graph: Graph, facts: dict[str, Any]) -> tuple[bytes, Run]:
    """The bytes of an .onnx file, and what runs them."""
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  # which torch writes it by
    except ImportError as error:
        raise ConfigurationError(
            "ONNX is written and checked by libraries: pip install 'saddlepoint[export]'"
        ) from error
    with _quiet():
        program = torch.onnx.export(
            _traced(graph).run_decompositions({torch.ops.aten.special_ndtri.default: normal_score}),
            (),
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamo=True,
            verbose=False,
            optimize=True,
        )
        assert program is not None
        model = program.model_proto
        for key, value in (("producer", "saddlepoint"), (FACTS, json.dumps(facts))):
            entry = model.metadata_props.add()
            entry.key, entry.value = key, value
        content = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]

    def run(inputs: Sequence[Tensor]) -> Sequence[Any]:
        given = dict(zip(graph.inputs, inputs, strict=True))
        made: Sequence[Any] = session.run(list(graph.outputs), {name: given[name].numpy() for name in names})
        return made

    return content, run


#: Coefficients of the inverse error function's polynomials, in the middle and towards the ends.
_MIDDLE = (
    *(2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087),
    *(-0.00125372503, -0.00417768164, 0.246640727, 1.50140941),
)
_ENDS = (
    *(-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773),
    *(-0.0076224613, 0.00943887047, 1.00167406, 2.83297682),
)


def normal_score(p: Tensor) -> Tensor:
    """Φ⁻¹ of probabilities in single precision, in operations that every program has.

    M. Giles, "Approximating the erfinv function", GPU Computing Gems, 2011.

    >>> normal_score(torch.tensor([0.5, 0.975])).mul(100).round().tolist()
    [0.0, 196.0]
    """
    x = 2 * p - 1
    # (1 − x)(1 + x), without the cancellation of 1 − x² near 1.
    w = -torch.log(4 * p * (1 - p))
    found = []
    for coefficients, at in ((_MIDDLE, w - 2.5), (_ENDS, torch.sqrt(w.clamp_min(5.0)) - 3)):
        value = torch.full_like(at, coefficients[0])
        for coefficient in coefficients[1:]:
            value = value * at + coefficient
        found.append(value)
    middle, ends = found
    return torch.where(w < 5, middle, ends) * x * 2**0.5


@contextmanager
def _quiet() -> Iterator[None]:
    """Exporters tell of each step what nobody can act on."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _copied(model: Model, folder: Path) -> dict[str, str]:
    """Copy a model's own folder: safetensors, configuration, manifest and card. Gives what is in it."""
    with whole_folder(folder, _check_new) as made:
        if model.folder is None:
            model.save(made, {})
        else:
            own = [path for path in model.folder.iterdir() if path.is_file() and not path.name.startswith(".")]
            sealed = [path for path in own if path.name not in (CARD, MANIFEST)]
            write_sealed(made, {path.name: read_bytes(path, path.stat().st_size) for path in sealed})
            for path in own:
                if path.name == CARD:
                    write_atomically(made / CARD, read_bytes(path))
    return {path.name: f"{path.stat().st_size:,} bytes" for path in sorted(folder.iterdir())}


def _check_new(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} is not empty: give a new folder")
