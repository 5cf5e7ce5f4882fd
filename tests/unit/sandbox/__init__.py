"""Tests of the sandbox that need no server."""
