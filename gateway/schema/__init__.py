"""What portals see: Strawberry types, queries and mutations. A type shows and links; it never decides."""
