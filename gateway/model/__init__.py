"""The gateway's own words: case groups, cases, statuses, callers. Plain values, no behaviour beyond themselves."""
