"""Trying a role: tokens of a test issuer, and whether the trust lets their jobs in."""
