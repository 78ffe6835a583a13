"""A trained network on its own: what a run hands over, and all that is needed to use it."""

import hashlib
import json
import math
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self, get_args

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from saddlepoint.autoencoders import ThroughDensity
from saddlepoint.components.registries import NETWORK_REGISTRY
from saddlepoint.configuration import ConfigurationError, Settings, from_json, from_yaml, nearest
from saddlepoint.core import rng, seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.stream import Distribution, draw_latent
from saddlepoint.marks import CREATED, EDITED, Mark, write_marked
from saddlepoint.networks import Generator
from saddlepoint.storage import (
    altered,
    free_memory,
    in_words,
    named_in_utf8,
    read_text,
    shortage,
    write_atomically,
    write_sealed,
)
from saddlepoint.storage.sealed import checksum
from saddlepoint.tasks.candidates import Choice
from saddlepoint.tasks.graph import Graph, LatentGraph

WEIGHTS, CONFIG, CARD = "generator.safetensors", "config.yaml", "README.md"
#: Latents that are drawn together.
BLOCK = 64
#: Bytes that a number of a sample takes at most: in single precision, twice as parts are joined, and as it is written.
SAMPLE_COPIES = 24
#: What a folder of single files is called among the formats.
FOLDER = "/"
#: Bytes that a description may have, and the largest size in it.
DESCRIPTION_BYTES, LARGEST = 256 << 20, 1 << 24
#: Letters of a message that a library's own is cut to.
MESSAGE = 500


class NoOptions(Settings):
    """A model that has nothing to choose when it is used."""


@dataclass
class Model(ABC):
    """A trained network with what is needed to use it. What it is used for is the subclass's affair.

    Attributes:
        network: what was trained.
        spec: its choice in the registry of networks.
        shape: of one sample that it makes.
    """

    network: nn.Module
    spec: Mapping[str, Any]
    shape: tuple[int, ...]
    #: Where it was loaded from; None of one that was not.
    folder: Path | None = field(default=None, init=False, repr=False, compare=False)
    #: Its files that are not as a training wrote them: somebody edited them.
    edited: tuple[str, ...] = field(default=(), init=False, repr=False, compare=False)

    #: What it is, as its configuration says it, and for people: "a generator of images".
    kind: ClassVar[str]
    title: ClassVar[str]
    #: What a user may choose when it is used, beside number, seed and class.
    Options: ClassVar[type[Settings]] = NoOptions
    #: Parts of the description that are too long for the configuration: each is a file of its own, PART.json.
    files: ClassVar[tuple[str, ...]] = ()
    #: Whether all its weights are finite; numbers that mark what is missing are not.
    finite: ClassVar[bool] = True
    #: What files of it say that they are.
    source_type: ClassVar[str] = CREATED

    @property
    def discloses(self) -> str:
        """What the folder tells of the training data, for whoever gives it away; "" where it tells nothing."""
        return ""

    @property
    def digest(self) -> str:
        """SHA-256 of the weights as they are handed over, hexadecimal."""
        if self.folder is not None:
            return checksum(self.folder / WEIGHTS)
        return hashlib.sha256(save(self._weights(self.description()))).hexdigest()

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What the configuration holds beside kind, network and shape, in values that YAML has."""

    @classmethod
    @abstractmethod
    def described(
        cls, network: nn.Module | None, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]
    ) -> Self:
        """One as a description has it, with a network that is given, or with a new one where it is None."""

    @abstractmethod
    def usage(self) -> tuple[str, str]:
        """The command that uses it, {} being its folder, and the last line of Python: `run.sample(…)`."""

    @abstractmethod
    def tried(self) -> None:
        """Use it once, on the least that there is: raises, whatever it is, where its description is of no use."""

    def graph(self) -> Graph:
        """What of it can be run without this package. Raises ConfigurationError where there is no such thing."""
        raise ConfigurationError(f"{self.title} is no network of tensors alone: give --safetensors DIR")

    def shown(self) -> NDArray[np.uint8] | None:
        """A picture of what it makes of inputs that never change, uint8 (H, W, 3); None where it draws none."""
        return None

    def save(self, folder: Path, facts: Mapping[str, Any]) -> None:
        """Write weights, configuration and model card, each whole or absent, and a manifest of their checksums.

        Args:
            folder: where to; made where it is not there.
            facts: for the card, by name.
        """
        folder.mkdir(parents=True, exist_ok=True)
        description = self.description()
        config = {
            "kind": self.kind,
            "network": json.loads(json.dumps(dict(self.spec))),
            "shape": list(self.shape),
            **{key: value for key, value in description.items() if key not in self.files},
        }
        texts = {f"{part}.json": json.dumps(description[part], ensure_ascii=False) for part in self.files}
        texts[CONFIG] = yaml.safe_dump(config, sort_keys=False)
        files = {WEIGHTS: save(self._weights(description)), **{name: text.encode() for name, text in texts.items()}}
        write_sealed(folder, files)
        write_atomically(folder / CARD, self._card(facts))

    def _weights(self, description: Mapping[str, Any]) -> dict[str, Tensor]:
        """The state without what a training keeps in the network beside it: penalties' and augmentation's memories."""
        state = self.network.state_dict()
        if self.spec["name"] == OWN:
            return {key: tensor.contiguous() for key, tensor in state.items() if not key.startswith("memory_of_")}
        with torch.device("meta"):
            own = self.described(None, self.spec, self.shape, description).network.state_dict()
        return {key: state[key].contiguous() for key in own}

    def _card(self, facts: Mapping[str, Any]) -> str:
        command, python = self.usage()
        return _CARD.format(
            title=self.title,
            facts="\n".join(f"- {key}: {value}" for key, value in facts.items()),
            files="".join(f", the {part} in `{part}.json`" for part in self.files),
            discloses=f" {self.discloses}" if self.discloses else "",
            command=command.format("THIS_FOLDER"),
            python=python,
        )

    @contextmanager
    def evaluating(self) -> Iterator[torch.device]:
        """The network in evaluation mode, without gradients; gives the device where it is."""
        training = self.network.training
        self.network.eval()
        try:
            with torch.no_grad():
                yield next(self.network.parameters()).device
        finally:
            self.network.train(training)


#: The name of a network that a Python caller gave.
OWN = "own"


def folder_of(path: Path) -> Path:
    """The `generator/` folder: the path itself, or the one below a run's folder. Raises ValueError for neither."""
    folder = path if (path / WEIGHTS).exists() or not (path / "generator").is_dir() else path / "generator"
    missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"no trained generator in {folder}: {' and '.join(missing)} missing; give a run folder whose "
            f"training has ended or was stopped, or its generator/ folder"
        )
    return folder


def load_model(
    path: Path, kind_of: Callable[[str], type[Model]], networks: Mapping[str, nn.Module] | None = None
) -> Model:
    """Load from a `generator/` folder, or from the run folder around it.

    Args:
        path: the folder.
        kind_of: the class of a kind that the configuration names; raises ConfigurationError where there is none.
        networks: the generator, where a Python caller gave it when it was trained.

    Raises:
        ConfigurationError: a network of the caller's is missing.
        ValueError: there is nothing trained, or its files are damaged; says what to do.
    """
    folder = folder_of(path)
    given = (networks or {}).get("generator")
    others = altered(folder) or []
    if WEIGHTS in others:
        raise ValueError(
            f"the generator in {folder} is damaged: the checksum of {WEIGHTS} is not the one in manifest.json; take it "
            f"anew from where it came from"
        )
    try:
        found = _described(folder, kind_of, given)
        with named_in_utf8(folder / WEIGHTS) as weights:
            state = load_file(weights)
        found.network.load_state_dict(_finite(state) if found.finite else state)
        found.network.eval()
        if given is None:
            found.tried()
    except ConfigurationError:
        raise
    except Exception as error:  # whatever the values of a configuration that somebody wrote lead to
        if shortage(error) is not None:
            raise
        edited = f" ({', '.join(others)} edited since it was written)" if others else ""
        what = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"the generator in {folder} is damaged{edited}: {what[:MESSAGE]}") from error
    found.folder, found.edited = folder, tuple(others)
    return found


def _described(folder: Path, kind_of: Callable[[str], type[Model]], given: nn.Module | None) -> Model:
    """The model that a folder's configuration describes, its network not loaded yet. Raises nearly anything."""
    config = _checked(from_yaml(read_text(folder / CONFIG, DESCRIPTION_BYTES)))
    kind = kind_of(str(config.pop("kind")))
    for part in kind.files:
        config[part] = _checked(from_json(read_text(folder / f"{part}.json", DESCRIPTION_BYTES)))
    spec, shape = config.pop("network"), tuple(config.pop("shape"))
    if spec["name"] == OWN:
        if given is None:
            raise ConfigurationError(
                f"the generator in {folder} is a network of your own ({spec['of']}): "
                f'load it with networks={{"generator": {spec["of"].rpartition(":")[2]}()}}'
            )
        return kind.described(given, spec, shape, config)
    for size in (*shape, *_whole_numbers(spec)):
        if not 0 <= size <= LARGEST:
            raise ValueError(f"a size of {size:,}, where 0 to {LARGEST:,} are expected")
    with torch.device("meta"):  # which allocates nothing: what does not fit the weights is never made
        state = kind.described(None, spec, shape, config).network.state_dict()
    with named_in_utf8(folder / WEIGHTS) as weights, safe_open(weights, "pt") as file:
        there = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    if there != {key: tuple(tensor.shape) for key, tensor in state.items()}:
        raise ValueError(f"{WEIGHTS} holds other weights than {CONFIG} describes")
    return kind.described(None, spec, shape, config)


def _checked(config: Any) -> dict[str, Any]:
    """A mapping whose numbers are finite. Raises ValueError for anything else."""
    if not isinstance(config, dict):
        raise ValueError("a file of it holds no 'key: value' lines")
    for value in _values(config):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"a file of it holds the number {value}")
    return config


def _values(value: Any) -> Iterator[Any]:
    """All values that hold no others."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _values(each)
    else:
        yield value


def _whole_numbers(spec: Mapping[str, Any]) -> list[int]:
    return [value for value in _values(spec) if isinstance(value, int)]


def _finite(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for key, tensor in state.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ValueError(f"{key} holds numbers that are not finite")
    return state


# --- what draws samples -----------------------------------------------------------------------------------


@dataclass
class Sampler(Model):
    """A model that draws samples."""

    #: Writers by a file's ending; FOLDER writes single files into a folder, whose names end in the sample's number.
    #: The first is the usual one.
    formats: ClassVar[Mapping[str, Callable[[Any, Any, Path], None]]]
    #: The file that is written where none is named; "" prints.
    default_out: ClassVar[str]

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes that it makes on demand; () where it makes none."""
        return ()

    def tried(self) -> None:
        """Draw one sample, so that a model that can't be used is found before it is asked for many."""
        self.draw(1, 0, None, self.Options())

    def bytes_each(self, options: Any) -> int:  # noqa: ARG002
        """About how much memory a sample takes on its way from the network into a file, in bytes."""
        return SAMPLE_COPIES * math.prod(self.shape)

    def check_room(self, n: int, options: Any) -> None:
        """Refuse more samples than memory holds, before the work: samples are written as a whole.

        Raises:
            ConfigurationError: says how many there is room for.
        """
        each, free = max(1, self.bytes_each(options)), free_memory()
        if free is not None and n * each > free:
            smaller = " or give a smaller scale" if "scale" in type(options).model_fields else ""
            raise ConfigurationError(
                f"{n:,} samples take about {in_words(n * each)} of memory, and {in_words(free)} are free: draw at most "
                f"{max(1, free // (2 * each)):,} at once, several times with another seed,{smaller}".rstrip(",")
            )

    @abstractmethod
    def draw(self, n: int, seed: int, label: str | None, options: Any) -> Any:
        """n samples as the formats write them; the first of a seed do not depend on n.

        Args:
            n: how many.
            seed: another one, other samples.
            label: the name of a class, or None.
            options: of `Options`.
        """

    def sample(self, n: int, seed: int = 0, label: str | int | None = None, **options: object) -> Any:
        """Draw n samples in the task's own type; the first of a seed do not depend on n.

        Args:
            n: how many.
            seed: another one, other samples.
            label: only this class: its name, or its number.
            options: of `Options`, by name.

        Raises:
            ConfigurationError: no such class, or no such option.
        """
        chosen = self.Options.read(options)
        self.check_room(n, chosen)
        return self.presented(self.draw(n, seed, self.class_named(label), chosen))

    def presented(self, drawn: Any) -> Any:
        """What was drawn, in the type that a Python user takes it in."""
        return drawn

    def class_named(self, label: str | int | None) -> str | None:
        """The name of a class that is given by its name or number. Raises ConfigurationError where there is none."""
        if label is None or label in self.classes:
            return label  # type: ignore[return-value]
        if str(label) in self.classes:
            return str(label)
        if isinstance(label, int) and 0 <= label < len(self.classes):
            return self.classes[label]
        hint = nearest(str(label), self.classes) if self.classes else "it was trained without classes"
        raise ConfigurationError(f"the generator has no class {str(label)!r}: {hint}")

    def write(self, drawn: Any, path: Path, ending: str | None = None, mark: Mark | None = None) -> list[Path]:
        """Write what was drawn to a file, whole or absent, in the format of its ending, or as single files to a folder.

        Args:
            drawn: from `draw`.
            path: the file, or the folder.
            ending: in place of the path's own: FOLDER for a folder.
            mark: what files say of themselves; None says nothing.

        Returns:
            The files that were written.

        Raises:
            ConfigurationError: no format of this ending.
        """
        ending = path.suffix.lower() if ending is None else ending
        writer = self.writer(ending, path)
        if ending == FOLDER:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", suffix=".partial", dir=path) as made:
                writer(self, drawn, Path(made))
                files = sorted(Path(made).iterdir())
                for file in files:
                    own = None if mark is None else mark.at(number_of(file))
                    write_marked(path / file.name, partial(_moved, file), own, flushed=False)
            return [path / file.name for file in files]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_marked(path, lambda file: writer(self, drawn, file), mark)
        return [path]

    def writer(self, ending: str, path: Path) -> Callable[[Any, Any, Path], None]:
        """What writes files of an ending. Raises ConfigurationError where there is none."""
        if ending not in self.formats:
            known = ", ".join(end for end in self.formats if end != FOLDER)
            what = "single files to a folder" if ending == FOLDER else f"{path.name}"
            raise ConfigurationError(f"{self.title} can't be written as {what}: give --out FILE with one of {known}")
        return self.formats[ending]

    def text(self, drawn: Any) -> str:  # noqa: ARG002
        """What was drawn as it is printed. Raises ConfigurationError for samples that are no text."""
        raise ConfigurationError(
            f"{self.title} can't be printed: give --out FILE with one of {', '.join(self.formats)}"
        )

    def walk(self, frames: int, seed: int, label: str | None, options: Any) -> list[NDArray[np.uint8]]:  # noqa: ARG002
        """Pictures along a closed walk through latent space, uint8 (H, W, 3) each, so many from stop to stop.

        Raises:
            ConfigurationError: there is none.
        """
        raise ConfigurationError(f"{self.title} can't walk: --walk is for images")

    def enlarge(
        self,
        per_class: int,  # noqa: ARG002
        seed: int = 0,  # noqa: ARG002
        *,
        beside: Any = None,  # noqa: ARG002
        keep: float | None = None,  # noqa: ARG002
        origin: Mapping[str, str] | None = None,  # noqa: ARG002
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> Any:
        """A labelled set of generated samples, real ones beside them. Raises ConfigurationError where there is none."""
        raise ConfigurationError(f"{self.title} enlarges no labelled set: sets of images are what can be enlarged")


def _moved(file: Path, place: Path) -> None:
    file.replace(place)


def number_of(file: Path) -> int | None:
    """The number that a single file's name ends in.

    >>> number_of(Path("seven_007.wav"))
    7
    """
    found = re.search(r"(\d+)$", file.stem)
    return None if found is None else int(found[1])


@dataclass(frozen=True)
class LatentInput:
    """The generator's input: standard normal, or uniform on [−1, 1].

    Attributes:
        components: of a fitted density that the network draws its codes through (`ThroughDensity`); 0 is none.
    """

    size: int
    distribution: Distribution
    components: int = 0

    def __post_init__(self) -> None:
        if self.distribution not in get_args(Distribution) or not 0 < self.size <= LARGEST:
            raise ValueError(f"latents of {self.size} numbers, {self.distribution}: give {get_args(Distribution)}")


@dataclass
class LatentSampler(Sampler):
    """A generator network with what is needed to draw from it.

    Attributes:
        network: (N, latent) → (N, *shape); with classes, (N, latent), labels (N,) → the same.
        latent: its input.
        class_names: of the classes that it was trained to make on demand; () where it was not.
    """

    latent: LatentInput
    class_names: tuple[str, ...] = field(default=(), kw_only=True)
    #: Whether a judge is trained where no samples are given, as a training's own discriminator is no judge of it.
    judged_anew: ClassVar[bool] = False
    #: Chooses what is drawn among candidates; None draws as the network makes them.
    choice: Choice | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes that it makes on demand."""
        return self.class_names

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """The constructor's further arguments."""

    @classmethod
    def network_arguments(cls, description: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG003
        """What the network is made with beside shape, latent and classes, from the subclass's details."""
        return {}

    def bytes_each(self, options: Any) -> int:
        """Of the latents, too."""
        return super().bytes_each(options) + 12 * self.latent.size

    @abstractmethod
    def finished(self, outputs: Tensor) -> Tensor:
        """The network's outputs (n, *shape) as samples."""

    def description(self) -> dict[str, Any]:
        """The latent, the classes' names and the subclass's details."""
        latent = {key: value for key, value in asdict(self.latent).items() if value != 0}
        return {"latent": latent, "classes": list(self.class_names), **self.details()}

    @classmethod
    def described(
        cls, network: nn.Module | None, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]
    ) -> Self:
        """One as a description has it, with a network that is given, or with a new one where it is None."""
        rest = dict(description)
        latent, classes = LatentInput(**rest.pop("latent")), tuple(rest.pop("classes", ()))
        if network is None:
            own = cls.network_arguments(rest)
            network = NETWORK_REGISTRY.build(spec, shape=shape, latent=latent.size, classes=len(classes), **own)
        if latent.components:
            network = ThroughDensity(network, latent.size, latent.components, len(classes))
        return cls(network, spec, shape, latent, class_names=classes, **rest)

    def latents(self, n: int, seed: int) -> Tensor:
        """n latents of a seed, (n, latent size); the first do not depend on n, so they are drawn by whole blocks."""
        blocks = [
            draw_latent(BLOCK, self.latent.size, self.latent.distribution, rng(seed, block, "sample"))
            for block in range(-(-n // BLOCK))
        ]
        return torch.cat(blocks)[:n] if blocks else torch.empty(0, self.latent.size)

    def labels(self, n: int, label: str | None = None, seed: int = 0) -> Tensor | None:
        """Classes for n samples, int64 (n,): the one that is named, or `mixed`; None where there are none."""
        if not self.class_names:
            return None
        if label is not None:
            return torch.full((n,), self.class_names.index(label))
        return self.mixed(n, seed)

    def mixed(self, n: int, seed: int) -> Tensor:  # noqa: ARG002
        """Classes for n samples where none is named, int64 (n,): all in turn."""
        return torch.arange(n) % len(self.class_names)

    def chosen_by(self, choice: Choice) -> Self:
        """The same model, whose samples are chosen among candidates."""
        other = copy(self)
        other.choice = choice
        return other

    def made(self, n: int, seed: int = 0, label: str | None = None) -> Tensor:
        """n samples (n, *shape), as `finished` gives them."""
        return self.finished(self.drawn(n, seed, self.labels(n, label, seed))[0])

    def drawn(self, n: int, seed: int, labels: Tensor | None) -> tuple[Tensor, ...]:
        """The network's outputs for n samples of classes (n,), chosen where they are to be, and their latents."""
        if (choice := self.choice) is None:
            return self.candidates(n, seed, labels)[1]

        def propose(places: Tensor, own_seed: int) -> tuple[Tensor, tuple[Tensor, ...]]:
            own = None if labels is None else labels[places.clamp_max(n - 1)]
            shown, kept = self.candidates(len(places), own_seed, own)
            return choice.judge(shown, own), kept

        return choice(n, seed, propose)

    def possible(self, shown: Tensor) -> Tensor:
        """Which real samples (n, *shape), as discriminators see them, are of a kind that is ever made: bool (n,)."""
        return torch.ones(len(shown), dtype=torch.bool, device=shown.device)

    def candidates(self, n: int, seed: int, labels: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """n candidates as discriminators see them, (n, *shape), and what is kept of them: outputs and latents."""
        latents = self.latents(n, seed)
        outputs = self.outputs(latents, labels)
        return outputs, (outputs, latents)

    def render(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples of latents, as `finished` gives them."""
        return self.finished(self.outputs(latents, labels))

    def outputs(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """What the network says to latents, (n, *shape) on the CPU, in batches of 256."""
        inputs, parts = [latents] if labels is None else [latents, labels], []
        with self.evaluating() as device:
            for chunk in zip(*(tensor.split(256) for tensor in inputs), strict=True):
                # A network that draws noise of its own draws it as the latents say, so that these decide everything.
                with seeded(seed_for(str(chunk[0][:1].tolist()), "noise")):
                    parts.append(self.network(*(tensor.to(device) for tensor in chunk)).cpu())
        return torch.cat(parts) if len(latents) else torch.empty(0, *self.shape)

    #: What `exported` gives, by name and in words.
    exports: ClassVar[tuple[str, str]] = ("samples", "what the network makes")

    def exported(self, outputs: Tensor) -> Tensor:
        """The network's outputs as a graph of tensors hands them over."""
        return outputs

    def graph(self) -> Graph:
        """Latents, and what goes with them, to samples."""
        network, size = self.network, self.latent.size
        decoder = network.decoder if isinstance(network, ThroughDensity) else network
        inputs, about = (
            {"latent": self.latents(3, seed=0)},
            {"latent": f"{self.latent.distribution} numbers (N, {size})"},
        )
        if self.class_names:
            inputs["labels"] = torch.arange(3) % len(self.class_names)
            about["labels"] = f"numbers of classes from 0 to {len(self.class_names) - 1}, int64 (N,)"
        if decoder is not network:
            inputs["component"] = torch.tensor([[0.1], [0.5], [0.9]])
            about["component"] = "uniform numbers in [0, 1), (N, 1): which component of the density a latent is of"
        uniforms = decoder.uniforms if isinstance(decoder, Generator) else 0
        if uniforms:
            inputs["uniform"] = torch.rand(3, uniforms, generator=rng(0, "uniform"))
            about["uniform"] = f"uniform numbers in [0, 1), (N, {uniforms}): the network's own noise"
        name, meaning = self.exports
        module = LatentGraph(network, self.exported, classes=bool(self.class_names), uniforms=uniforms)
        description = {key: value for key, value in self.description().items() if key not in self.files}
        return Graph(module.eval(), inputs, (name,), {**about, name: meaning}, facts=description)

    def on_walk(self, stops: int, frames: int, seed: int, label: str | None = None) -> Tensor:
        """Samples along a closed walk through latent space, (stops · frames, *shape).

        Normal latents are joined on the sphere (slerp), so that every point between has a usual norm; uniform
        ones by straight lines. With classes, a leg each where none is named.
        """
        ends, labels = self.latents(stops, seed), self.labels(stops, label)
        weights = torch.arange(frames) / frames
        legs = [self._leg(a, b, weights) for a, b in zip(ends, ends.roll(-1, 0), strict=True)]
        return self.render(torch.cat(legs), None if labels is None else labels.repeat_interleave(frames))

    def _leg(self, a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
        w = weights[:, None]
        if self.latent.distribution == "uniform":
            return torch.lerp(a, b, w)
        angle = torch.arccos(torch.dot(a, b) / (a.norm() * b.norm())).clamp_min(1e-6)
        return (torch.sin((1 - w) * angle) * a + torch.sin(w * angle) * b) / torch.sin(angle)


# --- what makes one thing of another ------------------------------------------------------------------------


def silent(said: str) -> None:
    """Tell nobody."""


#: Told a sentence on a result.
Remark = Callable[[str], None]


@dataclass
class Converter(Model):
    """A model that makes one thing of another: images of images, waves of spectrograms."""

    #: The command that applies it, and what it takes, in the plural, for messages.
    verb: ClassVar[str]
    takes: ClassVar[str]
    source_type: ClassVar[str] = EDITED

    @abstractmethod
    def applied(self, given: Any, options: Any, progress: OnProgress = quiet) -> Any:
        """Arrays in, arrays out."""

    def apply(self, given: Any, **options: object) -> Any:
        """Arrays in, arrays out; `options` are those of `Options`, by name.

        Raises:
            ConfigurationError: no such option.
            ValueError: arrays of another kind.
        """
        chosen = self.Options.read(options)
        return self.prepared(chosen).applied(given, chosen)

    def prepared(self, options: Any) -> Self:  # noqa: ARG002
        """The model as options want it, where they change its weights, as a strength between two stages does."""
        return self

    def facts(self) -> dict[str, Any]:
        """What a machine may want to know of results, by name."""
        return {}

    def notes(self) -> Sequence[str]:
        """What is to be said of the results, a sentence each."""
        return ()

    @abstractmethod
    def inputs(self, folder: Path) -> Sequence[str]:
        """Names, relative to a folder, of the files below it that it takes."""

    @abstractmethod
    def renamed(self, name: Path) -> Path:
        """The result's name for an input's."""

    @abstractmethod
    def convert(
        self,
        source: Path,
        target: Path,
        options: Any,
        progress: OnProgress = quiet,
        mark: Mark | None = None,
        remark: Remark = silent,
    ) -> str | None:
        """Convert one file; gives the reason where it was left out, and None where the target was written.

        Args:
            source: what is read.
            target: what is written, with `write_marked`.
            options: of `Options`.
            progress: told how far it is.
            mark: what the target says of itself; None says nothing.
            remark: told what a user should know of a result that was written.
        """


_CARD = """# {title}, trained with Saddlepoint

{facts}

Weights are in `generator.safetensors`, the network and its input in `config.yaml`{files}.{discloses} Use it:

    {command}

or in Python:

    import saddlepoint as sp
    run = sp.load("THIS_FOLDER")
    {python}
"""
