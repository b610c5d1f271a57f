"""Tests of the producer contract, its reference implementation, and the demonstration producers."""
