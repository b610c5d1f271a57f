"""`python -m subgraphs.companies_registration_office`: serve the cases of `cases.toml` beside this file."""

from pathlib import Path

from subgraphs.reference.producer import run_producer

if __name__ == "__main__":
    run_producer(
        producer="companies-registration-office",
        about="The companies registration office (Bolagsverket), for demonstration: registration of companies.",
        data=Path(__file__).with_name("cases.toml"),
        default_port=8102,
    )
