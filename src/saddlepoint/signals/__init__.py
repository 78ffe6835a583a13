"""Sounds as functions of time and of frequency: spectra, the mel scale, phases, rates. Pure functions of tensors."""

from saddlepoint.signals.front_end import MelFrontEnd, whole_hops
from saddlepoint.signals.mel import log_mel, mel_filters
from saddlepoint.signals.phase import griffin_lim
from saddlepoint.signals.rate import resampled
from saddlepoint.signals.spectrogram import Spectrogram
from saddlepoint.signals.stft import inverse_stft, stft

__all__ = [
    "MelFrontEnd",
    "Spectrogram",
    "griffin_lim",
    "inverse_stft",
    "log_mel",
    "mel_filters",
    "resampled",
    "stft",
    "whole_hops",
]
