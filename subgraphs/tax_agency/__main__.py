"""`python -m subgraphs.tax_agency`: serve the cases of `cases.toml` beside this file."""

from pathlib import Path

from subgraphs.reference.producer import run_producer

if __name__ == "__main__":
    run_producer(
        producer="tax-agency",
        about="The tax agency (Skatteverket), for demonstration: approval for F-tax and registration for VAT.",
        data=Path(__file__).with_name("cases.toml"),
        default_port=8101,
    )
