"""A status subgraph before a producer that speaks the national kundhändelse interface: docs/kundhandelse.md."""
