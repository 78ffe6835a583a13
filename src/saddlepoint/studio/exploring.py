"""What is asked of a trained network: samples, walks, directions, conversions. Runs in a process of its own, which has
torch, so that the server stays small and answers whatever a network does.
"""

import base64
import io
import math
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from saddlepoint.configuration import ConfigurationError
from saddlepoint.configuration.describing import described
from saddlepoint.runs import Run
from saddlepoint.storage import RunFolder
from saddlepoint.tasks import Converter, Model, Sampler, recipes
from saddlepoint.tasks.model import FOLDER, LatentSampler

#: Samples at once, stops and frames of a walk, directions, and samples that a PCA takes.
MOST, STOPS, FRAMES, DIRECTIONS, SEEN = 100, 6, 10, 10, 512
#: Samples at once of what is drawn as one picture: points, and rows of a table, whose first are shown.
DRAWN = 2500
#: Options of models that a page may set, of those that there are; others may name files.
OFFERED = ("where", "balance", "temperature", "prompt", "strength", "force")
#: What a page asks for them with, by what they take.
_KINDS = {"a number": "number", "true or false": "checkbox"}
#: Models that are kept.
KEPT = 2
#: Letters of a text that is shown, and rows and columns of a table.
LETTERS, ROWS, COLUMNS = 20_000, 30, 40
#: Pixels that small images are enlarged to, by whole factors.
SIDE = 96
#: Pixels of a photograph that is converted.
PIXELS = 4_000_000


@dataclass
class Opened:
    """A run's newest model."""

    run: Run
    model: Model
    samples: int | None
    weights: str
    stamp: tuple[Any, ...]
    directions: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)


_opened: "OrderedDict[Path, Opened]" = OrderedDict()


def warm(threads: int) -> None:
    """Be ready for the first question."""
    from saddlepoint.storage.memory import bound_memory

    bound_memory()
    torch.set_num_threads(threads)
    # What the first question would wait for: the tasks, and what torch imports as it draws on no device.
    recipes()
    torch.empty(1, device="meta").normal_()


def answer(path: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a page asks of the newest model of a run.

    Raises:
        ValueError: a sentence for people.
    """
    opened = _open(path)
    what = asked.get("do")
    if not isinstance(what, str) or what not in DEEDS:
        raise ValueError(f"there is no {what!r} to do: {', '.join(DEEDS)}")
    found = DEEDS[what](opened, asked)
    return {**found, "samples": opened.samples, "weights": opened.weights}


def _open(path: Path) -> Opened:
    """The newest one that the folder has: of its newest checkpoint while it trains, what was handed over afterwards."""
    folder = RunFolder(path)
    folder.check_inside()
    ended = folder.read_identity().get("state") == "ended" and not folder.busy
    places = (
        sorted(p.name for p in folder.checkpoints.folder.glob("[0-9]*")) if folder.checkpoints.folder.is_dir() else []
    )
    handed = folder.generator / "generator.safetensors"
    stamp = (ended, places[-1:], handed.stat().st_mtime_ns if handed.is_file() else 0)
    known = _opened.pop(path, None)
    if known is None or known.stamp != stamp:
        run = Run.open(path)
        if known is not None and known.run._data is not None and run.config is not None:
            run.with_data(known.run._data)
        known = _newest(run, ended=ended, stamp=stamp)
    _opened[path] = known
    while len(_opened) > KEPT:
        _opened.popitem(last=False)
    return known


def _newest(run: Run, *, ended: bool, stamp: tuple[Any, ...]) -> Opened:
    identity = run.storage.read_identity()
    if not ended:
        with suppress(ConfigurationError, ValueError, OSError):
            models, samples = run.models()
            name, model = next(iter(models.items()))
            return Opened(run, model, samples, name, stamp)
    try:
        return Opened(run, run.model, identity.get("samples"), "delivered", stamp)
    except ValueError as error:
        if ended:
            raise
        raise ValueError(f"there is nothing to draw from yet: the run has no whole checkpoint ({error})") from error


# --- what is done -----------------------------------------------------------------------------------------


def _about(opened: Opened, _: Mapping[str, Any]) -> dict[str, Any]:
    model = opened.model
    found: dict[str, Any] = {"title": model.title, "kind": model.kind, "form": _form(model)}
    known = {one.key: one for one in described(model.Options())}
    offered = [known[key] for key in OFFERED if key in known]
    found["options"] = [
        {"key": one.key, "text": one.text, "kind": _KINDS.get(one.kind.split(",")[0], "text")} for one in offered
    ]
    if isinstance(model, Sampler):
        found |= {"classes": [str(name) for name in model.classes][:500]}
    if isinstance(model, LatentSampler):
        found |= {"latent": model.latent.size}
    if isinstance(model, Converter):
        found |= {"verb": model.verb, "takes": model.takes}
    return found


def _form(model: Model) -> str:
    """How what it makes is shown: images, sounds, text, rows, picture; or photographs or sounds that it converts."""
    if isinstance(model, Converter):
        return "convert-sound" if model.verb == "vocode" else "convert-image"
    if isinstance(model, LatentSampler) and model.kind == "images":
        return "images"
    assert isinstance(model, Sampler)
    if ".wav" in model.formats or model.default_out.endswith(".wav"):
        return "sounds"
    if model.default_out == "":
        return "text"
    return "rows" if model.default_out.endswith(".csv") else "picture"


def _options(model: Model, asked: Mapping[str, Any]) -> Any:
    """What a page chose, texts and numbers by key, as the model takes it."""
    given = asked.get("options")
    if not isinstance(given, Mapping):
        return model.Options()
    chosen: dict[str, Any] = {}
    for key, value in given.items():
        if key not in OFFERED or not isinstance(value, str | int | float) or len(str(value)) > 500:
            raise ValueError(
                f"{str(key)[:40]!r} can't be chosen here: {', '.join(OFFERED)} can, of models that take it"
            )
        if value != "":
            chosen[key] = [part.strip() for part in str(value).split(";")] if key == "where" else value
    return model.Options.read(chosen)


def _sample(opened: Opened, asked: Mapping[str, Any]) -> dict[str, Any]:
    model = opened.model
    if not isinstance(model, Sampler):
        raise ValueError(f"{model.title} draws no samples: give it something to convert")
    form = _form(model)
    n = _whole(asked, "n", 16, 1, DRAWN if form in ("picture", "rows") else MOST)
    seed = _whole(asked, "seed", 0, 0, 2**31)
    label = model.class_named(asked["label"]) if asked.get("label") not in (None, "") else None
    options = _options(model, asked)
    if form == "images":
        assert isinstance(model, LatentSampler)
        latents = model.latents(n, seed) * _share(asked, "truncation", 1.0, 0.0, 2.0)
        if asked.get("rows") and model.classes:
            named = list(model.classes)[: max(1, MOST // min(n, 10))]
            latents = latents[:10]
            labels = torch.arange(len(named)).repeat_interleave(len(latents))
            images = model.render(latents.repeat(len(named), 1), labels)
            return {"form": form, "images": _pictures(images), "columns": len(latents), "names": named}
        return {"form": form, "images": _pictures(model.render(latents, model.labels(n, label, seed)))}
    drawn = model.draw(n, seed, label, options)
    if form == "text":
        return {"form": form, "text": model.text(drawn)[:LETTERS]}
    with tempfile.TemporaryDirectory(prefix="saddlepoint-") as place:
        if form == "sounds":
            model.write(drawn, Path(place) / "made", FOLDER)
            files = sorted(file for file in (Path(place) / "made").rglob("*.wav"))[:24]
            return {"form": form, "sounds": [_address(file.read_bytes(), "audio/wav") for file in files]}
        file = Path(place) / "made.png"
        model.write(drawn, file)
        rows = _rows(model.presented(drawn)) if form == "rows" else {}
        return {"form": form, "picture": _address(file.read_bytes(), "image/png"), **rows}


def _rows(table: Any) -> dict[str, Any]:
    """A data frame as texts."""
    names = [str(name)[:60] for name in list(table.columns)[:COLUMNS]]
    cells = [[_cell(cell) for cell in row[:COLUMNS]] for row in table.head(ROWS).itertuples(index=False)]
    return {"columns": names, "rows": cells}


def _cell(value: Any) -> str:
    """Of a table that is shown: numbers to six digits, nothing of a missing value."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return str(value)[:80]


def _mixed(opened: Opened, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Images of places in latent space: each a sum of samples' latents with weights, moved along directions."""
    model = _latent(opened)
    places, labels = [], []
    for one in _some(asked.get("places"), MOST):
        latent, label = _place(opened, model, one)
        places.append(latent)
        labels.append(label)
    if not places:
        raise ValueError("no place in latent space was named")
    classes = torch.tensor(labels) if model.classes else None
    return {"form": "images", "images": _pictures(model.render(torch.stack(places), classes))}


def _place(opened: Opened, model: LatentSampler, one: Any) -> tuple[Tensor, int]:
    if not isinstance(one, Mapping):
        raise ValueError("a place is a mapping of seed, parts and moves")
    seed = _whole(one, "seed", 0, 0, 2**31)
    parts = [
        (_whole(part, "at", 0, 0, MOST - 1), _share(part, "weight", 1.0, -4.0, 4.0))
        for part in _some(one.get("parts"), MOST)
    ]
    latents = model.latents(MOST, seed)
    total = sum(weight for _, weight in parts) or 1.0
    latent = sum((weight / total * latents[at] for at, weight in parts), torch.zeros(model.latent.size))
    if model.latent.distribution != "uniform" and len(parts) > 1:
        # Of a usual norm, as a mean of normal latents has too small a one.
        norms = sum(weight / total * float(latents[at].norm()) for at, weight in parts)
        latent = latent / latent.norm().clamp_min(1e-6) * norms
    latent = latent * _share(one, "truncation", 1.0, 0.0, 2.0)
    moves = _some(one.get("moves"), DIRECTIONS)
    if moves:
        found, _ = _directions_of(opened, model, str(one.get("by", "factorisation")))
        for number, amount in enumerate(moves[: len(found)]):
            latent = latent + _finite(amount, -20.0, 20.0) * found[number]
    return latent, _label(model, one, parts, seed)


def _label(model: LatentSampler, one: Mapping[str, Any], parts: Sequence[tuple[int, float]], seed: int) -> int:
    if not model.classes:
        return 0
    if one.get("label") not in (None, ""):
        return list(model.classes).index(str(model.class_named(one["label"])))
    all_labels = model.labels(MOST, None, seed)
    return int(all_labels[parts[0][0]]) if all_labels is not None and parts else 0


def _directions(opened: Opened, asked: Mapping[str, Any]) -> dict[str, Any]:
    model, by = _latent(opened), str(asked.get("by", "factorisation"))
    found, strengths = _directions_of(opened, model, by)
    return {"by": by, "strengths": (strengths / strengths.max().clamp_min(1e-12)).tolist(), "count": len(found)}


def _directions_of(opened: Opened, model: LatentSampler, by: str) -> tuple[Tensor, Tensor]:
    """Unit directions (k, latent), the strongest first, and how strong each is.

    By `factorisation`: eigenvectors of AᵀA, A the weight of the first layer that the latent passes (Shen, Zhou 2021,
    "Closed-Form Factorization of Latent Semantics in GANs"). By `pca`: principal components of what comes out of that
    layer, brought back to latents by least squares (Härkönen, Hertzmann, Lehtinen, Paris 2020, "GANSpace").
    """
    if by not in ("factorisation", "pca"):
        raise ValueError(f"directions are found by factorisation or by pca, not by {by[:40]!r}")
    if by not in opened.directions:
        latents = model.latents(SEEN, 1)
        weight, features = _first_layer(model, latents)
        if by == "factorisation":
            if weight is None:
                raise ValueError("no layer of this network takes the latent as it is: take PCA")
            matrix = weight.double()
            values, vectors = torch.linalg.eigh(matrix.T @ matrix)
            found, strengths = vectors.flip(1).T.float(), values.flip(0).clamp_min(0).sqrt().float()
        else:
            centred = features - features.mean(0)
            _, strengths, components = torch.linalg.svd(centred.double(), full_matrices=False)
            coordinates = centred.double() @ components[:DIRECTIONS].T
            coordinates = coordinates / coordinates.std(0).clamp_min(1e-9)
            found = torch.linalg.lstsq(coordinates, latents.double()).solution.float()
            found = found / found.norm(dim=1, keepdim=True).clamp_min(1e-9)
            strengths = strengths.float()
        opened.directions[by] = found[:DIRECTIONS], strengths[:DIRECTIONS]
    return opened.directions[by]


def _first_layer(model: LatentSampler, latents: Tensor) -> tuple[Tensor | None, Tensor]:
    """The weight (out, latent) of the first layer that takes latents as they are, None of none; its outputs (n, k)."""
    weights: list[Tensor] = []
    outputs: list[Tensor] = []
    size = model.latent.size

    def look(module: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        if not given or not isinstance(given[0], Tensor) or not isinstance(out, Tensor) or outputs:
            return
        if given[0].ndim < 2 or out.ndim < 2:
            return
        flat = given[0].detach().flatten(1)
        if (
            len(flat) == len(latents)
            and flat.shape[1] >= size
            and torch.allclose(flat[:, :size].cpu(), latents, atol=1e-5)
        ):
            if isinstance(module, nn.Linear):
                weights.append(module.weight.detach().cpu()[:, :size])
            elif isinstance(module, nn.ConvTranspose2d | nn.ConvTranspose1d) and given[0].shape[1] >= size:
                weights.append(module.weight.detach().cpu().flatten(1)[:size].T)
            else:
                return
            outputs.append(torch.relu(out.detach().cpu().flatten(1))[:, :4096])

    handles = [module.register_forward_hook(look) for module in model.network.modules()]
    try:
        with model.evaluating() as device:
            labels = model.labels(len(latents))
            given = [latents.to(device)] if labels is None else [latents.to(device), labels.to(device)]
            out = model.network(*given)
    finally:
        for handle in handles:
            handle.remove()
    if not outputs:
        return None, out.detach().cpu().flatten(1)[:, :4096]
    return weights[0], outputs[0]


def _walk(opened: Opened, asked: Mapping[str, Any]) -> dict[str, Any]:
    model = _latent(opened)
    label = model.class_named(asked["label"]) if asked.get("label") not in (None, "") else None
    images = model.on_walk(STOPS, FRAMES, _whole(asked, "seed", 0, 0, 2**31), label)
    return {"form": "images", "images": _pictures(images)}


def _convert(opened: Opened, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a converter makes of a file, with the file as it understood it."""
    model = opened.model
    if not isinstance(model, Converter):
        raise ValueError(f"{model.title} converts nothing: it draws samples")
    sound = _form(model) == "convert-sound"
    content = asked["content"]
    with tempfile.TemporaryDirectory(prefix="saddlepoint-") as place:
        source = Path(place) / ("given.wav" if sound else "given.png")
        if sound:
            source.write_bytes(content)
            before = _address(content, "audio/wav")
        else:
            picture = _photograph(content)
            picture.save(source)
            before = _address(source.read_bytes(), "image/png")
        target = Path(place) / f"made{model.renamed(Path(source.name)).suffix}"
        why = model.convert(source, target, _options(model, asked))
        if why is not None:
            raise ValueError(why)
        after = _address(target.read_bytes(), "audio/wav" if sound else "image/png")
    return {"form": "sound-pair" if sound else "image-pair", "before": before, "after": after}


def _photograph(content: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP", "BMP", "GIF")) as opened:
            if opened.width * opened.height > PIXELS:
                raise ValueError(f"{opened.width * opened.height:,} pixels: at most {PIXELS:,} are taken here")
            return opened.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("this is no picture that can be read: give a PNG, JPEG, WebP, BMP or GIF file") from error


def _project(opened: Opened, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The place in latent space whose image comes nearest to a photograph, by gradient descent on squared pixels."""
    model = _latent(opened)
    picture = _photograph(asked["content"]).convert("L" if model.shape[0] == 1 else "RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    small = picture.crop((left, top, left + side, top + side)).resize(
        (model.shape[2], model.shape[1]), Image.Resampling.LANCZOS
    )
    target = torch.from_numpy(np.array(small, dtype=np.float32).reshape(*model.shape[1:], -1)).permute(2, 0, 1)
    low, high = model.range  # type: ignore[attr-defined]
    target = target / 255 * (high - low) + low
    starts = model.latents(max(8, len(model.classes)), 0)
    labels = model.labels(len(starts))
    best = starts.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([best], lr=0.08)
    training = model.network.training
    model.network.eval()
    try:
        for _ in range(120):
            made = model.network(best) if labels is None else model.network(best, labels)
            losses = (made - target).square().flatten(1).mean(1)
            total = losses.sum() + 1e-3 * best.square().mean()
            [best.grad] = torch.autograd.grad(total, [best])
            optimizer.step()
    finally:
        model.network.train(training)
    at = int(losses.argmin())
    chosen = None if labels is None else labels[at : at + 1]
    images = _pictures(model.render(best.detach()[at : at + 1], chosen))
    before = torch.from_numpy(np.array(small, dtype=np.uint8).reshape(*model.shape[1:], -1)).permute(2, 0, 1)
    named = "" if chosen is None else f", as class {model.classes[int(chosen[0])]}"
    said = f"root mean square of pixels {math.sqrt(float(losses[at].detach())) / (high - low) * 255:.1f} of 255{named}"
    return {"form": "image-pair", "before": _pictures(before[None])[0], "after": images[0], "said": said}


def _settings(opened: Opened, _: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of the run with what it means."""
    if opened.run.config is None:
        raise ValueError("the folder holds no configuration of a run")
    found = described(opened.run.config)
    return {"settings": [{"key": d.key, "value": str(d.value)[:200], "kind": d.kind, "text": d.text} for d in found]}


DEEDS: Mapping[str, Callable[[Opened, Mapping[str, Any]], dict[str, Any]]] = {
    "about": _about,
    "settings": _settings,
    "sample": _sample,
    "mix": _mixed,
    "directions": _directions,
    "walk": _walk,
    "convert": _convert,
    "project": _project,
}


# --- what is given and shown ------------------------------------------------------------------------------


def _latent(opened: Opened) -> LatentSampler:
    model = opened.model
    if not isinstance(model, LatentSampler) or model.kind != "images":
        raise ValueError(f"{model.title} has no latent space of images to walk in")
    return model


def _whole(given: Any, key: str, default: int, low: int, high: int) -> int:
    value = given.get(key, default) if isinstance(given, Mapping) else default
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{key} is a whole number from {low} to {high:,}")
    return value


def _share(given: Any, key: str, default: float, low: float, high: float) -> float:
    return _finite(given.get(key, default) if isinstance(given, Mapping) else default, low, high)


def _finite(value: Any, low: float, high: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"a number from {low:g} to {high:g} is expected")
    return float(value)


def _some(value: Any, most: int) -> list[Any]:
    return value[:most] if isinstance(value, list) else []


def _pictures(images: Tensor) -> list[str]:
    """Addresses of images uint8 (n, C, H, W), small ones enlarged with hard pixels."""
    factor = max(1, SIDE // max(images.shape[2:]))
    found = []
    for image in images:
        pixels = image.permute(1, 2, 0).numpy()
        pixels = pixels.repeat(factor, 0).repeat(factor, 1)
        buffer = io.BytesIO()
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels[..., :3]).save(buffer, "PNG")
        found.append(_address(buffer.getvalue(), "image/png"))
    return found


def _address(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
