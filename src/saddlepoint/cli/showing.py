"""`saddle studio`: the page of all runs, served to a browser."""

import secrets
import socket
import subprocess
import sys
import webbrowser
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from saddlepoint.cli.console import err
from saddlepoint.cli.known import known, known_already
from saddlepoint.configuration import ConfigurationError

#: Where it is found where no port is given, and how many after it are tried.
PORT, FURTHER = 7337, 20


def studio(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[RUNS]", help="Folders with runs in them; runs by default.")
    ] = None,
    host: Annotated[
        str,
        typer.Option("--host", help="The address to listen at. Any other than this computer's own asks for a token."),
    ] = "127.0.0.1",
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="The port; 7337 or a free one.")] = None,
    token: Annotated[
        str | None, typer.Option("--token", envvar="SADDLE_STUDIO_TOKEN", help="In place of one that is made up.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data", metavar="FOLDER", help="A folder that data may be chosen from, to train on; may be repeated."
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Trainings that the page may have at once; further ones wait.")
    ] = 1,
    read_only: Annotated[bool, typer.Option("--read-only", help="Change and start nothing.")] = False,
    browse: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = False,
) -> None:
    """Show runs in the browser while they train, and start others.

    What is shown is read of the run folders alone. It listens on this computer alone. From another one, the safest way
    is ssh -L 7337:localhost:7337.

    Examples:

      saddle studio

      saddle studio runs ~/experiments --read-only

      saddle studio --data ~/pictures --jobs 2

      saddle studio --host 0.0.0.0
    """
    try:
        import uvicorn

        from saddlepoint.studio.guard import is_loopback
        from saddlepoint.studio.jobs import Jobs
        from saddlepoint.studio.library import Library
        from saddlepoint.studio.server import Studio, application
    except ImportError as error:
        raise ConfigurationError(f"{error.name} is missing: pip install 'saddlepoint[studio]'") from error
    roots = folders or [Path("runs")]
    for root in roots:
        if not root.is_dir():
            raise ConfigurationError(
                f"there is no folder {root}: name the one that holds your runs, or train one: saddle train digits"
            )
    for place in data or []:
        if not place.is_dir():
            raise ConfigurationError(f"there is no folder {place} to choose data from: name one that is there")
    needed = not is_loopback(host)
    asked = token or (secrets.token_urlsafe(24) if needed else None)
    bound = _bound(host, port)
    number = bound.getsockname()[1]
    shown = host if not needed or host not in ("0.0.0.0", "::") else socket.gethostname()
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{number}/"
    address += f"?token={asked}" if asked else ""
    err.print(f"studio: {address}", markup=False, soft_wrap=True)
    if needed:
        err.print(
            "note: who has this address may look, and unless --read-only is given change and start runs; what is sent "
            "is not encrypted",
            markup=False,
            soft_wrap=True,
        )
    if browse:
        webbrowser.open(address)
    served = Studio(Library(roots), read_only=read_only, data=data or [], names=_names, jobs=Jobs(jobs))

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """End the streams first, which would be waited for."""
            served.close()
            super().handle_exit(sig, frame)

    app = application(served, asked)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, server_header=False
    )
    Server(config).run(sockets=[bound])


def _names() -> dict[str, list[list[str]]]:
    """Recipes, methods and games, each with its words; another process makes the list, so that this one stays small."""
    found = known_already()
    if found is None:
        subprocess.run([sys.executable, "-m", "saddlepoint", "list", "methods"], capture_output=True, check=False)
        found = known_already() or known()
    return {kind: found["lists"][kind][1] for kind in ("recipes", "methods", "games")}


def _bound(host: str, port: int | None) -> socket.socket:
    """A socket at the port, or at the first free one from ours on. Raises ConfigurationError where there is none."""
    wanted = [port] if port is not None else [*range(PORT, PORT + FURTHER), 0]
    for one in wanted:
        try:
            family = socket.getaddrinfo(host, one, type=socket.SOCK_STREAM)[0][0]
            bound = socket.socket(family, socket.SOCK_STREAM)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host, one))
        except OSError as error:
            told = error.strerror or error
            continue
        return bound
    raise ConfigurationError(f"can't listen at {host}, port {wanted[0]}: {told}. Give another --port or --host")
