"""Runs an operation breadth first: each field once for all objects of a level (docs/algorithms.md)."""
