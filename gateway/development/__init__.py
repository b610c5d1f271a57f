"""What `gateway dev` is made of: the whole product on one machine, for development only (POSIX systems).

Read `stack` first: it says what is started, in which order. Nothing here is imported by `gateway serve`, so the
development token issuer cannot be switched on by a setting.
"""
