"""What people see goes to stderr; stdout is for results and machines."""

import json
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from rich.console import Console

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)


def fail(message: str, code: int) -> NoReturn:
    """Print one error and leave."""
    err.print("error:", style="bold red", end=" ")
    err.print(message, markup=False, soft_wrap=True)
    sys.exit(code)


def print_json(value: Mapping[str, Any]) -> None:
    """One line of JSON on stdout."""
    print(json.dumps(value), flush=True)
