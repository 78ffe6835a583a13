"""What the tests of the command line share: a tiny run, and what a command said."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TINY = (
    *("--size", "8", "--device", "cpu", "--batch-size", "32", "--set", "latent.size=6"),
    *("--set", "generator.network={name: mlp-generator, widths: [12]}"),
    *("--set", "discriminator.network={name: mlp-discriminator, widths: [12]}"),
)


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def flat(self) -> str:
        """Its stderr as one line, however it was wrapped."""
        return " ".join(self.err.split())

    @property
    def json(self) -> dict[str, Any]:
        """The last line of its stdout."""

        def refuse(name: str) -> None:
            raise ValueError(f"{name} is not JSON")

        read: dict[str, Any] = json.loads(self.out.splitlines()[-1], parse_constant=refuse)
        return read


Run = Callable[..., Said]
