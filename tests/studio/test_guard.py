"""Who may ask the studio for what."""

import pytest

EVIL = ("evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::ffff:8.8.8.8]:1")


@pytest.mark.parametrize("host", EVIL)
def test_another_name_for_this_computer_is_refused(serve, runs, host):
    client = serve(runs)
    for path in ("/", "/api/runs", "/api/events", "/assets/studio.js"):
        assert client.ask(path, Host=host).status == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:7337", "[::1]:7337"])
def test_its_own_names_are_taken(serve, runs, host):
    assert serve(runs).ask("/", Host=host).status == 200


def test_only_the_page_may_change_something(serve, runs):
    client = serve(runs)
    [row] = client.rows(1).values()
    place, notes = f"/api/run/{row['id']}/notes", {"tags": ["mine"], "note": "n"}
    assert client.ask(place, "POST", notes).status == 403
    assert client.ask(place, "POST", notes, X_Saddle_Studio="x").status == 403
    assert client.ask(place, "GET", X_Saddle_Studio=client.token).status == 405
    assert not (runs / "digits" / "notes.json").exists()
    assert client.post(place, notes).status == 200
    assert (runs / "digits" / "notes.json").exists()


def test_a_studio_that_only_reads_changes_nothing(serve, runs):
    client = serve(runs, read_only=True)
    [row] = client.rows(1).values()
    for deed, body in (("notes", {"tags": [], "note": ""}), ("ask", {"what": "stop"})):
        assert client.post(f"/api/run/{row['id']}/{deed}", body).status == 403
    assert not (runs / "digits" / "notes.json").exists()


def test_elsewhere_a_token_is_asked_for(serve, runs):
    client = serve(runs, token="secret")
    for path in ("/", "/api/runs", "/api/events", "/assets/studio.js", "/?token=", "/?token=wrong"):
        assert client.ask(path).status == 403
    assert client.ask("/", Cookie="saddle-studio=wrong").status == 403
    let = client.ask("/run/x?token=secret&a=b")
    assert (let.status, let.headers["location"]) == (303, "/run/x?a=b")
    cookie = let.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.ask("/", Cookie=cookie.split(";")[0], Host="any.example").status == 200
    assert client.ask("//evil.example/?token=secret").headers["location"].startswith("/evil.example")


def test_every_answer_forbids_foreign_scripts(serve, runs):
    client = serve(runs)
    [row] = client.rows(1).values()
    for path in ("/", "/nothing", "/api/runs", f"/api/run/{row['id']}", "/api/run/none", "/assets/nothing"):
        headers = client.ask(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_what_is_sent_is_bounded(serve, runs):
    client = serve(runs)
    [row] = client.rows(1).values()
    place = f"/api/run/{row['id']}/notes"
    assert client.post(place, b"[" * 1000).status == 400
    assert client.post(place, {"tags": ["a b"], "note": ""}).status == 422
    assert client.post(place, {"tags": [1], "note": ""}).status == 400
    assert client.post(place, b" " * 100_000).status == 413
