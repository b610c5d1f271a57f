"""Tests of the adapter to the national kundhändelse interface."""
