"""What of an operation a caller may run: the whole decision, field by field, denied by default (DESIGN §6).

Three gates, each narrowing: what the token's scopes open (`plan`), what the consumer was granted (`statuses`), and
which groups the end user shows it (`visibility`). `requirements` reads from the schema's SDL what each field requires.
"""
