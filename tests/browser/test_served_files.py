"""The playground's files as they are served: policy, caching, and what is not there. Needs no browser and no build."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette

from gateway.http.playground import playground_routes
from tests.browser.conftest import Serve


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A build of the smallest kind."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-1a2b3c.js").write_text("export {};", encoding="utf-8")
    (tmp_path / "index.html").write_text('<html data-development="false">åäö', encoding="utf-8")
    return tmp_path


def get(url: str, path: str) -> tuple[HTTPResponse, str]:
    """The answer to a GET of exactly `path`, and its text."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/playground/assets/index-1a2b3c.js"])
def test_everything_is_served_under_a_policy_with_no_outside_address(serve: Serve, dist: Path, path: str) -> None:
    response, _ = get(serve(Starlette(routes=playground_routes(development=False, dist=dist))), path)

    assert response.status == 200
    policy = {words[0]: words[1:] for words in map(str.split, response.headers["Content-Security-Policy"].split(";"))}
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    sources = {source for values in policy.values() for source in values}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_assets_are_kept_for_good_and_the_page_is_not(serve: Serve, dist: Path) -> None:
    url = serve(Starlette(routes=playground_routes(development=False, dist=dist)))

    assert get(url, "/")[0].headers["Cache-Control"] == "no-cache"
    assert get(url, "/playground/assets/index-1a2b3c.js")[0].headers["Cache-Control"].endswith("immutable")


@pytest.mark.parametrize("development", [True, False])
def test_the_page_is_told_whether_it_is_in_development(serve: Serve, dist: Path, development: bool) -> None:
    _, html = get(serve(Starlette(routes=playground_routes(development=development, dist=dist))), "/")

    assert html == f'<html data-development="{str(development).lower()}">åäö'


@pytest.mark.parametrize(
    "path", ["/playground/assets/none.js", "/playground/assets/../index.html", "/playground/assets/%2e%2e/index.html"]
)
def test_only_the_assets_are_served_as_files(serve: Serve, dist: Path, path: str) -> None:
    assert get(serve(Starlette(routes=playground_routes(development=False, dist=dist))), path)[0].status == 404


def test_a_build_made_while_the_gateway_runs_is_served(serve: Serve, tmp_path: Path) -> None:
    url = serve(Starlette(routes=playground_routes(development=False, dist=tmp_path)))
    before, notice = get(url, "/")
    assert before.status == 200
    assert "not built" in notice
    assert get(url, "/playground/assets/index.js")[0].status == 404

    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index.js").write_text("export {};", encoding="utf-8")
    (tmp_path / "index.html").write_text("built", encoding="utf-8")

    assert get(url, "/")[1] == "built"
    assert get(url, "/playground/assets/index.js")[0].status == 200
