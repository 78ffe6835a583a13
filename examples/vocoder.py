"""Waves to spectrograms and back by a vocoder. Needs the extra `audio`. Networks are tiny, so that it takes seconds."""

import numpy as np

import saddlepoint as sp

rate = 4000
time = np.arange(2400) / rate
waves = [0.5 * np.sin(2 * np.pi * (200 + 50 * number) * time) for number in range(12)]
run = sp.train(
    "vocoder",
    data=(waves, rate),  # or the path of a folder
    samples=160,
    out="vocoder",
    progress=False,
    settings={
        "pretraining.samples": 128,
        "data.rate": rate,
        "data.crop": 512,
        "mel": {"window": 128, "hop": 32, "bands": 16},
        "generator.network.width": 16,
        "discriminator.network": {"name": "vocoder-discriminator", "width": 2, "windows": [64]},
        "refinement.steps": 8,
    },
)
mel = run.model.log_mel(run.data[0])  # natural log-mels of power (bands, frames)
print(mel.shape, run.apply(mel).shape)
