"""No identity number is left behind: what a run leaves is scanned for every number that was used in it."""
