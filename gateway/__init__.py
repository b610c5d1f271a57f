"""The Mina ärenden gateway: one GraphQL question, live statuses from every producer.

A request flows one way: http → identity → schema → loaders → producers / store. See docs/algorithms.md.
"""
