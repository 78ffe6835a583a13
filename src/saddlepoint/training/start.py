"""Where a run begins, if it is not at networks drawn anew: another run's players."""

from typing import Any, Literal

from pydantic import Field, model_validator

from saddlepoint.configuration import Settings

#: What is taken of a run: its players and averages; the optimizers' memory, too; all that the next step depends on.
Take = Literal["players", "optimizers", "everything"]


class Start(Settings):
    """Another run that this one begins from; its folder alone is that run with the rest as it stands here."""

    run: str
    """Folder of the run that players are taken from; --from."""
    samples: int | None = Field(default=None, ge=0)
    """The checkpoint that they are taken from; none is the newest."""
    take: Take = "players"
    """`players`: the networks and their averages; `optimizers`: what the optimizers remember, too; `everything`: also
    what the method remembers and the position among the batches, so that the run goes on where the other one was."""

    @model_validator(mode="before")
    @classmethod
    def _by_its_folder(cls, data: Any) -> Any:
        return {"run": data} if isinstance(data, str) else data
