"""`saddle augment`."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from PIL import Image
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from saddlepoint.cli.console import err, print_json
from saddlepoint.configuration import ConfigurationError
from saddlepoint.data import ImageData, load_images
from saddlepoint.recipes import ImageConfig, parse_config
from saddlepoint.recipes.building import data_again
from saddlepoint.storage import RunFolder, write_atomically
from saddlepoint.tasks.enlarging import ClassifierFilter, samples_of_class
from saddlepoint.tasks.trained import WEIGHTS, ImageGenerator, Sampler

MANIFEST = "augmented.json"


def augment(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or its generator/ folder alone.")],
    per_class: Annotated[int, typer.Option("--per-class", min=1, metavar="N", help="Generated images of each class.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new folder: a sub-folder a class, a PNG file each.")
    ] = None,
    npz: Annotated[
        Path | None,
        typer.Option("--npz", metavar="FILE", help="Arrays `images`, `labels`, `classes`, and which are `generated`."),
    ] = None,
    real: Annotated[bool, typer.Option("--real", help="Put the run's own training images beside them.")] = False,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME|PATH", help="Put these real images beside them instead.")
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            "--keep",
            metavar="P",
            help="Only samples that our classifier (of digits, of clothes) reads as their class with probability P.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other images.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The manifest as one line of JSON on stdout.")] = False,
) -> None:
    """Enlarge a labelled set of images by samples of a conditional generator. The same seed gives the same images.

    DIR is a data set as `saddle train images --data DIR` and other programs read one: a sub-folder a class, with
    real-….png and generated-….png in it. DIR/augmented.json says what it was made of.

    Examples:

      saddle train mnist --conditional --set data.per_class=50 --set augmentation.kind=diffaugment

      saddle augment runs/mnist --per-class 500 --real --out larger
    """
    if out is None and npz is None:
        raise ConfigurationError("say where the images shall go: --out DIR, --npz FILE, or both")
    if out is not None:
        _check_free(out)
    trained = Sampler.load(run)
    if not isinstance(trained, ImageGenerator):
        raise ConfigurationError(f"{run} makes {trained.kind}, and sets of images are what can be enlarged")
    if not trained.classes:
        raise ConfigurationError(
            f"the generator of {run} makes no classes on demand, so its samples have no labels: train one with "
            f"saddle train RECIPE --conditional"
        )
    beside = _real(run, trained, real, data)
    classifier_filter = None if keep is None else ClassifierFilter.of_ours(trained.classes, keep)

    made, drawn = [], {}
    with _bar("drawing", len(trained.classes)) as step:
        for label, name in enumerate(trained.classes):
            found = samples_of_class(trained, label, per_class, seed, classifier_filter)
            made.append(found.images)
            drawn[name] = found.drawn
            step()
    reals = [_of(beside, name) for name in trained.classes]
    manifest = {
        "generated": {name: len(images) for name, images in zip(trained.classes, made, strict=True)},
        "real": {name: len(images) for name, images in zip(trained.classes, reals, strict=True)},
        "shape": list(trained.shape),
        "seed": seed,
        "generator": {"run": str(run), "network": trained.spec["name"], "weights_sha256": _digest(run)},
        "kept": None if classifier_filter is None else _kept(classifier_filter, drawn),
        "data": None if beside is None else {"name": beside.name, "fingerprint": beside.fingerprint},
    }
    if out is not None:
        _write_folder(out, trained.classes, {"real": reals, "generated": made}, manifest)
        err.print(f"wrote {_told(manifest)} to {out}", markup=False, soft_wrap=True)
    if npz is not None:
        _write_arrays(npz, trained.classes, reals, made)
        err.print(f"wrote {_told(manifest)} to {npz}", markup=False, soft_wrap=True)
    if manifest["kept"] is not None:
        share = per_class * len(drawn) / sum(drawn.values())
        err.print(f"kept {share:.1%} of the samples, those read as their class", markup=False, soft_wrap=True)
    if as_json:
        print_json(manifest)


def _check_free(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise ConfigurationError(f"{out} is a file: give a new folder with --out")
    if out.resolve() == Path.cwd():
        raise ConfigurationError("--out is the folder that you are in: give a new one, which need not exist")
    if out.exists() and any(out.iterdir()):
        raise ConfigurationError(
            f"{out} is not empty, and what is in it would be mixed in: give a new folder with --out"
        )


# --- real images ----------------------------------------------------------------------------------------


def _real(run: Path, trained: ImageGenerator, wanted: bool, data: str | None) -> ImageData | None:
    """The images to put beside the generated ones, in the generator's size and of its classes.

    Raises:
        ValueError: they can't be read, or do not fit.
    """
    if data is not None:
        _, height, width = trained.shape
        found = load_images(data, size=height if height == width else None)
    elif wanted:
        found = _trained_on(run)
    else:
        return None
    if found.labels is None:
        raise ConfigurationError(
            f"{found.name} has no classes to put its images into: put each class into a sub-folder of its own"
        )
    if found.shape != trained.shape:
        raise ConfigurationError(
            f"{found.name} has images of {found.shape} (channels, height, width), the generator makes "
            f"{trained.shape}: give data of its shape with --data"
        )
    others = sorted({found.classes[label] for label in found.labels.unique()} - set(trained.classes))
    if others:
        raise ConfigurationError(
            f"{found.name} has classes that the generator lacks ({', '.join(others[:5])}; it makes "
            f"{', '.join(trained.classes)}): give data of its classes with --data"
        )
    return found


def _trained_on(run: Path) -> ImageData:
    folder = RunFolder(run)
    plain = folder.read_config() if folder.config.exists() else {}
    config = parse_config(plain) if "recipe" in plain else None
    if not isinstance(config, ImageConfig):
        raise ConfigurationError(
            f"{run} does not say what the generator was trained on: give the run folder, or the images with --data"
        )
    data, other = data_again(folder, config)
    assert isinstance(data, ImageData)
    if other is not None:
        err.print(f"note: {other}", markup=False, soft_wrap=True)
    return data


def _of(beside: ImageData | None, name: str) -> Tensor:
    if beside is None or name not in beside.classes:
        return torch.empty(0, dtype=torch.uint8)
    assert beside.labels is not None
    return beside.images[beside.labels == beside.classes.index(name)]


# --- writing --------------------------------------------------------------------------------------------


def _write_folder(
    out: Path, classes: tuple[str, ...], kinds: dict[str, list[Tensor]], manifest: dict[str, Any]
) -> None:
    """A sub-folder a class; the whole appears at once, or not at all."""
    places = dict(zip(classes, map(folder_name, classes), strict=True))
    with _whole(out) as folder, _bar("writing", sum(len(part) for parts in kinds.values() for part in parts)) as step:
        for kind, parts in kinds.items():
            for name, images in zip(classes, parts, strict=True):
                (folder / places[name]).mkdir(exist_ok=True)
                digits = len(str(max(0, len(images) - 1)))
                for number, image in enumerate(images):
                    _picture(image).save(folder / places[name] / f"{kind}-{number:0{digits}d}.png")
                    step()
        text = json.dumps({**manifest, "folders": places}, indent=1, ensure_ascii=False)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def folder_name(name: str) -> str:
    """A class's name as that of a folder: what no folder may be called is written as in addresses, %2F for a slash.

    >>> folder_name("T-shirt/top"), folder_name("ankle boot"), folder_name("..")
    ('T-shirt%2Ftop', 'ankle boot', '%2E%2E')
    """
    return re.sub(r'[%/\\:*?"<>|\x00-\x1f\x7f]|^\.|[. ]$', lambda found: f"%{ord(found[0]):02X}", name)


def _picture(image: Tensor) -> Image.Image:
    return Image.fromarray(image[0].numpy() if len(image) == 1 else image.permute(1, 2, 0).contiguous().numpy())


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A folder to fill under a temporary name, which then takes its own."""
    temporary = out.with_name(f".{out.name}.partial")
    if temporary.exists():  # what a killed process left
        shutil.rmtree(temporary)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.replace(out)
    except BaseException:
        shutil.rmtree(temporary)
        raise


def _write_arrays(path: Path, classes: tuple[str, ...], reals: list[Tensor], made: list[Tensor]) -> None:
    labels = torch.arange(len(classes))
    parts = [part for part in (*reals, *made) if len(part)]
    counts = [torch.tensor([len(part) for part in kind]) for kind in (reals, made)]
    arrays = {
        "images": torch.cat(parts).permute(0, 2, 3, 1).numpy(),
        "labels": torch.cat([labels.repeat_interleave(count) for count in counts]).numpy(),
        "generated": np.arange(2).repeat([int(count.sum()) for count in counts]).astype(bool),
        "classes": np.array(classes),
    }

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, write)


# --- words ----------------------------------------------------------------------------------------------


def _digest(run: Path) -> str:
    path = run / WEIGHTS
    return hashlib.sha256((path if path.exists() else run / "generator" / WEIGHTS).read_bytes()).hexdigest()[:16]


def _kept(classifier_filter: ClassifierFilter, drawn: dict[str, int]) -> dict[str, Any]:
    judge = classifier_filter.classifier
    return {
        "probability": classifier_filter.probability,
        "classifier": judge.name,
        "digest": judge.digest,
        "drawn": drawn,
    }


def _told(manifest: dict[str, Any]) -> str:
    generated, real = (sum(manifest[kind].values()) for kind in ("generated", "real"))
    return f"{generated:,} generated{f' and {real:,} real' if real else ''} images"


@contextmanager
def _bar(what: str, of: int) -> Iterator[Any]:
    """A bar on terminals; gives what to call at each step."""
    columns = (TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.completed:,.0f}/{task.total:,.0f}"))
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=of)
        yield lambda: bar.advance(task)
