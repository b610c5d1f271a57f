"""Producers that fail in every way we could think of, over real sockets and TLS, and what each costs the others."""
