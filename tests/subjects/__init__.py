"""What is kept about one subject: given out, and erased."""
