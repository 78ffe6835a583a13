"""Sounds, as a task."""

from dataclasses import asdict
from functools import partial
from typing import ClassVar

from torch import Tensor, nn

from saddlepoint.components.adversary import AdversarialLosses, of_latents
from saddlepoint.components.networks import Networks
from saddlepoint.data import DataError
from saddlepoint.data.audio import SoundData
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.data.scheduled import Scheduled
from saddlepoint.data.stream import SampleStream
from saddlepoint.evaluation.closeness import TRAINING, Closeness
from saddlepoint.evaluation.evaluation import Evaluation
from saddlepoint.evaluation.fidelity import SetDistance
from saddlepoint.signals import Spectrogram
from saddlepoint.tasks.audio.data import adopted, classes_of, read_sounds
from saddlepoint.tasks.audio.evaluation import SoundEvaluationOptions, evaluate_subject
from saddlepoint.tasks.audio.model import RANGE, SoundGenerator, SpectrogramGenerator, WaveformGenerator, levels_of
from saddlepoint.tasks.audio.probe import AudioProbe, Listener
from saddlepoint.tasks.audio.recipes import RECIPES, audio, autoencoder_beside
from saddlepoint.tasks.audio.settings import AnyAudioConfig, AudioAutoencoderConfig, AudioConfig, pictured
from saddlepoint.tasks.autoencoder import AutoencoderProbe, CodeDensity, autoencoder_losses
from saddlepoint.tasks.config import Config
from saddlepoint.tasks.model import LatentInput
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.task import Subject, Task
from saddlepoint.tasks.watched import looked_at, watched

#: Sounds that monitors look at: enough for a share to ±3 %, and cheap.
MONITORED = 256


class Audio(Task[AnyAudioConfig, SoundData, SoundGenerator]):
    """A generator of sounds against a discriminator, and an autoencoder beside it."""

    name = "audio"
    configs: ClassVar = {"adversarial": AudioConfig, "autoencoder": AudioAutoencoderConfig}
    models = (SpectrogramGenerator, WaveformGenerator)
    recipes = RECIPES
    Options = SoundEvaluationOptions

    def read(self, config: AnyAudioConfig, progress: OnProgress = quiet) -> SoundData:
        """Read the sounds."""
        return read_sounds(config, "train", progress)

    def held_out(self, config: AnyAudioConfig, data: SoundData, progress: OnProgress = quiet) -> SoundData | None:
        """Sounds that the run is not trained on; None where there are none."""
        if config.data.given is not None:
            return data.held_out
        try:
            return read_sounds(config, "test", progress)
        except DataError:
            return None

    def adopt(self, config: AnyAudioConfig, given: object) -> SoundData:
        """(waves, rate) or (waves, rate, labels)."""
        return adopted(given, config)

    def build(self, config: AnyAudioConfig, data: SoundData, make: Networks) -> Setup[SoundGenerator]:
        """The game of a generator and a discriminator of sounds, or of an autoencoder of spectrograms."""
        if isinstance(config, AudioConfig):
            return _adversarial(config, data, make)
        return _autoencoder(config, data, make)

    def evaluate(
        self,
        subject: Subject[AnyAudioConfig, SoundData, SoundGenerator],
        options: SoundEvaluationOptions,
        progress: OnProgress = quiet,
    ) -> Evaluation:
        """What is heard of every generator, beside the sounds held out, as they are and resynthesised."""
        return evaluate_subject(subject, options, progress)

    def baselines(self, config: AnyAudioConfig) -> dict[str, Config]:
        """A VAE of spectrograms with the game's networks and budget."""
        if not isinstance(config, AudioConfig) or config.route == "waveform":
            return {}
        return {"vae": autoencoder_beside(config, "vae")}

    def config_for(self, model: SoundGenerator, data: str) -> AudioConfig:
        """A generator alone tells rate, length and spectrogram of the sounds that it is held against."""
        own, config = model.pictured, audio().with_data(data)
        folder = config.data.model_copy(update={"rate": own.rate, "seconds": own.samples / own.rate})
        spectrogram = {"window": own.window, "hop": own.hop, "bands": own.bands}
        return config.read({**config.model_dump(), "data": folder.model_dump(), "spectrogram": spectrogram})


def _adversarial(config: AudioConfig, data: SoundData, make: Networks) -> Setup[SoundGenerator]:
    classes, spectrogram = classes_of(data, config.conditional), pictured(config)
    waveform = config.route == "waveform"
    shape = (1, spectrogram.samples) if waveform else spectrogram.shape
    judge = config.adversary.with_classifier(config.discriminator.network)
    networks = {"generator": config.generator.network, "discriminator": judge}
    players = {role: make(role, network, shape=shape, classes=len(classes)) for role, network in networks.items()}
    low, high = RANGE
    adversary = config.adversary.build(low=low, high=high)
    adversary.attach(players)
    levels = levels_of(data, spectrogram)
    stream = _stream(config, data.floats()[:, None] if waveform else levels, data, make)
    batches = Scheduled(stream, config.timeline, make.device)
    latent = LatentInput(config.latent.size, config.latent.distribution)
    model = _model(config, players["generator"], spectrogram, latent, classes, waveform=waveform)
    probe = _probe(config, data, levels, make, stream, model, batches)
    return Setup(data, players, AdversarialLosses(of_latents, adversary), batches, model, probe)


def _autoencoder(config: AudioAutoencoderConfig, data: SoundData, make: Networks) -> Setup[SoundGenerator]:
    classes, spectrogram = classes_of(data, config.conditional), pictured(config)
    low, high = RANGE
    player = config.player(make, spectrogram.shape, low=low, high=high, classes=len(classes))
    network, latent = config.drawn(player, len(classes))
    levels = levels_of(data, spectrogram)
    stream = _stream(config, levels, data, make)
    batches = Scheduled(stream, {}, make.device)
    model = _model(config, network, spectrogram, latent, classes)
    assert isinstance(model, SpectrogramGenerator)
    density = CodeDensity(player, model, stream, model.levels)
    probe = AutoencoderProbe(_probe(config, data, levels, make, stream, model, batches), density)
    return Setup(data, {"generator": player}, autoencoder_losses, batches, model, probe, at_answer=density.fit)


def _model(
    config: AnyAudioConfig,
    network: nn.Module,
    spectrogram: Spectrogram,
    latent: LatentInput,
    classes: tuple[str, ...],
    *,
    waveform: bool = False,
) -> SoundGenerator:
    spec, plain = config.generator.network, asdict(spectrogram)
    if waveform:
        shape = (1, spectrogram.samples)
        return WaveformGenerator(network, spec, shape, latent, plain, class_names=classes)
    steps = config.spectrogram.steps
    return SpectrogramGenerator(network, spec, spectrogram.shape, latent, plain, steps, class_names=classes)


def _stream(config: AnyAudioConfig, samples: Tensor, data: SoundData, make: Networks) -> SampleStream:
    return SampleStream(
        samples,
        config.batch_size,
        config.seed,
        config.latent.size,
        config.latent.distribution,
        *RANGE,
        make.device,
        labels=data.labels if config.conditional else None,
        packing=config.packing,
    )


def _probe(
    config: AnyAudioConfig,
    data: SoundData,
    levels: Tensor,
    make: Networks,
    stream: SampleStream,
    model: SoundGenerator,
    batches: Scheduled,
) -> AudioProbe:
    own, order = config.score, looked_at(stream)
    chosen, others = order[: own.samples], order[own.samples : 2 * own.samples]
    extractor = own.extractor(make.device)
    listener = None
    if extractor is not None:
        listener = Listener(extractor, partial(data.floats, chosen), partial(data.floats, others), data.rate)
    batch = batches.put(watched(stream, model, MONITORED), 0)
    waves = isinstance(model, WaveformGenerator)
    labels = None if data.labels is None else data.labels[order]
    closeness = Closeness(lambda: _pictured(levels[order[:TRAINING]], stream, waves=waves), labels)
    return AudioProbe(
        batch,
        SetDistance(levels, chosen),
        order,
        closeness,
        data.floats,
        listener,
        model.pictured if waves else None,
        data.labels,
        labelled=bool(model.classes),
    )


def _pictured(levels: Tensor, stream: SampleStream, *, waves: bool) -> Tensor:
    """Spectrograms (uint8) as the probe compares them: in the networks' values, or in [0, 1] where these are waves."""
    return levels.float() / 255 if waves else stream.prepared(levels)


TASK = Audio()
