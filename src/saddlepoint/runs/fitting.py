"""Which recipe fits what lies at a path: for who names the data where a recipe is expected."""

import shlex
from collections import Counter
from pathlib import Path

from saddlepoint.data.arrays import ENDINGS as ARRAYS
from saddlepoint.data.audio import ENDINGS as SOUNDS
from saddlepoint.data.cifar import found_cifar
from saddlepoint.data.folder import EXTENSIONS as IMAGES
from saddlepoint.data.folder import part_of
from saddlepoint.data.idx import holds_idx
from saddlepoint.disk import is_disk_file, walk

#: Endings of tables, and of texts.
TABLES, TEXTS = (".csv", ".tsv", ".parquet", ".pq", ".gz"), (".txt", ".text", ".md")
#: Files that are looked at, at most.
MOST = 20_000


def fitting(path: Path) -> str:
    """What lies at a path, and the commands that train on it, in words."""
    named = shlex.quote(str(path))
    if path.is_dir():
        what, recipes = _of_folder(path)
    else:
        kind = path.suffix.lower()
        what, recipes = _of_kind(kind, f"a file {kind}" if kind else "a file without an ending")
    told = f"{path} is {what}, not a recipe"
    if not recipes:
        return f"{told}: name a recipe and the data, as in: saddle train images --data FOLDER; see saddle list recipes"
    commands = [f"saddle train {one if ' --data ' in one else f'{one} --data {named}'}{why}" for one, why in recipes]
    return f"{told}. Train on it by: {', or '.join(commands)}"


def _of_kind(kind: str, what: str) -> tuple[str, list[tuple[str, str]]]:
    """What a file of an ending is, and the recipes that fit, each with what it is for."""
    if kind in IMAGES:
        return "an image", []
    if kind in ARRAYS:
        return "a file of arrays", [("images", "")]
    if kind in TABLES:
        return "a table", [("table", ""), ("series", " for rows in their order in time")]
    if kind in TEXTS:
        return "a text", [("text", "")]
    return what, []


def _of_folder(folder: Path) -> tuple[str, list[tuple[str, str]]]:
    if found_cifar(folder) is not None:
        return "a folder of CIFAR files", [("images", "")]
    if holds_idx(folder):
        return "a folder of MNIST files", [("mnist", ""), ("fashion-mnist", " for Fashion-MNIST")]
    below = (place / name for place, names in walk(folder) for name in names)
    files = [file for file, _ in zip((f for f in below if is_disk_file(f)), range(MOST), strict=False)]
    counts = Counter(
        "images" if kind in IMAGES else "sounds" if kind in SOUNDS else kind
        for kind in (file.suffix.lower() for file in files if not file.name.startswith("."))
    )
    if not counts:
        return "an empty folder", []
    # Of kinds that are trained on, if there are some: beside them lie notes and lists.
    known = Counter({kind: n for kind, n in counts.items() if kind in ("images", "sounds") or _of_kind(kind, "")[1]})
    [(most, number)] = (known or counts).most_common(1)
    if most == "images":
        if _are_pairs(folder):
            return f"a folder of pairs of {number:,} images", [("translate", ""), ("images", " for the images alone")]
        enhance = ("enhance", " --degrade downscale:2 to enlarge such images")
        return f"a folder of {number:,} images", [("images", ""), enhance]
    if most == "sounds":
        return f"a folder of {number:,} recordings", [("audio", ""), ("vocoder", " to resynthesise speech")]
    one = next(file for file in files if file.suffix.lower() == most)
    what, recipes = _of_kind(most, f"a folder of {number:,} files {most or 'without an ending'}")
    if recipes:
        return f"a folder with {what} in it", [(f"{r} --data {shlex.quote(str(one))}{why}", "") for r, why in recipes]
    return what, []


def _are_pairs(folder: Path) -> bool:
    """Whether two folders of images have files of the same names."""
    root, _ = part_of(folder, "train")
    sides = sorted(place for place in root.iterdir() if place.is_dir() and not place.name.startswith("."))
    if len(sides) != 2:
        return False
    first, second = ({file.stem for file in side.iterdir() if file.suffix.lower() in IMAGES} for side in sides)
    return bool(first) and first == second
