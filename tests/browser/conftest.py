"""What the browser tests need: a Chromium, a built playground, and servers to look at."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import uvicorn
from playwright.sync_api import sync_playwright
from starlette.applications import Starlette

from gateway.http.playground import DIST
from tests.browser.playground_page import PlaygroundPage
from tests.development.supervised import Addresses, supervised

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Serve = Callable[[Starlette], str]


def cannot_run(reason: str) -> NoReturn:
    """Skips the test, saying why; in CI, where everything is installed, fails it."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} In CI this is a failure.", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    cannot_run(f"No Chromium found: none of {', '.join(CHROMIUM_NAMES)} is on the PATH.")


@pytest.fixture(scope="session")
def built() -> None:
    """The playground is built."""
    if not (DIST / "index.html").is_file():
        cannot_run("The playground is not built: run `make playground` (needs Node 20.19 or newer).")


@pytest.fixture(scope="session")
def playground_url(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The playground of a real `gateway dev`, with its producers and demo data, in processes of its own."""
    folder = tmp_path_factory.mktemp("stack")
    addresses = Addresses.free(folder / "development")
    with supervised([str(Path(sys.executable).with_name("gateway")), "dev"], addresses, folder / "log") as stack:
        stack.wait_for("curl ")
        yield f"{addresses.url}/"
        stack.interrupt()


@pytest.fixture
def browser_page(chromium: str) -> Iterator[PlaygroundPage]:
    """A page in a Chromium of its own, with a new profile.

    Started for each test: Playwright's synchronous side keeps an event loop running for as long as it lives, and
    pytest-asyncio's tests need to start theirs.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
        try:
            yield PlaygroundPage(browser.new_page(viewport={"width": 1400, "height": 900}))
        finally:
            browser.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves an application on a free port, in a thread, until the test ends; gives its address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Starlette) -> str:
        # Listens from here on: a request that comes before the server is up waits.
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{listening.getsockname()[1]}/"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=10)
