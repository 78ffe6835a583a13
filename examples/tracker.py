"""A tracker of one's own, told of a run as it trains: here a file of one line a record."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import saddlepoint as sp
from saddlepoint.tracking import Tracker


class Lines(Tracker):
    """Writes what it is told to lines.jsonl."""

    def begin(self, name: str, folder: Path, config: Mapping[str, Any], known: str | None) -> str:
        self.file = Path("lines.jsonl").open("a", encoding="utf-8")  # noqa: SIM115
        self.write(0, begun=name, goes_on=known is not None, recipe=config["recipe"])
        return "lines.jsonl"

    def write(self, samples: int, **what: Any) -> None:
        self.file.write(json.dumps({"samples": samples, **what}) + "\n")

    def scalars(self, values: Mapping[str, float], samples: int) -> None:
        self.write(samples, **values)

    def image(self, name: str, path: Path, samples: int) -> None:
        self.write(samples, picture=str(path))

    def sound(self, name: str, path: Path, samples: int) -> None:
        self.write(samples, sound=str(path))

    def text(self, name: str, text: str, samples: int) -> None:
        self.write(samples, **{name: text})

    def end(self, failed: bool) -> None:
        self.write(0, failed=failed)
        self.file.close()


for samples in (1600, 3200):  # the second call goes on in the same tracked run
    sp.train("digits", samples=samples, keep_schedules=True, out="digits", track=Lines(), progress=False)
print(Path("lines.jsonl").read_text(encoding="utf-8"))
