"""The command of a demonstration producer: `python -m subgraphs.tax_agency --help`."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer

from subgraphs.reference.answers import DemonstrationAnswers
from subgraphs.reference.assertion import AssertionVerifier, Caller
from subgraphs.reference.cases import CaseBook, DataFileError, load_cases
from subgraphs.reference.contract import Answers
from subgraphs.reference.keys import PublishedKeys
from subgraphs.reference.language import choose_language
from subgraphs.reference.request_log import configure_log
from subgraphs.reference.server import AnswersFor, create_app
from subgraphs.reference.serving import AddressTaken, listen, serve

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def run_producer(*, producer: str, about: str, data: Path, default_port: int) -> None:
    """Run a demonstration producer by the process's command line, until it is told to stop.

    `producer` is its id in the gateway's registry, `about` the sentence of its `--help`, `data` its data file.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(help=about)(_command(producer, data, default_port))
    app()


def _command(producer: str, data: Path, default_port: int) -> Callable[..., None]:
    def command(
        host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = default_port,
        gateway: Annotated[
            str, typer.Option(help="The gateway's base URL: the issuer of assertions, and where its keys are.")
        ] = "http://127.0.0.1:8000",
        audience: Annotated[
            str, typer.Option(help="The producer's own name in assertions.")
        ] = f"https://{producer}.demo.example",
    ) -> None:
        configure_log()
        try:
            book = load_cases(data)
            listener = listen(host, port)
        except (DataFileError, AddressTaken) as exc:
            typer.echo(str(exc), err=True)
            raise typer.Exit(1) from exc
        issuer = gateway.rstrip("/")
        verifier = AssertionVerifier(issuer, audience, PublishedKeys(f"{issuer}/.well-known/jwks.json"))
        serve(
            create_app(_answers_from(book), verifier),
            listener,
            on_ready=lambda url: log.info("ready", producer=producer, url=f"{url}/graphql"),
        )

    return command


def _answers_from(book: CaseBook) -> AnswersFor:
    def answers_for(caller: Caller, accept_language: str | None) -> Answers:
        language = choose_language(accept_language, book.languages)
        return DemonstrationAnswers(book, caller, language, datetime.now(UTC))

    return answers_for
