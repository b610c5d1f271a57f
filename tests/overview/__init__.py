"""The subject's cases at all producers, and the confirmation of cases that are added."""
