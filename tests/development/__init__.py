"""Tests of `gateway dev`: the supervisor with real child processes, the token issuer, the Makefile."""
