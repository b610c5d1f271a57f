"""The companies registration office (Bolagsverket) as a demonstration producer: registration of companies."""
