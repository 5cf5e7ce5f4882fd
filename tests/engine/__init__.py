"""The tests on the real engine and the sandbox."""
