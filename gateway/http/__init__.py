"""The edge: GraphQL over HTTP, incremental delivery, the playground, health, and the limits on requests."""
