"""`evaluation.json`: a list of evaluations, the newest last, each number with its protocol."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from saddlepoint.configuration import from_json
from saddlepoint.storage.files import read_text, write_atomically

#: Beside it: of a process that adds one.
EVALUATION_LOCK = ".evaluation.lock"


def read_evaluations(path: Path) -> list[dict[str, Any]]:
    """All evaluations; none where the file is absent.

    Raises:
        ValueError: the file is no list of evaluations; says what to do.
    """
    try:
        found = from_json(read_text(path))
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}): move it away, and evaluate again") from error
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError(f"{path} holds no list of evaluations: move it away, and evaluate again")
    return found


def append_evaluation(path: Path, evaluation: Mapping[str, Any]) -> None:
    """Add one at the end, whole or not at all, beside what other processes add.

    Raises:
        ValueError: as `read_evaluations`.
        OSError: it can't be written.
    """
    with FileLock(path.with_name(EVALUATION_LOCK)):
        content = [*read_evaluations(path), dict(evaluation)]
        write_atomically(path, json.dumps(content, indent=1, allow_nan=False) + "\n", path.parent)
