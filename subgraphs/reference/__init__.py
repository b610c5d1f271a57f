"""The reference implementation of a producer: the contract, the caller assertion and a server, over a data file."""
