"""Recipes of sounds, each a function that returns a complete configuration."""

from collections.abc import Callable, Mapping

from saddlepoint.components.settings import ClassAdversary, Latent, Player
from saddlepoint.tasks.audio.settings import (
    AudioAutoencoderConfig,
    AudioConfig,
    Score,
    SoundFolder,
    SpectrogramSettings,
)
from saddlepoint.tasks.autoencoder import beside
from saddlepoint.tasks.config import Average, Config
from saddlepoint.training import Budget, Intervals


def audio() -> AudioConfig:
    """Any folder of WAV, FLAC or OGG, a second of 8 kHz each: --data FOLDER; ten minutes on two cores."""
    adam = {"name": "Adam", "lr": 2e-3, "betas": (0.0, 0.99)}
    return AudioConfig(
        recipe="audio",
        threads=1,
        latent=Latent(size=64),
        generator=Player(
            network={"name": "convolutional-generator", "width": 16, "output": "tanh"},
            optimizer=adam,
        ),
        discriminator=Player(network={"name": "convolutional-discriminator", "width": 16}, optimizer=adam),
        adversary=ClassAdversary(
            loss={"name": "relativistic"}, penalties={"r1": {"weight": 0.1}, "r2": {"weight": 0.1}}
        ),
        method={"name": "alternating"},
        average=Average(half_life=10_000, warm_up=0.1),
        budget=Budget(samples=100_000),
        every=Intervals(record=2_000, snapshot=20_000, checkpoint=20_000),
    )


def spoken_digits() -> AudioConfig:
    """Ten spoken digits on demand: --data FOLDER is that of the Free Spoken Digit Dataset; six minutes on two cores."""
    config = audio()
    return config.model_copy(
        update={
            "recipe": "spoken-digits",
            # Of the recordings 97 % are shorter.
            "data": SoundFolder(label="prefix", test=r"_[0-4]$", seconds=0.768),
            "spectrogram": SpectrogramSettings(window=256, hop=128, bands=48),
            "score": Score(features="spoken-digits"),
            "conditional": True,
        }
    )


def audio_wave() -> AudioConfig:
    """The same as spoken-digits by raw waveforms, in WaveGAN's manner: --data FOLDER; fifteen minutes on two cores."""
    config = spoken_digits()
    return config.model_copy(
        update={
            "recipe": "audio-wave",
            "route": "waveform",
            "generator": config.generator.model_copy(update={"network": {"name": "wavegan-generator", "width": 8}}),
            "discriminator": config.discriminator.model_copy(
                update={"network": {"name": "wavegan-discriminator", "width": 8}}
            ),
        }
    )


def autoencoder_beside(config: AudioConfig, model: str) -> AudioAutoencoderConfig:
    """The autoencoder of spectrograms that stands beside a game of them: all that both have is the same.

    Args:
        config: the game's.
        model: `vae` or `autoencoder`.
    """
    shared = config.model_dump(include={"spectrogram", "score", "conditional", "latent"})
    return AudioAutoencoderConfig.read({**beside(config, model), **shared})


def audio_vae() -> AudioAutoencoderConfig:
    """Baseline: a VAE of spectrograms with spoken-digits' networks and budget: --data FOLDER; two minutes."""
    return autoencoder_beside(spoken_digits(), "vae").model_copy(update={"recipe": "audio-vae"})


RECIPES: Mapping[str, Callable[[], Config]] = {
    "audio": audio,
    "spoken-digits": spoken_digits,
    "audio-wave": audio_wave,
    "audio-vae": audio_vae,
}
