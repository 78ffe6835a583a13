"""Kinds of data: what each is made of, and the protocol that all other rooms know it by."""

from saddlepoint.tasks.auto import AutoConfig
from saddlepoint.tasks.autoencoder import (
    AutoencoderConfig,
    AutoencoderProbe,
    CodeDensity,
    NamedAutoencoderConfig,
    autoencoder_losses,
)
from saddlepoint.tasks.config import AdversarialConfig, Average, Config, DataSettings, PathSettings
from saddlepoint.tasks.fitted import FittedConfig
from saddlepoint.tasks.model import Converter, LatentInput, LatentSampler, Model, Sampler
from saddlepoint.tasks.probe import Probe, write_picture
from saddlepoint.tasks.registry import model_at, read_config, recipe_named, recipes, task_named, task_of, tasks
from saddlepoint.tasks.setup import Pretraining, Setup
from saddlepoint.tasks.task import EvaluationOptions, Subject, Task
from saddlepoint.tasks.watched import looked_at, watched

__all__ = [
    "AdversarialConfig",
    "AutoConfig",
    "AutoencoderConfig",
    "AutoencoderProbe",
    "Average",
    "CodeDensity",
    "Config",
    "Converter",
    "DataSettings",
    "EvaluationOptions",
    "FittedConfig",
    "LatentInput",
    "LatentSampler",
    "Model",
    "NamedAutoencoderConfig",
    "PathSettings",
    "Pretraining",
    "Probe",
    "Sampler",
    "Setup",
    "Subject",
    "Task",
    "autoencoder_losses",
    "looked_at",
    "model_at",
    "read_config",
    "recipe_named",
    "recipes",
    "task_named",
    "task_of",
    "tasks",
    "watched",
    "write_picture",
]
