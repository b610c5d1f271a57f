"""Database and gateways killed under load: no status was delivered without its record, and none was recorded twice."""
