"""What a run hands over, in the formats of other programs."""

import json
import shutil
import subprocess
import threading
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint.autoencoders import ThroughDensity
from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.networks import NETWORKS
from saddlepoint.networks.vocoder import VocoderGenerator
from saddlepoint.runs.exporting import compared, export, normal_score
from saddlepoint.tasks.audio.model import SpectrogramGenerator
from saddlepoint.tasks.graph import Graph, plain
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.model import LatentInput
from saddlepoint.tasks.points.model import PointGenerator
from saddlepoint.tasks.text.model import TextGenerator, WriterStep
from saddlepoint.tasks.translation.model import ImageTranslator
from saddlepoint.tasks.vocoder.model import Vocoder, VocoderGraph

SIZE = 8
NORMAL = LatentInput(SIZE, "normal")


def built(name, classes=0, **more):
    shapes = {"table-generator": (7,), "window-generator": (24, 3), "wavegan-generator": (1, 4096)}
    shape = shapes.get(name, (3, 16, 16))
    torch.manual_seed(0)
    heads = {"heads": more.pop("heads")} if "heads" in more else {}
    spec = {"name": name, **more}
    return NETWORK_REGISTRY.build(spec, shape=shape, latent=SIZE, classes=classes, **heads), shape


def points(name, classes=0, **more):
    network, shape = built(name, classes, **more)
    return PointGenerator(network.eval(), {"name": name}, shape, NORMAL, 1.0, class_names=tuple("abcdefgh"[:classes]))


def images(classes=3):
    network, shape = built("mlp-generator", classes, output="tanh")
    names = tuple("abcdefghij"[:classes])
    return ImageGenerator(network.eval(), {"name": "mlp-generator"}, shape, NORMAL, (-1.0, 1.0), class_names=names)


def translator(name="unet-translator", **more):
    torch.manual_seed(0)
    network = NETWORK_REGISTRY.build({"name": name, **more}, source=(3, 32, 32), shape=(3, 32, 32))
    return ImageTranslator(network.eval(), {"name": name}, (3, 32, 32), (3, 32, 32), (-1.0, 1.0))


def vocoder(**more):
    torch.manual_seed(0)
    network = NETWORK_REGISTRY.build({"name": "vocoder", **more}, source=(20, 17), shape=(16 * 64,))
    mel = {"rate": 8000, "hop": 64, "window": 256, "bands": 20}
    return Vocoder(network.eval(), {"name": "vocoder"}, (16 * 64,), (20, 17), mel=mel)


def test_a_program_of_torch_export_makes_the_bytes_of_the_model(tmp_path):
    model = images()
    found = export(model, tmp_path / "deep" / "model.pt2")
    assert found.difference == 0
    loaded = torch.export.load(found.path).module()
    latents, labels = model.latents(5, seed=3), model.labels(5)
    assert torch.equal(loaded(latents, labels), model.render(latents, labels))


@pytest.mark.slow
def test_an_onnx_file_runs_without_this_package_and_says_what_it_takes(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = images()
    found = export(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(found.path)
    latents, labels = model.latents(7, seed=3), model.labels(7)
    [made] = session.run(["images"], {"latent": latents.numpy(), "labels": labels.numpy()})
    assert made.dtype == np.uint8
    assert np.abs(made.astype(int) - model.render(latents, labels).numpy().astype(int)).max() <= 1
    facts = json.loads(session.get_modelmeta().custom_metadata_map["saddlepoint"])
    assert facts["kind"] == "images"
    assert facts["classes"] == ["a", "b", "c"]
    assert facts["about"]["latent"] == "normal numbers (N, 8)"


def test_a_folder_of_safetensors_is_the_generators_own(tmp_path):
    model = images()
    model.save(tmp_path / "generator", {"run": "x"})
    model.folder = tmp_path / "generator"
    export(model, tmp_path / "copy")
    names = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    assert names == {path.name: path.read_bytes() for path in (tmp_path / "generator").iterdir()}
    with pytest.raises(ConfigurationError, match="is not empty: give a new folder"):
        export(model, tmp_path / "copy")


def test_a_format_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"give FILE\.onnx, FILE\.pt2, or a folder"):
        export(images(), tmp_path / "model.tflite")
    assert not list(tmp_path.iterdir())


def test_a_graph_that_differs_from_its_model_is_not_written():
    graph = images().graph()
    with pytest.raises(ValueError, match=r"are 2 from the model's, 1 is allowed"):
        compared(graph, lambda inputs: [graph.module(*inputs).clamp_max(250) + 2])
    real = points("mlp-generator").graph()
    with pytest.raises(ValueError, match="from the model's"):
        compared(real, lambda inputs: [real.module(*inputs) * 1.001])
    with pytest.raises(ValueError, match="the model"):
        compared(real, lambda inputs: [real.module(*inputs)[:1, 0]])


def test_a_copy_leaves_the_parametrised_network_as_it_was():
    network = vocoder().network
    before = network.state_dict()
    copied = plain(network)
    mel = torch.randn(1, 20, 5)
    torch.testing.assert_close(copied(mel), network(mel))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert not any(".parametrizations." in key for key in copied.state_dict())


def test_normal_scores_are_those_of_double_precision():
    p = torch.linspace(1e-7, 1 - 1e-7, 100_001, dtype=torch.float64)
    assert (normal_score(p) - torch.special.ndtri(p)).abs().max() < 1e-6


@pytest.mark.parametrize("classes", [0, 3])
def test_codes_of_a_density_are_those_of_the_model(classes):
    network, shape = built("mlp-generator", classes)
    through = ThroughDensity(network, SIZE, 6, classes)
    for density in through.densities:
        density.fit(torch.randn(200, SIZE) * torch.arange(1, SIZE + 1))
    latent = LatentInput(SIZE, "normal", 6)
    model = PointGenerator(
        through.eval(), {"name": "mlp-generator"}, shape, latent, 1.0, class_names=tuple("abc"[:classes])
    )
    z, labels = model.latents(40, seed=1), model.labels(40)
    # The model takes which component, and the first number within it, of the first number.
    u = torch.special.ndtr(z[:, :1].double())
    ends = through.densities[0].weights.cumsum(0) if labels is None else None
    ends = (
        torch.stack([d.weights.cumsum(0) for d in through.densities])[labels] if ends is None else ends.expand(40, -1)
    )
    chosen = (u >= ends).sum(1, keepdim=True)
    weight = torch.cat([ends[:, :1], ends.diff(dim=1)], 1).gather(1, chosen)
    inside = (u - ends.gather(1, chosen) + weight) / weight
    first = torch.special.ndtri(inside).float()
    inputs = [torch.cat([first, z[:, 1:]], 1), *([] if labels is None else [labels]), u.float()]
    made = model.graph().module(*inputs)
    torch.testing.assert_close(made, model.outputs(z, labels), rtol=1e-4, atol=1e-4)


def test_rows_are_those_of_the_network_on_the_same_noise():
    model = points("table-generator", 5, heads=(1, 3, 2, 1), noise=True)
    graph = model.graph()
    inputs = graph.resized(9)
    assert inputs[-1].shape == (9, 7)
    made = graph.module(*inputs)
    assert torch.equal(made, model.network(*inputs))
    torch.testing.assert_close(made[:, 1:4].sum(1), torch.ones(9))


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (40, 23)])
def test_a_translators_graph_pads_as_the_translator_does(size):
    model = translator(width=4)
    given = torch.randint(256, (2, 3, *size), dtype=torch.uint8)
    assert torch.equal(model.graph().module(given), model.made(given))


@pytest.mark.parametrize("factors", [(8, 8), (4, 4)])
def test_a_vocoders_graph_transforms_as_the_vocoder_does(factors):
    network = vocoder(factors=factors, width=16).network
    assert isinstance(network, VocoderGenerator)
    mel = torch.randn(2, 20, 11)
    torch.testing.assert_close(VocoderGraph(network)(mel), network(mel).clamp(-1, 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_writers_steps_give_its_likelihood(cell):
    torch.manual_seed(0)
    network = NETWORK_REGISTRY.build(
        {"name": "sequence-writer", "cell": cell, "width": 8, "layers": 2}, shape=(6, 5), latent=1, classes=0
    ).eval()
    step = WriterStep(network).eval()
    memory = [torch.zeros(2, 1, 8)] * step.memories
    token, total = torch.tensor([5]), 0.0
    for wanted in (3, 1, 0):
        logits, *memory = step(token, *memory)
        total += float(logits.log_softmax(1)[0, wanted])
        token = torch.tensor([wanted])
    expected = float(network.log_likelihood(torch.tensor([[3, 1, 0, 0, 0, 0]])).sum().detach())
    assert total == pytest.approx(expected, rel=1e-5)


GENERATORS = [name for name in NETWORKS if name.endswith("-generator")]
TRANSLATORS = [name for name in NETWORKS if name.endswith(("-translator", "-resolver", "super-resolver"))]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".pt2", ".onnx"])
@pytest.mark.parametrize("name", [*GENERATORS, *TRANSLATORS, "vocoder", "sequence-writer"])
def test_every_network_that_makes_something_is_exported(tmp_path, name, ending):
    if name in TRANSLATORS:
        models = [translator(name)]
    elif name == "vocoder":
        models = [vocoder()]
    elif name == "sequence-writer":
        models = [writer("gru"), writer("lstm")]
    elif name == "table-generator":
        models = [points(name, 5, heads=(1, 3, 2, 1), noise=True), points(name, heads=(1, 3, 2, 1))]
    else:
        models = [points(name), points(name, 3)] if ending == ".onnx" else [points(name, 3)]
    for model in models:
        found = export(model, tmp_path / f"model{ending}")
        assert found.path.stat().st_size > 1000
        assert found.difference <= (1 if name in TRANSLATORS else 1e-4)


def writer(cell):
    spec = {"name": "sequence-writer", "cell": cell, "width": 8}
    network = NETWORK_REGISTRY.build(spec, shape=(6, 5), latent=1, classes=0)
    words = {"units": "characters", "tokens": ["a", "b", "c"]}
    model = TextGenerator(network.eval(), spec, (6, 5), LatentInput(1, "normal"), words)
    model.__dict__["words"] = type("Words", (), {"barred": (1,)})()
    return model


def test_spectrograms_leave_as_bytes():
    network, _ = built("mlp-generator", output="tanh")
    model = SpectrogramGenerator(network.eval(), {"name": "mlp-generator"}, (3, 16, 16), NORMAL, {})
    graph = model.graph()
    assert isinstance(graph, Graph)
    [latent] = graph.resized(4)
    assert torch.equal(graph.module(latent), model.levels(model.outputs(latent)))


@pytest.mark.slow
def test_the_page_of_the_docs_draws_in_a_browser(tmp_path):
    pytest.importorskip("onnxruntime")
    chromium, npm = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("npm")
    if chromium is None or npm is None:
        pytest.skip("no Chromium or no npm here")
    package = [npm, "install", "--ignore-scripts", "--prefix", str(tmp_path), "onnxruntime-web@1"]
    if subprocess.run(package, capture_output=True, check=False).returncode:
        pytest.skip("npm brings no onnxruntime-web here")
    export(images(10), tmp_path / "digits.onnx")
    shutil.copy(Path(__file__).parents[2] / "docs" / "export.html", tmp_path)
    with HTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{server.server_port}/export.html"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000", "--dump-dom"]
        found = subprocess.run([chromium, *flags, page], capture_output=True, text=True, check=False, timeout=120)
        server.shutdown()
    assert "16 images of 16x16" in found.stdout
    assert 'data-done="true"' in found.stdout


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass
