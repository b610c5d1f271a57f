"""How fast the gateway is, beside a hand-written handler and other gateways: `make bench` and `make bench-quick`."""
