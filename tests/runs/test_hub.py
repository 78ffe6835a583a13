"""The hub: pushed to, and fetched from, a local server that speaks its interface."""

import base64
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import yaml

import saddlepoint as sp
from commands import Run
from saddlepoint.configuration import ConfigurationError
from saddlepoint.runs.hub import address_of, card_data
from saddlepoint.storage.sealed import checksum

pytest.importorskip("huggingface_hub")
SHA = "a" * 40


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as its client asks for when small files go there and back."""

    files: dict[str, bytes]
    asked: list[str]

    def log_message(self, *_: object) -> None:
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _say(self, value: object, code: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        path, body = urlsplit(self.path).path, self._body()
        self.asked.append(f"POST {path}")
        if path == "/api/repos/create":
            self._say({"url": f"http://{self.headers['Host']}/somebody/tiny", "name": "somebody/tiny"})
        elif path == "/api/validate-yaml":
            self._say({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            asked = json.loads(body)["files"]
            self._say({"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]})
        elif "/commit/" in path:
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    self.files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            self._say(
                {
                    "success": True,
                    "commitUrl": f"http://{self.headers['Host']}/somebody/tiny/commit/{SHA}",
                    "commitOid": SHA,
                }
            )
        else:
            self._say({"error": "no such thing"}, 404)

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.asked.append(f"GET {path}")
        if not path.startswith(("/api/models/somebody/tiny", "/somebody/tiny/")):
            self._say({"error": "Repository not found"}, 404)
        elif "/tree/" in path:
            self._say([self._entry(name) for name in sorted(self.files)])
        elif path.startswith("/api/models/"):
            named = [{"rfilename": name} for name in sorted(self.files)]
            self._say({"id": "somebody/tiny", "modelId": "somebody/tiny", "sha": SHA, "siblings": named, "tags": []})
        else:
            self._file(path.split("/", 5)[-1] if "/resolve/" in path else "")

    do_HEAD = do_GET

    def _entry(self, name: str) -> dict[str, object]:
        data = self.files[name]
        return {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}

    def _file(self, name: str) -> None:
        if name not in self.files:
            self._say({"error": "Entry not found"}, 404)
            return
        data = self.files[name]
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", SHA)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    """A server, which the client takes for the hub."""
    import huggingface_hub.constants as constants

    kind = type("Own", (Hub,), {"files": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    from huggingface_hub import hf_api

    monkeypatch.setattr(hf_api.HfApi, "__init__", _with_endpoint(hf_api.HfApi.__init__, address))
    yield kind
    server.shutdown()
    server.server_close()


def _with_endpoint(begin: object, address: str) -> object:
    def init(self: object, endpoint: str | None = None, **more: object) -> None:
        begin(self, endpoint=endpoint or address, **more)  # type: ignore[operator]

    return init


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_is_pushed_is_fetched_and_draws_the_same(
    run: Run, trained: Path, tmp_path: Path, hub: type[Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run("push", trained, "somebody/tiny", "--license", "cc0-1.0", "--json")
    assert said.code == 0, (said.err, hub.asked)
    assert said.json["repository"] == "somebody/tiny"
    weights = "generator.safetensors"
    known = {weights, "config.yaml", "manifest.json", "README.md", "samples.png", "passport.json"}
    assert known <= set(hub.files)
    header = yaml.safe_load(hub.files["README.md"].decode().split("---\n")[1])
    assert (header["library_name"], header["license"]) == ("saddlepoint", "cc0-1.0")
    assert {"saddlepoint", "gan", "images"} <= set(header["tags"])
    (result,) = header["model-index"][0]["results"]
    assert "fingerprint" in result["dataset"]["name"]
    assert result["metrics"][0]["type"] == next(iter(sp.load(trained).metrics))
    hub.files["evil.py"] = b"raise SystemExit"
    said = run("pull", "somebody/tiny", "--out", tmp_path / "mine", "--json")
    assert said.code == 0, (said.err, hub.asked)
    assert checksum(tmp_path / "mine" / weights) == checksum(trained / "generator" / weights)
    assert not (tmp_path / "mine" / "evil.py").exists()
    ours = sp.load(trained).sample(5, seed=3)
    assert np.array_equal(sp.load("hf://somebody/tiny").sample(5, seed=3), ours)
    assert np.array_equal(sp.load(tmp_path / "mine").sample(5, seed=3), ours)


@pytest.mark.filterwarnings("ignore")
def test_what_the_hub_lacks_and_what_is_none_of_ours_is_told(run: Run, tmp_path: Path, hub: type[Hub]) -> None:
    said = run("pull", "nobody/nothing", "--out", tmp_path / "a")
    assert (said.code, "could not be fetched" in said.err) == (2, True)
    hub.files["config.json"] = b"{}"
    with pytest.raises(ConfigurationError, match="no model of Saddlepoint's"):
        sp.load("hf://somebody/tiny")


@pytest.mark.parametrize("text", ["", "digits", "a/b/c", "hf://../x/y", "https://huggingface.co/a/b", "a b/c"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="user/name"):
        address_of(text)


def test_a_card_has_every_measure_with_its_protocol(trained: Path, tmp_path: Path) -> None:
    from saddlepoint.runs.passport import passport_of

    folder = shutil.copytree(trained, tmp_path / "run")
    protocol = {"weights": "average", "split": "train", "n_generated": 100, "seed": 0}
    floor = {**protocol, "weights": "floor: test"}
    values = [
        {"metric": "frechet", "value": value, "settings": {}, "protocol": by}
        for value, by in ((0.5, protocol), (0.1, floor))
    ]
    (folder / "evaluation.json").write_text(json.dumps([{"evaluated": "2026", "samples": 3, "values": values}]))
    header = yaml.safe_load(card_data(passport_of(sp.load(folder)), "a/b"))
    (metric,) = header["model-index"][0]["results"][0]["metrics"]
    assert (metric["type"], metric["value"]) == ("frechet", 0.5)
    assert metric["args"] == {"protocol": protocol, "floor": 0.1}
    assert header["license"] == "unknown"
