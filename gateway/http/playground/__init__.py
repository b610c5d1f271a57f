"""GraphiQL, served by the gateway itself: no address outside the gateway, by a strict Content-Security-Policy.

The page is an npm project in this folder, built to `dist/` by `make playground`. Without it `/` says what is missing.
"""

from __future__ import annotations

from os import PathLike, stat_result
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST: Final = Path(__file__).parent / "dist"

POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "connect-src 'self'",
    "font-src 'self'",
    # data: for what Monaco draws in its style sheets, such as the wave under an error.
    "img-src 'self' data:",
    # Monaco writes each line of text as HTML with a style attribute (its place and height), and its theme into a
    # <style> element; it knows no nonce. Without 'unsafe-inline' the lines lie on top of each other, uncoloured.
    "style-src 'self' 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(POLICY),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Mina ärenden: the playground is not built</title>
</head>
<body>
<h1>The playground is not built</h1>
<p>It is a page that has to be built once with Node, and no build was found. Most often Node was missing.</p>
<ol>
<li>Install Node 20.19 or newer.</li>
<li>Run <code>make playground</code> in the checkout.</li>
<li>Reload this page.</li>
</ol>
<p>The gateway itself needs no Node: <code>POST /graphql</code> works as it is.</p>
</body>
</html>
"""


def playground_routes(*, development: bool, dist: Path = DIST) -> list[Route | Mount]:
    """The playground at `/` and its assets below `/playground/assets`.

    With `development` the page offers a chooser of consumer and subject, which asks `/development/callers` and
    `/development/token`; without it, a field for an access token. `dist` is looked at for each request, so that a
    build made while the gateway runs is served by the next reload.
    """

    def page(_: Request) -> Response:
        # Not a coroutine: Starlette runs it in a thread, where reading a file holds nothing up.
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
        try:
            html = (dist / "index.html").read_text(encoding="utf-8")
        except FileNotFoundError:
            return HTMLResponse(NOT_BUILT, headers=headers)
        if development:
            html = html.replace('data-development="false"', 'data-development="true"', 1)
        return HTMLResponse(html, headers=headers)

    return [
        Route("/", page, methods=["GET"], name="playground"),
        Mount("/playground/assets", _Assets(dist / "assets"), name="playground-assets"),
    ]


class _Assets(StaticFiles):
    """Files whose names carry a hash of their content, so that a browser may keep them for good."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)

    async def check_config(self) -> None:
        """Not an error to have no folder: the playground may not be built, or not yet."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, under the same policy as the page: workers are ruled by the policy they are served with."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update({**SECURITY_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})
        return response
