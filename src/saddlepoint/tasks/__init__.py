"""Kinds of data: what each is made of, and the protocol that all other rooms know it by."""

from saddlepoint.tasks.config import Config
from saddlepoint.tasks.model import Converter, Model, Sampler
from saddlepoint.tasks.registry import model_at, read_config, recipe_named, recipes, task_named, task_of, tasks
from saddlepoint.tasks.setup import Setup
from saddlepoint.tasks.task import EvaluationOptions, Subject, Task

__all__ = [
    "Config",
    "Converter",
    "EvaluationOptions",
    "Model",
    "Sampler",
    "Setup",
    "Subject",
    "Task",
    "model_at",
    "read_config",
    "recipe_named",
    "recipes",
    "task_named",
    "task_of",
    "tasks",
]
