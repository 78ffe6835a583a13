"""Extractors by name."""

import difflib
from collections.abc import Callable
from pathlib import Path

import torch

from saddlepoint.extractors.classifier import SIDE, SmallClassifier
from saddlepoint.extractors.efficientnet import LEAST, ImagenetFeatures, imagenet_grids
from saddlepoint.extractors.extractor import Extractor
from saddlepoint.extractors.inception import RESIZING, fid_inception
from saddlepoint.extractors.pixels import AveragedPixels
from saddlepoint.extractors.spoken import SoundExtractor, SpokenClassifier
from saddlepoint.extractors.stacked import StackedFeatures, StackedLogits
from saddlepoint.extractors.texture import Texture
from saddlepoint.extractors.third_party import timm_model, torchscript

Device = str | torch.device
#: Weights that the package carries, made by bench/classifiers.py; `facts` reads what is known about them.
WEIGHTS = {name: Path(__file__).parent / "weights" / f"{name}.safetensors" for name in ("digits", "fashion")}
#: Of the classifier of spoken digits, made by bench/spoken_digits.py; right about all 300 sounds of its test split.
SPOKEN = Path(__file__).parent / "weights" / "spoken.safetensors"
#: Of data sets by name: the extractor that knows their images, and its weights.
_SUITED = {
    "mnist": ("digits", "digits"),
    "digits": ("digits", "digits"),
    "fashion-mnist": ("fashion", "fashion"),
    "stacked-mnist": ("stacked-digits", "digits"),
}
#: What orders generators best of all that needs no weights (bench/yardstick.py).
PLAIN = "texture"
#: Side to which `pixels` averages.
PIXELS = 8
#: Files that are read as TorchScript.
ENDINGS = (".pt", ".pth", ".ts", ".torchscript")


def load_extractor(name: str, device: Device = "cpu") -> Extractor:
    """An extractor by its name, `timm:` and a model's name, or the path of a TorchScript file (.pt).

    Raises:
        ValueError: an unknown name, an extra that is not installed, weights that can't be had; says what to do.

    >>> load_extractor("pixels")(torch.zeros(2, 1, 28, 28, dtype=torch.uint8)).shape
    torch.Size([2, 64])
    """
    if name in EXTRACTORS:
        return EXTRACTORS[name](device)
    if name.startswith("timm:"):
        return timm_model(name.removeprefix("timm:"), device)
    if Path(name).suffix in ENDINGS:
        return torchscript(Path(name).expanduser(), device)
    if name in SOUND_EXTRACTORS:
        raise ValueError(f"the extractor {name} listens to sounds: for images give one of {', '.join(EXTRACTORS)}")
    near = difflib.get_close_matches(name, EXTRACTORS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(
        f"there is no extractor {name!r}: {hint}give one of {', '.join(EXTRACTORS)}, timm:NAME, "
        f"or the path of a TorchScript file ({', '.join(ENDINGS)})"
    )


def load_sound_extractor(name: str, device: Device = "cpu") -> SoundExtractor:
    """What listens to sounds, by its name.

    Raises:
        ValueError: an unknown name, or an installation without its weights.
    """
    if name not in SOUND_EXTRACTORS:
        raise ValueError(f"no extractor {name!r} listens to sounds: give one of {', '.join(SOUND_EXTRACTORS)}")
    return SOUND_EXTRACTORS[name](device)


def suited_to(dataset: str) -> str:
    """The extractor for a data set by name, of those that come with the package: `texture` where none knows its images.

    >>> suited_to("mnist"), suited_to("stacked-mnist"), suited_to("photographs")
    ('digits', 'stacked-digits', 'texture')
    """
    name, weights = _SUITED.get(dataset, (PLAIN, None))
    return name if weights is not None and WEIGHTS[weights].is_file() else PLAIN


def classifier(path: Path, name: str, device: Device = "cpu") -> Extractor:
    """The penultimate layer and the logits of a `SmallClassifier` in a file that bench/classifiers.py made."""
    network = SmallClassifier.load(path)
    return Extractor(network.body, SIDE, channels=1, head=network.head, name=name, device=device)


def _digits(device: Device) -> Extractor:
    return classifier(WEIGHTS["digits"], "digits", device)


def _stacked_digits(device: Device) -> Extractor:
    """The digit classifier on each channel: its features side by side, and a thousand classes."""
    network = SmallClassifier.load(WEIGHTS["digits"])
    return Extractor(
        StackedFeatures(network.body),
        SIDE,
        head=StackedLogits(network.head),
        name="stacked-digits",
        batch=64,  # 192 digits
        device=device,
    )


def _fashion(device: Device) -> Extractor:
    return classifier(WEIGHTS["fashion"], "fashion", device)


def _spoken_digits(device: Device) -> SoundExtractor:
    if not SPOKEN.is_file():
        raise ValueError(
            f"the weights of the extractor spoken-digits are not installed: make them with "
            f"python bench/spoken_digits.py --data FOLDER --out {SPOKEN}"
        )
    return SoundExtractor(SpokenClassifier.load(SPOKEN), "spoken-digits", device)


def _pixels(device: Device) -> Extractor:
    return Extractor(
        AveragedPixels(PIXELS),
        None,
        channels=None,
        name="pixels",
        resizing=f"scaled to [0, 1], averaged to at most {PIXELS}x{PIXELS}",
        blind="blur, noise and texture",
        device=device,
    )


def _inception(device: Device) -> Extractor:
    network, head = fid_inception()
    return Extractor(network, None, head=head, name="inception", resizing=RESIZING, batch=64, device=device)


def _texture(device: Device) -> Extractor:
    return Extractor(
        Texture(),
        None,
        channels=None,
        name="texture",
        resizing="scaled to [0, 1]",
        blind="what is shown, beyond colours, and how rough it is where",
        device=device,
    )


def _imagenet(device: Device) -> Extractor:
    body = imagenet_grids()
    return Extractor(
        ImagenetFeatures(body),
        None,
        name="imagenet",
        places=ImagenetFeatures(body, pooled=False),
        resizing=f"grey repeated to RGB, scaled to [0, 1], enlarged to {LEAST} pixels (bilinear), less 127, over 128",
        batch=64,
        device=device,
    )


EXTRACTORS: dict[str, Callable[[Device], Extractor]] = {
    "digits": _digits,
    "stacked-digits": _stacked_digits,
    "fashion": _fashion,
    "pixels": _pixels,
    "texture": _texture,
    "imagenet": _imagenet,
    "inception": _inception,
}
#: What listens to sounds.
SOUND_EXTRACTORS: dict[str, Callable[[Device], SoundExtractor]] = {"spoken-digits": _spoken_digits}
