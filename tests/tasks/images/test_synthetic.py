"""Labelled sets that are made larger: which samples, which real images beside them, and how both are written."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image
from torch import Tensor, nn

from playing import built
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.core import seed_for
from saddlepoint.data import digits, fashion_mnist, image_folder, load_images
from saddlepoint.extractors import Extractor
from saddlepoint.storage import RunBusy
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.images import synthetic
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.images.synthetic import DRAWN, ClassifierFilter, folder_name, samples_of_class
from saddlepoint.tasks.model import LatentInput


@pytest.fixture(scope="module")
def model() -> ImageGenerator:
    """A generator of digits that was not trained."""
    return built(assign(recipe_named("digits"), ["data.size=8", "data.per_class=3", "device=cpu"])).setup.model


# --- which samples ----------------------------------------------------------------------------------------


def test_a_seed_and_a_class_name_the_images_and_fewer_are_the_first_of_more(model: ImageGenerator) -> None:
    more = samples_of_class(model, 2, DRAWN + 9).images
    assert len(more) == DRAWN + 9
    assert torch.equal(samples_of_class(model, 2, 7).images, more[:7])
    assert not torch.equal(samples_of_class(model, 2, 7, seed=1).images, more[:7])
    assert len(more.flatten(1).unique(dim=0)) > DRAWN  # the second block is not the first again
    first = model.render(model.latents(DRAWN, seed_for(0, 2, 0, "enlarge")), torch.full((DRAWN,), 2))
    assert torch.equal(more[:DRAWN], first)


def test_a_folder_s_name_says_every_class_and_no_two_alike() -> None:
    names = ["T-shirt/top", "T-shirt%2Ftop", "a:b", "..", ".", ".hidden", "dress.", "Ä b", "x\n"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert folders[-2] == "Ä b"
    assert not any(set(folder) & set("/\\:\n") or folder.startswith(".") for folder in folders)


# --- the set ----------------------------------------------------------------------------------------------


def test_the_folder_is_the_real_set_and_the_samples_bit_for_bit(model: ImageGenerator, tmp_path: Path) -> None:
    real = digits(8).of_each_class(3)
    made = model.enlarge(5, beside=real, origin={"run": "runs/mine"})
    made.write(tmp_path / "deep" / "set")
    found = image_folder(tmp_path / "deep" / "set", 8)
    assert found.classes == real.classes
    for label in range(10):
        # generated-0 … generated-4 come before real-0 … real-2 in the order of names.
        inside = found.images[found.labels == label]
        assert torch.equal(inside[:5], samples_of_class(model, label, 5).images)
        assert torch.equal(inside[5:], real.images[real.labels == label])
    assert str(made) == "50 generated and 30 real images"
    kept = json.loads((tmp_path / "deep" / "set" / "augmented.json").read_text(encoding="utf-8"))
    assert {**made.manifest, "folders": {name: name for name in "0123456789"}} == kept
    assert kept["generated"] == dict.fromkeys("0123456789", 5)
    assert kept["real"] == dict.fromkeys("0123456789", 3)
    assert kept["data"]["fingerprint"] == real.fingerprint
    assert kept["generator"] == {"run": "runs/mine", "network": "mlp-generator"}


def test_arrays_hold_the_same_and_say_which_are_generated(model: ImageGenerator, tmp_path: Path) -> None:
    alone = model.enlarge(4)
    for name in ("set", "set.npz"):
        alone.write(tmp_path / name)
    assert load_images(tmp_path / "set.npz").fingerprint == image_folder(tmp_path / "set", 8).fingerprint
    whole = digits(8)
    model.enlarge(4, beside=whole).write(tmp_path / "both.npz")
    with np.load(tmp_path / "both.npz") as arrays:
        generated, images, labels = arrays["generated"], arrays["images"], arrays["labels"]
    assert generated.tolist() == [False] * len(whole) + [True] * 40
    assert torch.equal(torch.from_numpy(images[generated][..., 0]), torch.cat(list(alone.generated))[:, 0])
    assert np.bincount(labels[~generated]).tolist() == whole.labels.bincount().tolist()


def test_a_folder_is_whole_or_absent(model: ImageGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".set.partial" / "7").mkdir(parents=True)  # as a killed process leaves it
    (tmp_path / ".set.partial" / "7" / "old.png").touch()
    saved: list[Path] = []

    def full(image: Image.Image, path: Path) -> None:
        saved.append(path)
        if len(saved) == 13:
            raise OSError(28, "No space left on device", str(path))

    made = model.enlarge(2)
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", full)
        with pytest.raises(OSError, match="No space left"):
            made.write(tmp_path / "set")
    assert list(tmp_path.iterdir()) == []
    made.write(tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert len(list((tmp_path / "set").rglob("*.png"))) == 20
    with pytest.raises(ConfigurationError, match="is not empty"):
        made.write(tmp_path / "set")


def test_a_folder_is_written_by_one_process_at_a_time(model: ImageGenerator, tmp_path: Path) -> None:
    made = model.enlarge(1, seed=0)
    lock = FileLock(tmp_path / ".larger.lock")
    with lock, pytest.raises(RunBusy, match=r"another process is writing .*larger: wait for it"):
        made.write(tmp_path / "larger")
    made.write(tmp_path / "larger")
    assert (tmp_path / "larger").is_dir()
    assert not (tmp_path / ".larger.lock").exists()


def test_what_does_not_fit_is_refused(model: ImageGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"has images of \(1, 16, 16\).*the generator makes \(1, 8, 8\)"):
        model.enlarge(2, beside=digits(16))
    with pytest.raises(ConfigurationError, match="put beside ImageData, not str"):
        model.enlarge(2, beside="digits")
    none = built(assign(recipe_named("digits"), ["data.size=8", "conditional=false", "device=cpu"])).setup.model
    with pytest.raises(ConfigurationError, match=r"makes no classes on demand.*saddle train RECIPE --conditional"):
        none.enlarge(2)
    monkeypatch.setattr(synthetic, "PATIENCE", 2)
    with pytest.raises(
        ConfigurationError, match=r"by the classifier digits with probability 0\.999, but 40 were asked"
    ):
        model.enlarge(40, keep=0.999)


# --- a filter ---------------------------------------------------------------------------------------------


class Shade(nn.Module):
    """A grey image as bright as the latent's first number, on (−1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        return torch.tanh(self.scale * latents[:, :1, None, None]).expand(-1, 1, 2, 2)


def shades(sign: float) -> tuple[ImageGenerator, ClassifierFilter]:
    """A generator of greys, and a filter to which class 1 are the bright ones, or with −1 the dark ones.

    Logits (0, 4 sign (x − ½)) of a brightness x in [0, 1]: class 1 has a probability above 0.5 where x is above ½.
    """
    head = nn.Linear(4, 2, bias=True)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[0.0] * 4, [sign] * 4]))
        head.bias.copy_(torch.tensor([0.0, -2.0 * sign]))
    trained = ImageGenerator(
        Shade(), {"name": "shade"}, (1, 2, 2), LatentInput(3, "normal"), (-1.0, 1.0), class_names=("a", "b")
    )
    return trained, ClassifierFilter(Extractor(nn.Flatten(), None, channels=None, head=head), 0.5)


def test_a_sieve_keeps_what_is_read_as_its_class_in_the_order_of_drawing() -> None:
    trained, classifier_filter = shades(1.0)
    everything = samples_of_class(trained, 1, 3 * DRAWN).images
    bright = everything[everything[:, 0, 0, 0] >= 128]
    found = samples_of_class(trained, 1, 300, classifier_filter=classifier_filter)
    assert torch.equal(found.images, bright[:300])
    # As many were drawn as it took to the last that was kept: half of a symmetric distribution is bright.
    assert int((everything[: found.drawn, 0, 0, 0] >= 128).sum()) == 300
    assert (everything[found.drawn - 1] >= 128).all()
    assert abs(found.drawn / 600 - 1) < 0.15  # three standard deviations are √600 · ½ · 3 · 2 / 600 = .12
    dark = samples_of_class(*shades(-1.0)[:1], 1, 50, classifier_filter=shades(-1.0)[1]).images
    assert (dark < 128).all()


def test_a_class_that_is_never_read_as_itself_ends_the_search() -> None:
    trained, classifier_filter = shades(1.0)
    with pytest.raises(
        ConfigurationError, match=r"of 5,120 samples of class 'b', 0 are read as it by .* 10 were asked"
    ):
        samples_of_class(
            trained, 1, 10, classifier_filter=ClassifierFilter(classifier_filter.classifier, 0.95)
        )  # at most 1/(1 + e⁻²) = .88


def test_our_classifiers_know_their_classes_and_their_order(shared_data: Path) -> None:
    for name, data in (
        ("digits", digits(28).limited(200)),
        ("fashion", fashion_mnist(shared_data / "fashion_mnist", "test").limited(200)),
    ):
        classifier_filter = ClassifierFilter.of_ours(data.classes, 0.8)
        assert classifier_filter.classifier.name == name
        assert data.labels is not None
        for label in (0, 7):
            own = data.labels == label
            assert classifier_filter.keeps(data.images[own], label).double().mean() > 0.5
            assert classifier_filter.keeps(data.images[~own], label).double().mean() < 0.05
    with pytest.raises(ConfigurationError, match="no classifier of ours knows the classes cat, dog"):
        ClassifierFilter.of_ours(("cat", "dog"), 0.8)
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        ClassifierFilter.of_ours(data.classes, 1.0)
