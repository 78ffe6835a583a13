"""Images, as a task."""

from dataclasses import replace
from typing import ClassVar

from saddlepoint.components.adversary import AdversarialLosses, of_latents
from saddlepoint.components.networks import Networks, check_shapes
from saddlepoint.data import DATASETS, ImageData
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.scheduled import Scheduled
from saddlepoint.data.stream import SampleStream
from saddlepoint.evaluation.closeness import TRAINING, Closeness
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.fidelity import SetDistance
from saddlepoint.tasks.autoencoder import AutoencoderProbe, CodeDensity, autoencoder_losses
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.images.data import classes_of, given_images, read_images, read_test
from saddlepoint.tasks.images.evaluation import ImageEvaluationOptions, evaluate_subject
from saddlepoint.tasks.images.model import ImageGenerator
from saddlepoint.tasks.images.probe import ImageProbe
from saddlepoint.tasks.images.recipes import RECIPES, autoencoder_beside, images
from saddlepoint.tasks.images.settings import RANGES, AnyImageConfig, ImageAutoencoderConfig, ImageConfig
from saddlepoint.tasks.model import LatentInput
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.task import Subject, Task
from saddlepoint.tasks.watched import looked_at, watched

#: Images that monitors look at: enough for a share to ±3 %, and cheap.
MONITORED = 256


class Images(Task[AnyImageConfig, ImageData, ImageGenerator]):
    """A generator of images against a discriminator, and autoencoders beside it."""

    name = "images"
    configs: ClassVar = {"adversarial": ImageConfig, "autoencoder": ImageAutoencoderConfig}
    models = (ImageGenerator,)
    recipes = RECIPES
    Options = ImageEvaluationOptions

    def read(self, config: AnyImageConfig, progress: OnProgress = quiet) -> ImageData:
        """Read the images; a size that the networks can't have is refused before."""
        if config.data.size is not None:
            inner = config.discriminator if isinstance(config, ImageConfig) else config.encoder
            choices = {"generator": config.generator.network, "discriminator": inner.network}
            shape = (3, config.data.size, config.data.size)
            check_shapes(choices, config.latent.size, shape=shape, classes=0)
        return read_images(config.data, progress)

    def held_out(
        self,
        config: AnyImageConfig,
        data: ImageData,
        progress: OnProgress = quiet,  # noqa: ARG002
    ) -> ImageData | None:
        """Images that the run is not trained on. Raises DataError where there are none, and says why."""
        known = data.held_out is not None or config.data.given is not None
        return data.held_out if known else read_test(config.data)

    def adopt(self, config: AnyImageConfig, given: object) -> ImageData:
        """Arrays or tensors, (images, labels), a list of PIL images, or a map-style Dataset."""
        return given_images(given, config.data)

    def stand_in(self, config: AnyImageConfig) -> ImageData | None:
        """Two blank images of a known set's shape; None of images of the user's."""
        known = DATASETS.get(config.data.source)
        return None if known is None else known.blank(config.data.source, config.data.size)

    def build(self, config: AnyImageConfig, data: ImageData, make: Networks) -> Setup[ImageGenerator]:
        """The game of a generator and a discriminator of images, or of an autoencoder of them."""
        if isinstance(config, ImageConfig):
            return _adversarial(config, data, make)
        return _autoencoder(config, data, make)

    def evaluate(
        self,
        subject: Subject[AnyImageConfig, ImageData, ImageGenerator],
        options: ImageEvaluationOptions,
        progress: OnProgress = quiet,
    ) -> Evaluation:
        """Sets of features of every generator, of training and of test images, compared by all metrics."""
        return evaluate_subject(subject, options, progress)

    def baselines(self, config: AnyImageConfig) -> dict[str, Config]:
        """A VAE and an autoencoder with the game's networks and budget."""
        if not isinstance(config, ImageConfig):
            return {}
        return {model: autoencoder_beside(config, model) for model in ("vae", "autoencoder")}

    def config_for(self, model: ImageGenerator, data: str) -> ImageConfig:
        """A generator alone tells the size and the classes of the images that it is held against."""
        _, height, width = model.shape
        plain = images().with_data(data).model_dump()
        plain["data"]["size"] = height if height == width else None
        return ImageConfig.read({**plain, "conditional": bool(model.classes)})


def _adversarial(config: ImageConfig, data: ImageData, make: Networks) -> Setup[ImageGenerator]:
    classes = classes_of(data, config.conditional)
    low, high = RANGES[config.value_range]
    judge = config.adversary.with_classifier(config.discriminator.network)
    networks = {"generator": config.generator.network, "discriminator": judge}
    players = {role: make(role, network, shape=data.shape, classes=len(classes)) for role, network in networks.items()}
    adversary = config.adversary.build(low=low, high=high, images=len(data))
    data = replace(data, notes=(*data.notes, *config.adversary.reasons(len(data))))
    adversary.attach(players)
    draws = 0 if adversary.augmented is None else adversary.augmented.augmentation.draws
    stream = _stream(config, data, make, augmentation=draws)
    batches = Scheduled(stream, config.timeline, make.device)
    unseen = None if data.held_out is None else _stream(config, data.held_out, make, augmentation=draws)
    latent = LatentInput(config.latent.size, config.latent.distribution)
    spec = config.generator.network
    model = ImageGenerator(players["generator"], spec, data.shape, latent, (low, high), class_names=classes)
    probe = _probe(config, data, make, stream, model, batches)
    if unseen is not None and unseen.in_packs(len(unseen.samples)):
        probe.unseen = batches.put(watched(unseen, model, MONITORED), 0)
    return Setup(data, players, AdversarialLosses(of_latents, adversary), batches, model, probe)


def _autoencoder(config: ImageAutoencoderConfig, data: ImageData, make: Networks) -> Setup[ImageGenerator]:
    classes = classes_of(data, config.conditional)
    low, high = RANGES[config.value_range]
    player = config.player(make, data.shape, low=low, high=high, classes=len(classes))
    network, latent = config.drawn(player, len(classes))
    stream = _stream(config, data, make)
    model = ImageGenerator(network, config.generator.network, data.shape, latent, (low, high), class_names=classes)
    density = CodeDensity(player, model, stream)
    batches = Scheduled(stream, {}, make.device)
    probe = AutoencoderProbe(_probe(config, data, make, stream, model, batches), density)
    players = {"generator": player}
    return Setup(data, players, autoencoder_losses, batches, model, probe, at_answer=density.fit)


def _stream(config: AnyImageConfig, data: ImageData, make: Networks, augmentation: int = 0) -> SampleStream:
    return SampleStream(
        data.images,
        config.batch_size,
        config.seed,
        config.latent.size,
        config.latent.distribution,
        *RANGES[config.value_range],
        make.device,
        labels=data.labels if config.conditional else None,
        augmentation=augmentation,
        packing=config.packing,
    )


def _probe(
    config: AnyImageConfig,
    data: ImageData,
    make: Networks,
    stream: SampleStream,
    model: ImageGenerator,
    batches: Scheduled,
) -> ImageProbe:
    own, order = config.score, looked_at(stream)
    distance = SetDistance(data.images, order[: own.samples], own.load(make.device), own.metric)
    labels = None if data.labels is None else data.labels[order]
    closeness = Closeness(lambda: stream.prepared(data.images[order[:TRAINING]]), labels)
    batch = batches.put(watched(stream, model, MONITORED), 0)
    return ImageProbe(batch, distance, data.images, order, closeness, data.labels, labelled=bool(model.classes))


TASK = Images()
