"""Measurements: programs that start what they measure on loopback, stop it again, and print ratios within one run."""
