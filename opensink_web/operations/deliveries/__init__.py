"""Calls that tell an agent of an answer, and their attempts."""
