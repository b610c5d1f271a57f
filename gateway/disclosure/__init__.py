"""The record: who was told what about whom, written before it is told, and shown to be whole (DESIGN §9)."""
