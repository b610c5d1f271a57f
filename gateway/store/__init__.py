"""MongoDB: the only place that knows the driver. Documents never leave this package."""
