"""`gateway dev`: what is started in which order, what happens when a part dies, and how all of it stops.

    checks → database → mongo-init → producers and gateway side by side → an invitation to ask
    Ctrl-C, or the death of the database or the gateway: gateway → producers → database

A producer that dies is told of and left out: bearing that is what the gateway is for. So is one that this machine
cannot run.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from time import monotonic

from rich.console import Console

from gateway.development import ports, programs, welcome
from gateway.development.console import Report
from gateway.development.directory import DevelopmentDirectory, occupied
from gateway.development.errors import DevelopmentError
from gateway.development.issuer import open_issuer, publish_keys, record_audience
from gateway.development.ports import Listener
from gateway.development.processes import Child, Program
from gateway.development.programs import LOOPBACK, PRODUCERS, Place, Producer
from gateway.settings import PREFIX, Settings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PLAYGROUND = Path(__file__).parents[1] / "http" / "playground" / "dist" / "index.html"
PLAYGROUND_PATH = "/"

Initialise = Callable[[str], Awaitable[list[str]]]
"""Makes the MongoDB of a URI ready and returns what it changed, in plain words. Raises DevelopmentError."""


class Tier(IntEnum):
    """The order of stopping: nothing is left working without what it relies on."""

    GATEWAY = 0
    PRODUCER = 1
    DATABASE = 2


async def run_development_stack(
    settings: Settings,
    console: Console,
    *,
    gateway_command: Sequence[str],
    initialise: Initialise,
    producers: Sequence[Producer] = PRODUCERS,
    node_producer: Producer | None = None,
) -> int:
    """Start everything, keep it running until told to stop (Ctrl-C, SIGTERM, SIGHUP), and stop it.

    `gateway_command` runs the gateway on `settings.host` and `settings.port`; its settings come in its environment.
    Call it in the main thread: signals arrive there, and the children's lives hang on that thread.
    Returns the exit code: 0 when told to stop, 1 when it could not start or go on; a sentence has said why.
    """
    report = Report(console)
    try:
        with occupied(settings.dev_directory) as directory:
            stack = Stack(
                settings=settings,
                directory=directory,
                report=report,
                gateway_command=gateway_command,
                initialise=initialise,
                producers=producers,
                node_producer=node_producer,
            )
            with _on_stop_signals(stack.end):
                await stack.run()
    except DevelopmentError as exc:
        report.problem(str(exc), exc.last_lines)
        return 1
    report.say(f"Stopped; the data is kept in {directory.path}.")
    return 0


class Stack:
    """The running parts of one `gateway dev`."""

    def __init__(
        self,
        *,
        settings: Settings,
        directory: DevelopmentDirectory,
        report: Report,
        gateway_command: Sequence[str],
        initialise: Initialise,
        producers: Sequence[Producer],
        node_producer: Producer | None,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._report = report
        self._gateway_command = gateway_command
        self._initialise = initialise
        self._places = programs.places(settings, producers, node_producer)
        self._children: dict[Tier, list[Child]] = {tier: [] for tier in Tier}
        self._watchers: list[asyncio.Task[None]] = []
        self._ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, failure: BaseException | None = None) -> None:
        """Let `run` stop everything and return, or raise `failure`. Only the first call counts."""
        if self._ending.done():
            return
        if failure is None:
            self._ending.set_result(None)
        else:
            self._ending.set_exception(failure)

    async def run(self) -> None:
        """Start everything, wait for `end`, and stop everything, however far the start has come.

        Raises DevelopmentError when a part cannot start, or one that the others cannot do without has died.
        """
        starting = asyncio.create_task(self._start())
        starting.add_done_callback(self._started)
        try:
            await self._ending
            self._report.stopping()
        finally:
            starting.cancel()
            await asyncio.wait({starting})
            await self._stop()

    def _started(self, starting: asyncio.Task[None]) -> None:
        if not starting.cancelled() and (failure := starting.exception()) is not None:
            self.end(failure)

    async def _start(self) -> None:
        self._report.say("Starting the gateway and all it needs, for development. Ctrl-C stops everything.")
        ports.require_loopback(self._settings.host)
        await self._leave_out_what_is_missing()
        with self._step("checks", f"the ports are free, {self._directory.path} can be used"):
            await ports.claim(self._listeners())
            publish_keys(self._directory)
            record_audience(self._directory, programs.token_audience(self._settings))
        if not PLAYGROUND.is_file():
            self._report.note(
                "playground", "not built, which takes Node 20.19 or newer; everything else works without it"
            )

        uri = await self._database()
        if uri is None:
            return
        began = monotonic()
        changes = await self._initialise(uri)
        self._report.step("mongo-init", _in_short(changes), monotonic() - began)

        settings = self._settings
        gateway = programs.gateway(
            settings, self._directory, self._gateway_command, uri, coloured=self._report.coloured
        )
        ready = await asyncio.gather(
            *(
                self._start_child(Tier.PRODUCER, programs.producer(settings, place), f"on {LOOPBACK}:{place.port}")
                for place in self._places
            ),
            self._start_child(Tier.GATEWAY, gateway, settings.base_url),
        )
        if ready[-1]:
            self._invite()

    async def _leave_out_what_is_missing(self) -> None:
        """Leaves out the producers that cannot be run here, each with a sentence."""
        there: list[Place] = []
        for place in self._places:
            if (missing := await asyncio.to_thread(place.producer.missing)) is None:
                there.append(place)
            else:
                self._report.note(
                    place.producer.label,
                    f"the producer {place.producer.id} is not started: {missing}; everything else works without it",
                )
        self._places = there

    async def _database(self) -> str | None:
        """The URI of a database that is ready; None when it died, which the watcher tells."""
        settings = self._settings
        if settings.mongodb_uri is not None:
            self._report.note(
                "database",
                f"the MongoDB of {PREFIX}MONGODB_URI is used, none is started; "
                f"demo data is written to its database {settings.mongodb_database}",
            )
            return settings.mongodb_uri.get_secret_value()
        database = programs.embedded_database(settings, self._directory)
        where = f"embedded, on {LOOPBACK}:{settings.dev_database_port}"
        if not await self._start_child(Tier.DATABASE, database, where):
            return None
        return programs.embedded_database_uri(settings)

    async def _start_child(self, tier: Tier, program: Program, where: str) -> bool:
        """Start and watch it; True once it is ready, False when it died before that. Raises DevelopmentError."""
        began = monotonic()
        child = await Child.start(program, lambda line: self._report.output(program.label, program.colour, line))
        self._children[tier].append(child)
        self._watchers.append(asyncio.create_task(self._watch(tier, child)))
        ready = await child.until_ready()
        if ready:
            self._report.step(program.label, where, monotonic() - began)
        return ready

    async def _watch(self, tier: Tier, child: Child) -> None:
        how = await child.ended()
        if self._ending.done():
            return
        name = child.program.name
        if tier is Tier.PRODUCER:
            self._report.problem(
                f"{name} {how}; its cases now answer PRODUCER_UNAVAILABLE, everything else goes on. "
                "To start it again: Ctrl-C, then `make run`.",
                child.last_lines,
            )
        else:
            self.end(DevelopmentError(f"{name} {how}. Nothing works without it: all was stopped.", child.last_lines))

    async def _stop(self) -> None:
        for tier in Tier:
            await asyncio.gather(*(child.stop() for child in self._children[tier]))
        await asyncio.gather(*self._watchers)

    def _invite(self) -> None:
        settings = self._settings
        issuer = open_issuer(settings.dev_directory, programs.token_audience(settings))
        title, path = ("Playground: ", PLAYGROUND_PATH) if PLAYGROUND.is_file() else ("GraphQL: ", "/graphql")
        self._report.invitation(
            title,
            settings.base_url + path,
            "Live statuses of a company's cases, from three producers; paste this into another terminal:",
            welcome.first_query(settings.base_url, issuer),
        )

    def _listeners(self) -> list[Listener]:
        settings = self._settings
        listeners = [Listener("the gateway", settings.host, settings.port, f"{PREFIX}PORT")]
        if settings.mongodb_uri is None:
            setting = f"{PREFIX}DEV_DATABASE_PORT"
            listeners.append(Listener("the database", LOOPBACK, settings.dev_database_port, setting))
        return listeners + [
            Listener(f"the producer {place.producer.id}", LOOPBACK, place.port, place.setting) for place in self._places
        ]

    @contextmanager
    def _step(self, name: str, detail: str) -> Iterator[None]:
        began = monotonic()
        yield
        self._report.step(name, detail, monotonic() - began)


@contextmanager
def _on_stop_signals(end: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


def _in_short(changes: Sequence[str], shown: int = 2) -> str:
    """The changes in one line: the first few, and how many more."""
    if not changes:
        return "nothing to change"
    more = len(changes) - shown
    return "; ".join(changes[:shown]) + (f"; and {more} more" if more > 0 else "")
