"""From a bearer token to a Caller (DESIGN §5). A token that is not accepted says why, in RFC 6750's words."""
