"""The rules of case groups: what a change needs to be made, and that it is made whole or not at all."""
