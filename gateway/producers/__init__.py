"""The federation of producers: one request for all cases of a producer, its answer checked, its faults its own."""
