"""What makes a labelled set larger: samples of each class, those left out that a classifier reads as another."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import seed_for
from saddlepoint.data import ImageData
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.disk import without_links
from saddlepoint.extractors import WEIGHTS, Extractor, facts, load_extractor
from saddlepoint.marks import EDITED, Mark, embed, write_marked
from saddlepoint.storage import whole_folder
from saddlepoint.tasks.model import LatentSampler

#: Images drawn together, and how often the wanted number is drawn before a class is given up.
DRAWN, PATIENCE = 256, 20
#: What says in a folder what its set was made of.
MANIFEST = "augmented.json"
#: Images that are written between two looks at the progress.
TOLD = 64


@dataclass(frozen=True)
class ClassifierFilter:
    """Keeps the samples that a classifier reads as their class with at least this probability.

    A classifier brings what it learned elsewhere: one of ours has seen 60,000 labelled images, so a set that it
    filtered can't show what few labels are worth.
    """

    classifier: Extractor
    probability: float

    @classmethod
    def of_ours(
        cls, classes: tuple[str, ...], probability: float, device: torch.device | str = "cpu"
    ) -> "ClassifierFilter":
        """With the one of the package's classifiers that knows these classes, in this order.

        Raises:
            ConfigurationError: a probability out of (0, 1), or none of them knows these classes.
        """
        if not 0 < probability < 1:
            raise ConfigurationError(f"the probability to keep from is {probability}: give one between 0 and 1")
        for name, weights in WEIGHTS.items():
            if weights.is_file() and tuple(json.loads(facts(weights)["classes"])) == classes:
                return cls(load_extractor(name, device), probability)
        raise ConfigurationError(
            f"no classifier of ours knows the classes {', '.join(classes)} ({', '.join(WEIGHTS)} are what there is): "
            f"take all samples, without --keep"
        )

    def keeps(self, images: Tensor, label: int) -> Tensor:
        """Which images (uint8, N C H W) are read as this class, bool (N,)."""
        return self.classifier.logits(images).softmax(1)[:, label] >= self.probability


@dataclass(frozen=True)
class Filtered:
    """Samples of one class, uint8 (n, C, H, W), and how many were drawn for them."""

    images: Tensor
    drawn: int


def samples_of_class(
    model: LatentSampler, label: int, n: int, seed: int = 0, classifier_filter: ClassifierFilter | None = None
) -> Filtered:
    """The first n ≥ 1 samples of a class that the filter keeps; those of a smaller n are the first of them.

    Raises:
        ConfigurationError: a generator without classes, or one of whose samples too few are read as this class.
    """
    _check_classes(model)
    kept: list[Tensor] = []
    found = drawn = 0
    while True:
        latents = model.latents(DRAWN, seed_for(seed, label, drawn, "enlarge"))
        images = model.render(latents, torch.full((DRAWN,), label))
        chosen = (
            torch.ones(DRAWN, dtype=torch.bool) if classifier_filter is None else classifier_filter.keeps(images, label)
        )
        places = chosen.nonzero()[: n - found, 0]
        kept.append(images[places])
        found += len(places)
        if found == n:
            return Filtered(torch.cat(kept), drawn + int(places[-1]) + 1)
        drawn += DRAWN
        if classifier_filter is not None and drawn >= PATIENCE * max(n, DRAWN):
            raise ConfigurationError(
                f"of {drawn:,} samples of class {model.classes[label]!r}, {found:,} are read as it by the classifier "
                f"{classifier_filter.classifier.name} with probability {classifier_filter.probability:g}, "
                f"but {n:,} were asked for: train for longer, ask for fewer, or keep from a lower probability"
            )


@dataclass(frozen=True)
class LabelledSet:
    """Generated images of each class, and real ones beside them.

    Attributes:
        classes: names.
        generated, real: by class, uint8 (n, C, H, W); of a class without real ones an empty tensor.
        manifest: counts, seed, and what the images came from, in values that JSON has.
    """

    classes: tuple[str, ...]
    generated: Sequence[Tensor]
    real: Sequence[Tensor]
    manifest: Mapping[str, Any]

    def __str__(self) -> str:
        generated, real = (sum(self.manifest[kind].values()) for kind in ("generated", "real"))
        return f"{generated:,} generated{f' and {real:,} real' if real else ''} images"

    @property
    def kept(self) -> float | None:
        """The share of the samples that were drawn that the classifier kept; None where none judged."""
        kept = self.manifest["kept"]
        return None if kept is None else sum(self.manifest["generated"].values()) / sum(kept["drawn"].values())

    def write(self, path: Path, progress: OnProgress = quiet, mark: Mark | None = None) -> None:
        """Write a `.npz` file, or a new folder with a sub-folder a class; whole, or not at all.

        Args:
            path: the file or the folder.
            progress: told how far it is.
            mark: what generated images say of themselves, and arrays where some of them are; None says nothing.

        Raises:
            ConfigurationError: the folder is not empty.
        """
        if path.suffix.lower() == ".npz":
            self._write_arrays(path, mark)
        else:
            check_free(path)
            self._write_folder(path, progress, mark)

    def _write_folder(self, out: Path, progress: OnProgress, mark: Mark | None) -> None:
        places = dict(zip(self.classes, map(folder_name, self.classes), strict=True))
        kinds = {"real": self.real, "generated": self.generated}
        done, whole = 0, sum(len(part) for parts in kinds.values() for part in parts)
        with whole_folder(out, check_free) as folder:
            for kind, parts in kinds.items():
                for name, images in zip(self.classes, parts, strict=True):
                    (folder / places[name]).mkdir(exist_ok=True)
                    digits = len(str(max(0, len(images) - 1)))
                    for number, image in enumerate(images):
                        file = folder / places[name] / f"{kind}-{number:0{digits}d}.png"
                        _picture(image).save(file)
                        if mark is not None and kind == "generated":
                            embed(file, mark.at(number, name))
                        done += 1
                        if done % TOLD == 0:
                            progress("writing", done, whole)
            text = json.dumps({**self.manifest, "folders": places}, indent=1, ensure_ascii=False)
            (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    def _write_arrays(self, path: Path, mark: Mark | None) -> None:
        labels = torch.arange(len(self.classes))
        parts = [part for part in (*self.real, *self.generated) if len(part)]
        counts = [torch.tensor([len(part) for part in kind]) for kind in (self.real, self.generated)]
        arrays = {
            "images": torch.cat(parts).permute(0, 2, 3, 1).numpy(),
            "labels": torch.cat([labels.repeat_interleave(count) for count in counts]).numpy(),
            "generated": np.arange(2).repeat([int(count.sum()) for count in counts]).astype(bool),
            "classes": np.array(self.classes),
        }

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **arrays)

        path.parent.mkdir(parents=True, exist_ok=True)
        if mark is not None and any(map(len, self.real)):
            mark = replace(mark, kind=EDITED)
        write_marked(path, write, mark)


def enlarged(
    model: LatentSampler,
    per_class: int,
    seed: int,
    beside: ImageData | None,
    keep: float | None,
    origin: Mapping[str, str],
    progress: OnProgress,
) -> LabelledSet:
    """What `ImageGenerator.enlarge` gives, with its arguments."""
    _check_classes(model)
    classes = model.class_names
    real = [torch.empty(0, dtype=torch.uint8) for _ in classes] if beside is None else _by_class(beside, model)
    judge = None if keep is None else ClassifierFilter.of_ours(classes, keep)
    made: dict[str, Filtered] = {}
    for label, name in enumerate(classes):
        progress("drawing", label, len(classes))
        made[name] = samples_of_class(model, label, per_class, seed, judge)
    manifest = {
        "generated": {name: len(found.images) for name, found in made.items()},
        "real": {name: len(images) for name, images in zip(classes, real, strict=True)},
        "shape": list(model.shape),
        "seed": seed,
        "generator": {**origin, "network": model.spec["name"]},
        "kept": None if judge is None else _kept(judge, {name: found.drawn for name, found in made.items()}),
        "data": None if beside is None else {"name": beside.name, "fingerprint": beside.fingerprint},
    }
    return LabelledSet(classes, [found.images for found in made.values()], real, manifest)


def check_free(out: Path) -> None:
    """Raise ConfigurationError where a folder is not new: what is in it would be mixed in."""
    if out.exists() and not out.is_dir():
        raise ConfigurationError(f"{out} is a file: give a new folder with --out")
    if without_links(out) == Path.cwd():
        raise ConfigurationError("--out is the folder that you are in: give a new one, which need not exist")
    if out.exists() and any(out.iterdir()):
        raise ConfigurationError(
            f"{out} is not empty, and what is in it would be mixed in: give a new folder with --out"
        )


def folder_name(name: str) -> str:
    """A class's name as that of a folder: what no folder may be called is written as in addresses, %2F for a slash.

    >>> folder_name("T-shirt/top"), folder_name("ankle boot"), folder_name("..")
    ('T-shirt%2Ftop', 'ankle boot', '%2E%2E')
    """
    return re.sub(r'[%/\\:*?"<>|\x00-\x1f\x7f]|^\.|[. ]$', lambda found: f"%{ord(found[0]):02X}", name)


def _check_classes(model: LatentSampler) -> None:
    if not model.classes:
        raise ConfigurationError(
            "the generator makes no classes on demand, so its samples have no labels: train one with "
            "saddle train RECIPE --conditional"
        )


def _by_class(beside: ImageData, model: LatentSampler) -> list[Tensor]:
    """Real images of each class of the generator's. Raises ConfigurationError where they do not fit."""
    if beside.labels is None:
        raise ConfigurationError(
            f"{beside.name} has no classes to put its images into: put each class into a sub-folder of its own"
        )
    if beside.shape != model.shape:
        raise ConfigurationError(
            f"{beside.name} has images of {beside.shape} (channels, height, width), the generator makes "
            f"{model.shape}: give data of its shape with --data"
        )
    others = sorted({beside.classes[label] for label in beside.labels.unique()} - set(model.classes))
    if others:
        raise ConfigurationError(
            f"{beside.name} has classes that the generator lacks ({', '.join(others[:5])}; it makes "
            f"{', '.join(model.classes)}): give data of its classes with --data"
        )
    numbers = [beside.classes.index(name) if name in beside.classes else -1 for name in model.classes]
    return [beside.images[beside.labels == number] for number in numbers]


def _kept(judge: ClassifierFilter, drawn: Mapping[str, int]) -> dict[str, Any]:
    own = judge.classifier
    return {
        "probability": judge.probability,
        "classifier": own.name,
        "digest": own.digest,
        "drawn": dict(drawn),
    }


def _picture(image: Tensor) -> Image.Image:
    return Image.fromarray(image[0].numpy() if len(image) == 1 else image.permute(1, 2, 0).contiguous().numpy())
