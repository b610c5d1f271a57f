"""`python -m subgraphs.municipality`: serve the cases of `cases.toml` beside this file."""

from pathlib import Path

from subgraphs.reference.producer import run_producer

if __name__ == "__main__":
    run_producer(
        producer="municipality",
        about="The municipality of Exempelköping, for demonstration: serving permits and food premises.",
        data=Path(__file__).with_name("cases.toml"),
        default_port=8103,
    )
