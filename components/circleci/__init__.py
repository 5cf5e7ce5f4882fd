"""The OIDC tokens of CircleCI jobs."""
