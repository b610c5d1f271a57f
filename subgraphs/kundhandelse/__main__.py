"""`python -m subgraphs.kundhandelse --config adapter.toml`: serve the cases of a producer that speaks kundhändelse."""

from pathlib import Path
from typing import Annotated

import structlog
import typer

from subgraphs.kundhandelse.application import application
from subgraphs.kundhandelse.configuration import ConfigurationError, load_configuration
from subgraphs.reference.request_log import configure_log
from subgraphs.reference.serving import AddressTaken, listen, serve

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def main(
    config: Annotated[Path, typer.Option(help="The configuration, a TOML file; docs/kundhandelse.md has every line.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 8105,
    gateway: Annotated[str | None, typer.Option(help="The gateway's base URL, instead of the file's.")] = None,
    audience: Annotated[str | None, typer.Option(help="The name in assertions, instead of the file's.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Check the configuration, and serve nothing.")] = False,
) -> None:
    """Serve the status of cases whose producer speaks the national kundhändelse interface."""
    configure_log()
    try:
        configuration = load_configuration(config, gateway=gateway, audience=audience)
        app = application(configuration)
        if check:
            typer.echo(f"The configuration {config} is good.")
            return
        listener = listen(host, port)
    except (ConfigurationError, AddressTaken, ValueError) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc
    serve(app, listener, on_ready=lambda url: log.info("ready", producer="kundhandelse", url=f"{url}/graphql"))


if __name__ == "__main__":
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    command.command()(main)
    command()
