"""The pseudonym keys: how one takes the place of another."""
