import hashlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.data import fashion_mnist, mnist
from saddlepoint.evaluation.fidelity import coarse_pixels
from saddlepoint.extractors import EXTRACTORS, WEIGHTS, Extractor, SmallClassifier, facts, inception, load_extractor
from saddlepoint.extractors.loading import classifier
from saddlepoint.extractors.preparation import Preparation
from saddlepoint.metrics import frechet_distance


def noise(n: int = 5, channels: int = 1, side: int = 28, seed: int = 0) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, channels, side, side), generator=source, dtype=torch.uint8)


class Mean(nn.Module):
    """Of each channel; its weight scales it."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) * self.weight


# --- the shipped classifiers --------------------------------------------------------------------------

#: 99.65 % and 93.70 % on all 10,000 test images; on the first 2,000 the standard error is 0.13 % and 0.6 %.
SHIPPED = [("digits", mnist, "mnist", 0.988), ("fashion", fashion_mnist, "fashion_mnist", 0.915)]


@pytest.mark.parametrize(("name", "reader", "folder", "least"), SHIPPED)
def test_a_shipped_classifier_knows_its_test_images(shared_data, name, reader, folder, least) -> None:
    test = reader(shared_data / folder, "test")
    assert test.labels is not None
    guesses = load_extractor(name).logits(test.images[:2000]).argmax(1)
    assert float((guesses == test.labels[:2000]).float().mean()) > least


@pytest.mark.parametrize(("name", "reader", "folder", "least"), SHIPPED)
def test_the_header_says_what_the_weights_were_made_from(shared_data, name, reader, folder, least) -> None:
    about = facts(WEIGHTS[name])
    assert about["test_fingerprint"] == reader(shared_data / folder, "test").fingerprint
    assert float(about["test_accuracy"]) > {"digits": 0.993, "fashion": 0.93}[name]
    assert about["command"].startswith("python bench/classifiers.py")
    assert WEIGHTS[name].stat().st_size < 2e6


@pytest.mark.parametrize("name", ["digits", "fashion"])
def test_any_size_and_colour_gives_128_features_and_10_logits(name) -> None:
    extractor = load_extractor(name)
    for images in (noise(), noise(channels=3, side=32), noise(side=8), noise()[:, :, :20]):
        reading = extractor.read(images)
        assert reading.features.shape == (5, 128)
        assert reading.logits is not None
        assert reading.logits.shape == (5, 10)
        assert torch.equal(extractor(images), reading.features)


def test_grey_as_colour_is_the_same_image() -> None:
    extractor = load_extractor("digits")
    assert torch.equal(extractor(noise().expand(-1, 3, -1, -1)), extractor(noise()))


def test_features_tell_classes_apart(shared_data) -> None:
    """The distance between two digits is far above that between two halves of one."""
    test = mnist(shared_data / "mnist", "test")
    assert test.labels is not None
    extractor = load_extractor("digits")
    one, two = (extractor(test.images[test.labels == label][:600]) for label in (1, 2))
    assert frechet_distance(one, two) > 10 * frechet_distance(one[:300], one[300:])


def test_a_saved_classifier_comes_back(tmp_path) -> None:
    torch.manual_seed(0)
    network = SmallClassifier(3, (2, 4, 6)).eval()
    network.save(tmp_path / "a.safetensors", {"data": "noise", "seed": 7})
    again = classifier(tmp_path / "a.safetensors", "mine")
    # Half a unit in the 11th bit of each weight: 2⁻¹¹ = 5e-4 of it.
    expected = network.features(noise().float() / 255).detach()
    assert torch.allclose(again(noise()), expected, rtol=5e-3, atol=5e-3 * float(expected.abs().max()))
    assert facts(tmp_path / "a.safetensors") == {"data": "noise", "seed": "7"}


def test_another_file_is_no_classifier(tmp_path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"no")
    for name in ("a.safetensors", "none.safetensors"):
        with pytest.raises(ValueError, match=f"{name} does not hold a SmallClassifier"):
            SmallClassifier.load(tmp_path / name)


# --- pixels, and any module ---------------------------------------------------------------------------


@pytest.mark.parametrize("images", [noise(), noise(channels=3, side=32), noise(side=4)])
def test_pixels_are_those_of_the_image_task(images) -> None:
    extractor = load_extractor("pixels")
    assert torch.allclose(extractor(images).double(), coarse_pixels(images), atol=1e-6)
    with pytest.raises(ValueError, match="pixels has no classes"):
        extractor.logits(images)


def test_a_module_sees_images_less_mean_over_std() -> None:
    images = torch.full((2, 1, 4, 4), 51, dtype=torch.uint8)  # 0.2
    extractor = Extractor(Mean(), 8, mean=(0.1, 0.2, 0.3), std=0.5)
    assert torch.allclose(extractor(images), torch.tensor([[0.2, 0.0, -0.2]] * 2), atol=1e-6)
    assert extractor.size == (8, 8)
    assert "8x8" in extractor.resizing
    assert "(0.1, 0.2, 0.3)" in extractor.resizing


def test_batches_do_not_change_features() -> None:
    images = noise(7)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten())
    whole, parts = (Extractor(network, 12, channels=1, batch=batch)(images) for batch in (7, 3))
    assert torch.allclose(whole, parts, atol=1e-6)


def test_the_users_module_is_left_alone_and_can_not_change_the_extractor() -> None:
    module = Mean().train()
    extractor = Extractor(module, None)
    before, digest = extractor(noise()), extractor.digest
    assert module.training
    assert module.weight.requires_grad
    with torch.no_grad():
        module.weight.fill_(3.0)
    assert torch.equal(extractor(noise()), before)
    assert Extractor(module, None).digest != digest


def test_the_digest_is_that_of_weights_and_of_what_is_done_to_images() -> None:
    def digest(module: nn.Module, size: int = 8, **more: object) -> str:
        return Extractor(module, size, **more).digest  # type: ignore[arg-type]

    assert digest(Mean()) == digest(Mean())
    different = [
        digest(Mean()),
        digest(Mean(1.0000001)),
        digest(Mean(), 9),
        digest(Mean(), mean=0.5),
        digest(Mean(), channels=1),
        digest(Mean(), head=nn.Identity()),
        digest(nn.Flatten()),
    ]
    assert len(set(different)) == len(different)


def test_shipped_digests_differ() -> None:
    assert len({load_extractor(name).digest for name in ("digits", "fashion", "pixels")}) == 3


def test_heads_see_what_features_are() -> None:
    extractor = Extractor(nn.Flatten(), 2, channels=1, head=nn.Linear(4, 3))
    features, logits = extractor.read(noise())
    assert logits is not None
    head = extractor._head
    assert head is not None
    assert torch.allclose(head(features), logits)


# --- preparation --------------------------------------------------------------------------------------


def test_an_even_image_stays_even_under_any_stretch() -> None:
    image = torch.full((1, 1, 5, 9), 200, dtype=torch.uint8)
    for size in ((28, 28), (3, 7), (5, 9)):
        assert torch.allclose(Preparation(size, 1)(image), torch.full((1, 1, *size), 200 / 255))


def test_levels_are_whole_after_stretching() -> None:
    levels = Preparation((17, 13), 1)(noise(side=28)) * 255
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert float(levels.min()) >= 0
    assert float(levels.max()) <= 255


def test_grey_is_luma() -> None:
    colours = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]], dtype=torch.uint8).view(4, 3, 1, 1)
    assert (Preparation(None, 1)(colours) * 255).flatten().round().tolist() == [76, 150, 29, 9]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"size": 0}, "size is"),
        ({"size": 8, "channels": 4}, "channels is 4"),
        ({"size": 8, "channels": 3, "mean": (0.1, 0.2)}, "mean"),
        ({"size": 8, "std": 0.0}, "std above 0"),
        ({"size": 8, "batch": 0}, "batch is 0"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, what) -> None:
    with pytest.raises(ValueError, match=what):
        Extractor(Mean(), **arguments)


@pytest.mark.parametrize(
    ("images", "what"),
    [
        (torch.zeros(2, 1, 4, 4), "torch.float32"),
        (torch.zeros(2, 4, 4, dtype=torch.uint8), r"\(2, 4, 4\)"),
        (torch.zeros(0, 1, 4, 4, dtype=torch.uint8), "none of them 0"),
        (torch.zeros(2, 4, 4, 4, dtype=torch.uint8), "4 channels.*without transparency"),
    ],
)
def test_other_images_are_named(images, what) -> None:
    with pytest.raises(ValueError, match=what):
        load_extractor("digits")(images)


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class Sum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum()


@pytest.mark.parametrize(
    ("module", "what"), [(Pair(), "gave tuple"), (Sum(), r"gave \(\)"), (Mean(float("nan")), "not finite")]
)
def test_a_module_that_gives_something_else_is_named(module, what) -> None:
    with pytest.raises(ValueError, match=what):
        Extractor(module, None)(noise())


# --- names, files, peers ------------------------------------------------------------------------------


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"no extractor 'digit': did you mean 'digits'\?.*inception.*timm:NAME"):
        load_extractor("digit")
    assert list(EXTRACTORS) == ["digits", "stacked-digits", "fashion", "pixels", "texture", "imagenet", "inception"]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_torchscript_file_is_read_and_known_by_its_bytes(tmp_path) -> None:
    files = [tmp_path / "a.pt", tmp_path / "b.pt"]
    for path, weight in zip(files, (1.0, 2.0), strict=True):
        torch.jit.trace(Mean(weight), torch.rand(1, 3, 8, 8)).save(str(path))
    one, two = (load_extractor(str(path)) for path in files)
    images = noise(channels=3)
    assert torch.allclose(one(images), images.float().mean((2, 3)) / 255, atol=1e-6)
    assert torch.allclose(two(images), 2 * one(images))
    assert one.digest == hashlib.sha256(files[0].read_bytes()).hexdigest()[:16] != two.digest
    assert one.name == "a.pt"


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_is_refused_and_not_opened(tmp_path, new) -> None:
    torch.save({"a": Trap(tmp_path / "sprung")}, tmp_path / "a.pt", _use_new_zipfile_serialization=new)
    with pytest.raises(ValueError, match=r"a.pt is not a TorchScript file: .*torch.jit.trace"):
        load_extractor(str(tmp_path / "a.pt"))
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(ValueError, match="does not exist"):
        load_extractor(str(tmp_path / "none.pt"))


@pytest.fixture
def peers(monkeypatch):
    """Puts a module in the place of a peer that is not installed."""

    def put(name: str, module: ModuleType | None) -> None:
        monkeypatch.setitem(sys.modules, name, module)

    return put


def test_a_missing_extra_is_named(peers) -> None:
    peers("timm", None)
    peers("torch_fidelity.feature_extractor_inceptionv3", None)
    peers("torch_fidelity", None)
    with pytest.raises(ValueError, match=r"pip install 'saddlepoint\[timm\]'"):
        load_extractor("timm:resnet18")
    with pytest.raises(ValueError, match=r"pip install 'saddlepoint\[inception\]'"):
        load_extractor("inception")


def test_timm_is_asked_for_features_and_for_what_it_wants(peers) -> None:
    def create_model(name: str, pretrained: bool, num_classes: int) -> nn.Module:
        if name != "mean":
            raise RuntimeError(f"Unknown model ({name})")
        assert pretrained
        assert num_classes == 0
        return Mean()

    timm = ModuleType("timm")
    timm.create_model = create_model  # type: ignore[attr-defined]
    timm.data = SimpleNamespace(  # type: ignore[attr-defined]
        resolve_model_data_config=lambda model: {"input_size": (3, 6, 8), "mean": (0.5,) * 3, "std": (0.25,) * 3}
    )
    peers("timm", timm)
    extractor = load_extractor("timm:mean")
    assert extractor.size == (6, 8)
    white = torch.full((2, 1, 5, 5), 255, dtype=torch.uint8)
    assert extractor(white).tolist() == [[2.0, 2.0, 2.0]] * 2
    with pytest.raises(ValueError, match=r"no pretrained model 'man' \(Unknown model.*list_pretrained"):
        load_extractor("timm:man")


class FakeInception(nn.Module):
    """torch-fidelity's, as far as we ask for it: bytes in, a tuple out, weights from a file at the start."""

    def __init__(self, name: str, features_list: list[str], feature_extractor_weights_path: object) -> None:
        super().__init__()
        assert features_list == ["2048"]
        self.fc = nn.Linear(3, 5)
        self.load_state_dict(torch.load(feature_extractor_weights_path, weights_only=False))  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> tuple[Tensor]:
        assert images.dtype == torch.uint8
        return (images.float().mean((2, 3)),)


@pytest.fixture
def fake_inception(peers, tmp_path, monkeypatch) -> Path:
    """The peer's module and its weights in a local file that stands for the mirror; gives that file."""
    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = FakeInception  # type: ignore[attr-defined]
    peers("torch_fidelity", ModuleType("torch_fidelity"))
    peers("torch_fidelity.feature_extractor_inceptionv3", module)
    served = tmp_path / "served.pth"
    torch.save(nn.Linear(3, 5).state_dict(prefix="fc."), served)
    monkeypatch.setattr(inception, "PREFIX", hashlib.sha256(served.read_bytes()).hexdigest()[:8])
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    return served


def test_inception_gets_bytes_and_its_weights_once(fake_inception) -> None:
    network, head = inception.fid_inception([fake_inception.as_uri()])
    kept = Path(inception.weights([]))
    assert kept.read_bytes() == fake_inception.read_bytes()
    images = noise(channels=3)
    extractor = load_extractor("inception")  # from the cache: its mirrors are not asked
    features, logits = extractor.read(images)
    assert torch.equal(features, images.float().mean((2, 3)))
    weight = torch.load(fake_inception, weights_only=True)["fc.weight"]
    assert logits is not None
    assert torch.allclose(logits, features @ weight.T, rtol=1e-5)
    assert torch.equal(head.weight, weight)
    assert torch.equal(network(images / 255), features)
    assert extractor.digest == load_extractor("inception").digest
    assert "299x299" in extractor.resizing


def test_weights_with_a_wrong_checksum_are_not_kept(fake_inception, tmp_path) -> None:
    cache = tmp_path / "cache" / "inception"
    cache.mkdir(parents=True)
    (cache / inception.FILE).write_bytes(b"damaged")
    (tmp_path / "wrong.pth").write_bytes(b"wrong")
    with pytest.raises(ValueError, match=r"wrong.pth \(invalid hash"):
        inception.weights([(tmp_path / "wrong.pth").as_uri()])
    path = inception.weights([(tmp_path / "wrong.pth").as_uri(), fake_inception.as_uri()])
    assert path.read_bytes() == fake_inception.read_bytes()
    assert [file.name for file in cache.iterdir()] == [inception.FILE]


def test_without_a_network_the_error_says_what_to_do(fake_inception, monkeypatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(ValueError, match=r"127.0.0.1:1/x \(.*refused") as caught:
        inception.fid_inception(["http://127.0.0.1:1/x"])
    for remedy in ("Connect once", inception.FILE, "--features FILE"):
        assert remedy in str(caught.value)


def test_a_hostile_weights_file_is_not_unpickled(fake_inception, tmp_path, monkeypatch) -> None:
    torch.save({"fc.weight": Trap(tmp_path / "sprung")}, fake_inception)
    monkeypatch.setattr(inception, "PREFIX", hashlib.sha256(fake_inception.read_bytes()).hexdigest()[:8])
    with pytest.raises(Exception, match="Weights only load failed"):
        inception.fid_inception([fake_inception.as_uri()])
    assert not (tmp_path / "sprung").exists()


# --- for losses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits", "fashion", "pixels", "texture"])
def test_differentiable_features_are_those_that_are_read(name) -> None:
    """Where nothing is stretched or recoloured nothing is rounded, and both are one function."""
    extractor, images = load_extractor(name), noise()
    torch.testing.assert_close(extractor.differentiable(images / 255), extractor(images), rtol=1e-4, atol=1e-4)


def test_a_gradient_passes_stretching_and_recolouring_and_is_the_slope() -> None:
    extractor = Extractor(Mean(2.0), size=7, channels=1, mean=0.5, std=0.25)
    images = torch.rand(2, 3, 9, 8, requires_grad=True)
    features = extractor.differentiable(images)
    (slope,) = torch.autograd.grad(features.sum(), images)
    # Stretching keeps means up to the edges; 2 (x - ½)/¼ has the slope 8, shared by luma's weights.
    luma = torch.tensor([0.299, 0.587, 0.114]) * 8 * 2
    torch.testing.assert_close(slope.sum((0, 2, 3)), luma, rtol=1e-3, atol=1e-3)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_lets_gradients_through_and_its_weights_rest(tmp_path) -> None:
    path = tmp_path / "mean.pt"
    torch.jit.trace(Mean(), torch.rand(1, 3, 8, 8)).save(str(path))
    images = torch.rand(2, 3, 8, 8, requires_grad=True)
    features = load_extractor(str(path)).differentiable(images)
    (slope,) = torch.autograd.grad(features.sum(), images)
    torch.testing.assert_close(slope, torch.full_like(slope, 1 / 64))


def test_a_network_that_rounds_is_refused_for_losses() -> None:
    class Rounds(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mul(255).byte().float().flatten(1)

    with pytest.raises(ValueError, match="lets no gradient through"):
        Extractor(Rounds(), None).differentiable(torch.rand(1, 3, 4, 4, requires_grad=True))
