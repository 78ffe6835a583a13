"""Which library multiplies matrices in a compiled step: torch's own choice, or oneDNN where that is faster here.

On processors of AMD the MKL of torch's wheels does not use AVX-512; oneDNN, which is in the same wheels, does. Its
operator is private to torch, so it is used only where it is there, gives the same products, and was measured faster.
"""

import time
from collections import Counter
from typing import Any, Literal

import torch
from torch import Tensor, fx

Products = Literal["mkl", "onednn"]
Shape = tuple[int, int, int]

aten = torch.ops.aten
#: Seconds of a measurement, for both.
MEASURED = 0.02
#: oneDNN is taken where it needs less than this share of the time.
GAIN = 0.95


def shapes_of(graph: fx.GraphModule) -> Counter[Shape]:
    """(m, k, n) of the products of a graph that oneDNN can take, and how many there are of each."""
    return Counter(shape for node in graph.graph.nodes if (shape := _shape(node)) is not None)


def by_onednn(graph: fx.GraphModule) -> None:
    """Let oneDNN make the products of a graph that it can take, and inductor compile such calls."""
    _let_linear_be_strided()
    for node in [node for node in graph.graph.nodes if _shape(node) is not None]:
        _replace(graph, node)
    graph.recompile()


def quicker(shapes: Counter[Shape]) -> Products:
    """What multiplies matrices of these shapes (m, k, n), so many of each, in less time, by a short measurement."""
    linear = _linear()
    if linear is None or not shapes:
        return "mkl"
    times = {"mkl": 0.0, "onednn": 0.0}
    for (m, k, n), many in shapes.items():
        a, b = torch.ones(m, k), torch.ones(n, k)
        if not torch.allclose(linear(a, b, None, "none", [], ""), a @ b.t(), rtol=1e-5):
            return "mkl"
        until = time.perf_counter() + MEASURED / len(shapes)
        best = {"mkl": float("inf"), "onednn": float("inf")}
        while True:
            for name in best:
                began = time.perf_counter()
                linear(a, b, None, "none", [], "") if name == "onednn" else torch.mm(a, b.t())
                best[name] = min(best[name], time.perf_counter() - began)
            if time.perf_counter() > until:
                break
        for name, took in best.items():
            times[name] += many * took
    return "onednn" if times["onednn"] < GAIN * times["mkl"] else "mkl"


def _let_linear_be_strided() -> None:
    """Inductor's lowering of oneDNN's product asks for constant weights as they lie in memory; the kernel does not."""
    from torch._inductor import ir, lowering, mkldnn_ir
    from torch._inductor.fx_passes import mkldnn_fusion

    def lower(x: Any, w: Any, b: Any, attribute: str, _scalars: Any, algorithm: str, layout: Any = None) -> Any:
        kernel = mkldnn_ir.LinearUnary
        x, w = kernel.require_contiguous(kernel.realize_input(x)), kernel.realize_input(w)
        if hasattr(w, "freeze_layout"):
            w.freeze_layout()
        given, constants = [x, w], [None, attribute, [-1], algorithm]
        if b is not None:
            given, constants = [*given, kernel.require_contiguous(kernel.realize_input(b))], constants[1:]
        size = [x.get_size()[0], w.get_size()[0]]
        layout = ir.FixedLayout(device=x.get_device(), dtype=x.get_dtype(), size=size)
        made = kernel(layout=layout, inputs=given, constant_args=constants)
        return ir.TensorBox.create(mkldnn_ir._create_output_node(made))

    # Its fusions expect constant weights, too.
    mkldnn_fusion._mkldnn_fusion_init = lambda *_, **__: None  # type: ignore[assignment]
    for operator in (torch.ops.mkldnn._linear_pointwise, torch.ops.mkldnn._linear_pointwise.default):
        lowering.lowerings[operator] = lower


def _linear() -> Any:
    """The operator, x, w, bias ↦ x wᵀ + bias; None where this torch has none."""
    if not torch.backends.mkldnn.is_available():
        return None
    try:
        return torch.ops.mkldnn._linear_pointwise.default
    except (AttributeError, RuntimeError):
        return None


def _shape(node: fx.Node) -> Shape | None:
    """(m, k, n) of a product of matrices in float32 that oneDNN can take; None of any other node."""
    if node.target is aten.mm.default:
        a, b = node.args
    elif node.target is aten.addmm.default and len(node.args) == 3 and not node.kwargs:
        bias, a, b = node.args
        if _value(bias).dim() != 1:
            return None
    else:
        return None
    (m, k), n = _value(a).shape, _value(b).shape[1]
    return (m, k, n) if _value(node).dtype == torch.float32 and min(m, k, n) > 1 else None


def _replace(graph: fx.GraphModule, node: fx.Node) -> None:
    bias, a, b = node.args if len(node.args) == 3 else (None, *node.args)
    with graph.graph.inserting_before(node):
        weight = graph.graph.call_function(aten.permute.default, (b, [1, 0]))
        weight.meta["val"] = _value(b).t()
        new = graph.graph.call_function(_linear(), (a, weight, bias, "none", [], ""))
        new.meta["val"] = _value(node)
    node.replace_all_uses_with(new)
    graph.graph.erase_node(node)


def _value(node: Any) -> Tensor:
    value: Tensor = node.meta["val"]
    return value
