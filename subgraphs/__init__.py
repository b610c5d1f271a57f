"""What producers implement: the contract, a reference implementation, and the demonstration producers."""
