"""Connecting consumers and giving grants: the rules, and the commands `gateway consumer` and `gateway grant`."""
