"""Any folder of images."""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from saddlepoint.data.images import DataError, ImageData

#: What is looked at; Pillow decides by content whether it can be decoded.
EXTENSIONS = frozenset(
    ".png .jpg .jpeg .jfif .webp .bmp .dib .gif .tif .tiff .ppm .pgm .pbm .pnm .tga .ico .avif .jp2".split()
)
#: Images above this many pixels are refused as decompression bombs.
MOST_PIXELS = 200_000_000
#: How many unreadable files a note names.
NAMED = 5

_GREY = frozenset({"1", "L", "LA", "La", "I", "F"})


def image_folder(
    folder: Path,
    size: int = 32,
    background: int = 255,
    progress: Callable[[int, int], None] | None = None,
) -> ImageData:
    """All images in a folder and the folders below it, as size x size.

    Every image is turned upright (EXIF), cut to its central square and resized (Lanczos). Alpha is laid on a plain
    background; of an animated file the first frame counts; 16-bit and float images are scaled by what their type
    can hold (floats in [0, 1] by 1). All are grey where every file is, colour otherwise.

    Where all images lie in two or more sub-folders and none beside them, the sub-folders of the first level are the
    classes. A sub-folder `train` takes the place of the folder, so that held-out images stay out.

    Args:
        folder: where to look. Hidden files and folders are passed over.
        size: side in pixels.
        background: grey level under transparent parts.
        progress: called with (done, total) from time to time.

    Raises:
        DataError: no such folder, no images in it, or none that can be decoded.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {what}: give a folder of images")
    notes = []
    root = folder
    if (folder / "train").is_dir() and not any(_is_image(p) for p in folder.iterdir()):
        root = folder / "train"
        notes.append(f"took the images of {root} only")
    paths = _images_below(root)
    if not paths:
        raise DataError(f"no images in {folder}: looked for {', '.join(sorted(EXTENSIONS))} there and below")

    pixels, kept, bad = _decode_all(paths, size, background, progress)
    if not kept:
        raise DataError(
            f"none of the {len(paths)} image files in {folder} can be decoded, beginning with {bad[0][0].name} ({bad[0][1]})"
        )
    if bad:
        named = ", ".join(f"{path.relative_to(root)} ({why})" for path, why in bad[:NAMED])
        more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        notes.append(f"skipped {len(bad)} of {len(paths)} files that can't be decoded: {named}{more}")

    images = torch.from_numpy(np.stack([p if p.ndim == 3 else p[..., None].repeat(3, -1) for p in pixels])
                              if any(p.ndim == 3 for p in pixels) else np.stack(pixels)[..., None])
    labels, classes = _classes(root, kept)
    return ImageData(
        name=folder.name,
        images=images.permute(0, 3, 1, 2).contiguous(),
        source=f"images below {root}",
        labels=labels,
        classes=classes,
        notes=tuple(notes),
    )


def decode(path: Path, size: int, background: int = 255) -> NDArray[np.uint8]:
    """One file as uint8 (size, size), or (size, size, 3) for colour. Raises OSError or ValueError for a bad file."""
    with warnings.catch_warnings():
        # A palette with transparency, odd EXIF and the like: the picture is what counts.
        warnings.simplefilter("ignore")
        with Image.open(path) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise ValueError(f"{opened.width}x{opened.height} pixels are too many")
            opened.draft("RGB" if opened.mode not in _GREY else "L", (2 * size, 2 * size))
            upright = ImageOps.exif_transpose(opened)
            picture = _eight_bit(upright)
        grey = picture.mode in ("L", "LA")
        if "A" in picture.mode:
            alpha = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", alpha.size, (background,) * 3 + (255,)), alpha)
        picture = picture.convert("L" if grey else "RGB")
        square = ImageOps.fit(picture, (size, size), method=Image.Resampling.LANCZOS)
        return np.asarray(square)


def _eight_bit(image: Image.Image) -> Image.Image:
    """L, LA, RGB or RGBA, without clipping what has more than eight bits."""
    mode = image.mode
    if mode in ("L", "LA", "RGB", "RGBA"):
        if "transparency" in image.info and mode in ("L", "RGB"):
            return image.convert("LA" if mode == "L" else "RGBA")
        return image
    if mode == "1":
        return image.convert("L")
    if mode in ("La", "RGBa"):
        return image.convert("LA" if mode == "La" else "RGBA")
    if mode.startswith("I") or mode == "F":
        values = np.asarray(image, dtype=np.float64)
        top = values.max(initial=0.0)
        # 16 bits travel in modes I;16 and I; floats are shares of 1 unless they are plainly not.
        full = 65535.0 if mode != "F" else (1.0 if top <= 1 else 255.0 if top <= 255 else 65535.0)
        full = max(full, top)
        return Image.fromarray((values.clip(0) / full * 255).round().astype(np.uint8))
    if mode == "P":
        colours = image.convert("RGBA" if "transparency" in image.info else "RGB")
        return colours
    if mode == "PA":
        return image.convert("RGBA")
    return image.convert("RGB")


def _decode_all(
    paths: Sequence[Path], size: int, background: int, progress: Callable[[int, int], None] | None
) -> tuple[list[NDArray[np.uint8]], list[Path], list[tuple[Path, str]]]:
    def attempt(path: Path) -> NDArray[np.uint8] | str:
        try:
            return decode(path, size, background)
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            return _reason(path, error)

    pixels: list[NDArray[np.uint8]] = []
    kept: list[Path] = []
    bad: list[tuple[Path, str]] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done, (path, result) in enumerate(zip(paths, pool.map(attempt, paths), strict=True), start=1):
            if isinstance(result, str):
                bad.append((path, result))
            else:
                pixels.append(result)
                kept.append(path)
            if progress is not None and (done % 100 == 0 or done == len(paths)):
                progress(done, len(paths))
    return pixels, kept, bad


def _reason(path: Path, error: Exception) -> str:
    if path.stat().st_size == 0:
        return "empty"
    if "cannot identify" in str(error):
        return "not an image"
    if "truncated" in str(error):
        return "cut short"
    return str(error) or type(error).__name__


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS and not path.name.startswith(".") and path.is_file()


def _images_below(root: Path) -> list[Path]:
    """Sorted; links to folders are not followed, so there are no loops."""
    found = []
    for place, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [path for name in files if _is_image(path := Path(place) / name)]
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def _classes(root: Path, paths: Sequence[Path]) -> tuple[torch.Tensor | None, tuple[str, ...]]:
    parts = [path.relative_to(root).parts for path in paths]
    if any(len(p) < 2 for p in parts):
        return None, ()
    counts = Counter(p[0] for p in parts)
    if len(counts) < 2:
        return None, ()
    names = sorted(counts)
    return torch.tensor([names.index(p[0]) for p in parts]), tuple(names)
