"""Arrays in files: NumPy's .npz and .npy, and HDF5.

The rules, for what such files leave open:

    arrays     images: `images`, `x_train` (`x_test`), `train_images` (`test_images`), `arr_0`, or the only array
               labels: `labels`, `y_train` (`y_test`), `train_labels` (`test_labels`), `arr_1`, or none
               names of the classes: `classes`, or none
    shape      (N, H, W); (N, H, W, C) where the last is 1 or 3; (N, C, H, W) with C 1 or 3; else the channels are the
               first or the last of the three, whichever is the smallest
    values     integers 0 to 255 as they are; numbers from −1 to 1 as −1 black, 1 white where any is negative, else as
               0 black, 1 white; numbers from 0 to 255 rounded; of all else the least is black and the greatest white,
               unless a range is given
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tokenize import TokenError
from typing import Any, Protocol
from zipfile import is_zipfile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.data.damage import DAMAGE, check_archive, check_swelling, reason
from saddlepoint.data.decoding import Range
from saddlepoint.data.images import DataError, ImageData, Split, at_once, gathered
from saddlepoint.data.value_range import ValueRange, check, natural
from saddlepoint.disk import found_at

ENDINGS = (".npz", ".npy", ".h5", ".hdf5")
#: Names of the images and labels of each split, in the order in which they are looked for.
IMAGES = {"train": ("images", "x_train", "train_images", "arr_0"), "test": ("x_test", "test_images")}
LABELS = {"train": ("labels", "y_train", "train_labels", "arr_1"), "test": ("y_test", "test_labels")}
CLASSES = "classes"
#: Axes that are longer are no channels.
MOST_CHANNELS = 64
#: Labels from here on are not numbers of classes.
MOST_CLASSES = 100_000


class _Array(Protocol):
    """What NumPy's arrays and those of HDF5 have in common; the latter stay on the disk until they are sliced."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: slice) -> NDArray[Any]: ...


def array_file(path: str | Path, split: Split = "train", values: Range | None = None) -> ImageData:
    """Images, and labels if there are any, in a file of arrays; the module says by which rules.

    Nothing is unpickled. HDF5 and .npy are read in pieces; .npz as a whole.

    Args:
        path: a file that ends as one of `ENDINGS`.
        split: "train", or "test" for arrays that are named so, in whose range of values they then are.
        values: that are black and white; None leaves it to the rules.

    Raises:
        DataError: the file cannot be read, lacks the arrays, or breaks the rules; h5py is not installed.
    """
    path = Path(path).expanduser()
    with ExitStack() as stack:
        try:
            arrays = _opened(path, stack)
            name, images = _images(arrays, path, split)
            if split == "test" and values is None:
                values = _range_of_train(arrays, path)
            pixels, notes = pixels_of(images, f"{name} of {path}", values)
            labels, classes = _labels(arrays, path, split)
        # What NumPy raises for pickles and damage; h5py's errors are the first.
        except DAMAGE as error:
            raise DataError(
                f"{path} cannot be read ({reason(error)}): it is damaged or not what its name says; save it anew"
            ) from error
    return ImageData(path.stem, pixels, labels, classes, f"The array {name} of the file {path}.", notes)


def _opened(path: Path, stack: ExitStack) -> Mapping[str, Any]:
    if there := found_at(path):
        raise DataError(f"{path} {there}: expected a file of arrays; give the path of one")
    if path.suffix.lower() in (".h5", ".hdf5"):
        try:
            import h5py
        except ImportError as error:
            raise DataError(f"{path} is HDF5, which needs h5py: pip install 'saddlepoint[hdf5]'") from error
        file = stack.enter_context(h5py.File(path, "r"))
        # Links to other files, and numbers that lie in them, would be whatever else is on this disk.
        inside = [name for name in file if not isinstance(file.get(name, getlink=True), h5py.ExternalLink)]
        found = {name: file[name] for name in inside if isinstance(file[name], h5py.Dataset)}
        own = {name: data for name, data in found.items() if not data.is_virtual and data.external is None}
        for name, data in own.items():
            # Numbers that were never written would be zeros for as long as one reads.
            check_swelling(data.nbytes, data.id.get_storage_size(), f"{name} of {path}")
        return own
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of shapes that overflow
            if path.suffix.lower() == ".npy":
                return {"arr_0": np.lib.format.open_memmap(path, mode="r")}
            if is_zipfile(path):
                check_archive(path)
            # Opened here: NumPy leaves a file open that turns out to be damaged.
            archive = np.load(stack.enter_context(path.open("rb")), allow_pickle=False)
    except (ValueError, TypeError, OverflowError, SyntaxError, TokenError) as error:  # of headers that are none
        raise DataError(f"{path} cannot be read ({error}): give arrays of numbers, as numpy.savez writes") from error
    if not isinstance(archive, Mapping):
        raise DataError(f"{path} is a single array and no .npz: name it .npy")
    return archive


def _images(arrays: Mapping[str, Any], path: Path, split: Split) -> tuple[str, _Array]:
    if split not in IMAGES:
        raise DataError(f"there is no split {split!r}: give one of {', '.join(IMAGES)}")
    names = IMAGES[split]
    name = next((name for name in names if name in arrays), None)
    if name is None and split == "train" and len(arrays) == 1:
        [name] = arrays
    if name is None:
        held = ", ".join(arrays) or "nothing"
        raise DataError(f"{path} holds {held}: expected the images to {split} under one of {', '.join(names)}")
    return name, _taken(arrays, name, path)


def _taken(arrays: Mapping[str, Any], name: str, path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of shapes that overflow
            found = arrays[name]
    except (ValueError, TypeError, OverflowError, SyntaxError, TokenError) as error:  # a pickle inside, or no header
        raise DataError(
            f"{name} of {path} cannot be read ({error}): pickles can run any program; save an array of numbers"
        ) from error
    if isinstance(found, bytes):
        raise DataError(f"{name} of {path} is no array: save one with numpy.savez")
    return found


# --- pixels -------------------------------------------------------------------------------------------


def pixels_of(array: _Array, what: str, values: Range | None = None) -> tuple[Tensor, tuple[str, ...]]:
    """Any array of images as uint8 (N, C, H, W), by the rules of this module; and what is to be noted of its range.

    Args:
        array: of NumPy, or of HDF5, which stays on the disk until it is sliced.
        what: to call it.
        values: that are black and white; None leaves it to the rules.

    Raises:
        DataError: it breaks the rules.
    """
    check(values)
    shape = tuple(array.shape)
    if len(shape) not in (3, 4) or 0 in shape:
        raise DataError(f"{what} has shape {shape}: expected (N, H, W), (N, H, W, C) or (N, C, H, W)")
    channels_last = len(shape) == 4 and _channels_last(shape)
    n, c, h, w = (*shape[:1], 1, *shape[1:]) if len(shape) == 3 else _channels_first(shape) if channels_last else shape
    if c > MOST_CHANNELS:
        raise DataError(
            f"{what} has shape {shape}, which would be {c} channels: expected (N, H, W), (N, H, W, C) or (N, C, H, W) "
            f"with at most {MOST_CHANNELS}"
        )
    kind = np.dtype(array.dtype)
    if kind == np.uint8 and values is None and not channels_last and isinstance(array, np.ndarray):
        with warnings.catch_warnings():  # a mapped file is read-only, and stays so
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            return torch.from_numpy(array).reshape(n, c, h, w), ()
    (low, high), notes = _range(array, kind, what, values)
    scale, shift = 255 / (high - low), -low * 255 / (high - low)
    as_is = kind == np.uint8 and values is None

    def parts() -> Iterator[Tensor]:
        for part in _slices(array):
            if not as_is:
                part = (part.astype(np.float64) * scale + shift).round().clip(0, 255).astype(np.uint8)
            if channels_last:
                part = np.moveaxis(part, 3, 1)
            yield torch.from_numpy(np.array(part)).reshape(-1, c, h, w)

    return gathered((n, c, h, w), parts()), notes


def _channels_last(shape: tuple[int, ...]) -> bool:
    """Whether the last of four axes are the channels."""
    first, *_, last = shape[1:]
    if last in (1, 3) or first in (1, 3):
        return last in (1, 3)
    return last < min(shape[1:3])


def _channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    n, h, w, c = shape
    return n, c, h, w


def _slices(array: _Array) -> Iterator[NDArray[Any]]:
    step = at_once(*array.shape[1:])
    for start in range(0, array.shape[0], step):
        yield array[start : start + step]


def _range(array: _Array, kind: np.dtype[Any], what: str, given: Range | None) -> tuple[Range, tuple[str, ...]]:
    """The values that are black and white, and what is to be noted of them."""
    if kind.kind not in "iufb":
        raise DataError(f"{what} holds {kind}: expected integers 0 to 255, or numbers from 0 to 1 or from −1 to 1")
    if given is not None:
        return given, (ValueRange(given, given=True, files=len(array)).note("images"),)
    if kind == np.uint8:
        return (0.0, 255.0), ()
    if kind == np.bool_:
        return (0.0, 1.0), ()
    low, high = np.inf, -np.inf
    for part in _slices(array):
        # min and max let NaN through.
        low, high = float(np.minimum(low, part.min())), float(np.maximum(high, part.max()))
    if not np.isfinite([low, high]).all():
        raise DataError(f"{what} holds values that are not finite: fill or remove them, then train again")
    if kind.kind == "f" and -1 <= low < 0 and high <= 1:
        return (-1.0, 1.0), ()
    if kind.kind == "f" and low >= 0 and high <= 1:
        return (0.0, 1.0), ()
    if low >= 0 and high <= 255:
        return (0.0, 255.0), ()
    found = ValueRange(natural(low, high), given=False, files=len(array))
    return found.ends, (found.note("images"),)


def _range_of_train(arrays: Mapping[str, Any], path: Path) -> Range | None:
    """The range of the images to train with, so that those to test with mean the same; None where there are none."""
    if not any(name in arrays for name in IMAGES["train"]):
        return None
    name, images = _images(arrays, path, "train")
    return _range(images, np.dtype(images.dtype), f"{name} of {path}", None)[0]


# --- labels -------------------------------------------------------------------------------------------


def _labels(arrays: Mapping[str, Any], path: Path, split: Split) -> tuple[Tensor | None, tuple[str, ...]]:
    found = {}
    for part, names in LABELS.items():
        name = next((name for name in names if name in arrays), None)
        if name is not None:
            found[part] = np.asarray(_taken(arrays, name, path)[:])
    if split not in found:
        return None, ()
    labels, classes = labels_of(found[split], f"the labels ({split}) of {path}", tuple(found.values()))
    # Names stand for themselves; numbers may have names beside them.
    numbered = classes == tuple(map(str, range(len(classes))))
    return labels, _named(arrays, path, len(classes)) if numbered else classes


def labels_of(
    labels: NDArray[Any], what: str, all_labels: Sequence[NDArray[Any]] = ()
) -> tuple[Tensor, tuple[str, ...]]:
    """Labels as numbers of classes, int64 (N,), and the classes.

    Args:
        labels: a whole number or a name an image, (N,) or (N, 1).
        what: to call them.
        all_labels: those of other splits too, so that a class that one lacks leaves the others their numbers.

    Raises:
        DataError: they are neither.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(f"{what} have shape {labels.shape}: expected (N,), a number or a name an image")
    others = all_labels or (labels,)
    if labels.dtype.kind in "USO":
        classes = tuple(sorted({_text(value) for values in others for value in values.reshape(-1)}))
        index = {name: i for i, name in enumerate(classes)}
        return torch.tensor([index[_text(value)] for value in labels]), classes
    if labels.dtype.kind not in "iu":
        raise DataError(f"{what} are {labels.dtype}: expected whole numbers from 0, or names")
    low, high = int(labels.min()), max(int(values.max()) for values in others)
    if low < 0 or high >= MOST_CLASSES:
        raise DataError(f"{what} run from {low} to {high}: expected the numbers of classes, from 0")
    return torch.from_numpy(labels.astype(np.int64)), tuple(map(str, range(high + 1)))


def _named(arrays: Mapping[str, Any], path: Path, n: int) -> tuple[str, ...]:
    given: Sequence[Any] = _taken(arrays, CLASSES, path)[:] if CLASSES in arrays else ()
    names = tuple(_text(name) for name in np.asarray(given).reshape(-1))
    return names if len(names) >= n else tuple(str(i) for i in range(n))


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
