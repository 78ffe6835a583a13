"""Who may ask the studio for what.

On the loopback address anybody who has an account on this computer may look, and nobody else: a page of the world that
has its own name resolve to 127.0.0.1 is told by the name that its browser sends ("DNS rebinding"). On any other address
a token is asked for. What changes something asks for the page's own token in a header, which no other page can send.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Sent with every answer. Nothing is loaded from elsewhere, and no script runs but our files.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' data: blob:; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: The cookie that holds the token, and the header that holds that of the page.
COOKIE, HEADER = "saddle-studio", "X-Saddle-Studio"
#: Methods that change nothing.
SAFE = ("GET", "HEAD")


def is_loopback(host: str) -> bool:
    """Whether an address is this computer's own alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("evil.example")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """The name in a Host header, without its port.

    >>> host_of("localhost:7000"), host_of("[::1]:7000"), host_of("a.b")
    ('localhost', '::1', 'a.b')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if ":" in header else header


class Guard:
    """Stands before the application.

    Args:
        app: what is guarded.
        page_token: that a page sends with what changes something.
        token: that is asked for; None asks for none, and takes requests to the loopback address only.
    """

    def __init__(self, app: ASGIApp, page_token: str, token: str | None) -> None:
        self.app, self.page_token, self.token = app, page_token, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refused(scope)
        await (self.app if answer is None else answer)(scope, receive, dressed)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if self.token is None:
            if not is_loopback(host_of(headers.get("host", ""))):
                return PlainTextResponse("this address is not the one that the studio was started on", 403)
        else:
            query = parse_qs(scope["query_string"].decode("latin-1"))
            given = query.pop("token", [""])[-1]
            if given and _equal(given, self.token):
                return self._let_in(scope, query)
            if not _equal(_cookie(headers.get("cookie", "")), self.token):
                return PlainTextResponse("open the address with its token, which the studio printed when it began", 403)
        if scope["method"] not in SAFE and not (
            _equal(headers.get(HEADER, ""), self.page_token) and _same_origin(headers)
        ):
            return PlainTextResponse("only the studio's own page may do that: reload it", 403)
        return None

    def _let_in(self, scope: Scope, query: Mapping[str, list[str]]) -> Response:
        """Keep the token in a cookie that no script reads, and take it out of the address."""
        rest = urlencode(query, doseq=True)
        place = "/" + scope["path"].lstrip("/\\")  # never another host's, as //host is
        answer = RedirectResponse(f"{place}{f'?{rest}' if rest else ''}", 303)
        answer.set_cookie(COOKIE, self.token or "", httponly=True, samesite="strict", path="/")
        return answer


def _same_origin(headers: Headers) -> bool:
    """Whether a browser says that our own page asks, or nothing says otherwise, as of a program."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
    own = origin is None or origin.partition("://")[2] == headers.get("host", "")
    return own and site == "same-origin"


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value
