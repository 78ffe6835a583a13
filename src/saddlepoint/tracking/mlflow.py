"""MLflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint.tracking.tracker import PROJECT, Tracker


class MLflow(Tracker):
    """Logs to the experiment `saddlepoint`, or MLFLOW_EXPERIMENT_NAME, where MLFLOW_TRACKING_URI says."""

    def __init__(self) -> None:
        import mlflow

        self._library = mlflow
        self._client: Any = None
        self._id = ""

    def begin(self, name: str, folder: Path, config: Mapping[str, Any], known: str | None) -> str:  # noqa: ARG002
        """A run of its own id, which goes on by it."""
        import os

        self._client = self._library.MlflowClient()
        if known is not None:
            self._id = known
            self._client.update_run(known, status="RUNNING")
            return known
        title = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        found = self._client.get_experiment_by_name(title)
        experiment = self._client.create_experiment(title) if found is None else found.experiment_id
        self._id = str(self._client.create_run(experiment, run_name=name).info.run_id)
        self._client.log_dict(self._id, dict(config), "config.json")
        for key in ("recipe", "seed"):
            if key in config:
                self._client.log_param(self._id, key, config[key])
        return self._id

    def scalars(self, values: Mapping[str, float], samples: int) -> None:
        """Numbers become points of curves over samples."""
        for name, value in values.items():
            self._client.log_metric(self._id, name, value, step=samples)

    def image(self, name: str, path: Path, samples: int) -> None:  # noqa: ARG002
        """A picture, among the artifacts."""
        self._client.log_artifact(self._id, str(path), name)

    def sound(self, name: str, path: Path, samples: int) -> None:  # noqa: ARG002
        """A sound, among the artifacts."""
        self._client.log_artifact(self._id, str(path), "sounds")

    def text(self, name: str, text: str, samples: int) -> None:  # noqa: ARG002
        """A tag."""
        self._client.set_tag(self._id, name, text)

    def end(self, failed: bool) -> None:
        """Say how it ended."""
        self._client.set_terminated(self._id, "FAILED" if failed else "FINISHED")
