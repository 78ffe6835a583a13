"""A studio that is served, and one that asks it."""

import http.client
import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the extra [studio] is not installed")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks a studio over HTTP; knows the page's token, as its page does."""

    def __init__(self, port: int) -> None:
        self.port, self.address = port, f"http://127.0.0.1:{port}"

    def ask(self, path: str, method: str = "GET", body: object = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, content, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    @property
    def token(self) -> str:
        return re.search(r'content="([\w-]+)" data-header', self.ask("/").body.decode())[1]

    def post(self, path: str, body: object) -> Answer:
        return self.ask(path, "POST", body, X_Saddle_Studio=self.token)

    def rows(self, count: int) -> dict[str, dict[str, Any]]:
        """Rows by name, once there are so many."""
        for _ in range(600):
            rows = self.ask("/api/runs").json["rows"]
            if len(rows) >= count:
                return {row["name"]: row for row in rows}
            time.sleep(0.05)
        raise AssertionError(f"{len(rows)} of {count} runs")


#: What there is, as `saddle list` has it.
NAMES = {
    "recipes": [["digits", "Small images."], ["images", "Any images."]],
    "methods": [["alternating", "One after another."], ["extragradient", "Looks ahead."]],
    "games": [["bilinear", "xy"]],
}
Serve = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(folder, token=None, **of Studio)`: a studio in a thread of this process."""
    from saddlepoint.studio.library import Library
    from saddlepoint.studio.server import Studio, application

    ends = []

    def begin(*folders: Path, token: str | None = None, warm: bool = False, **more: Any) -> Client:
        studio = Studio(Library(folders), warm=warm, **{"names": lambda: NAMES, **more})
        app = application(studio, token)
        config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        ends.append((studio, server, thread))
        return Client(server.servers[0].sockets[0].getsockname()[1])

    yield begin
    for studio, server, thread in ends:
        studio.close()
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """A folder with one run in it."""
    shutil.copytree(trained, tmp_path / "runs" / "digits")
    return tmp_path / "runs"
