"""Agents, their sessions and what happens in them, the endpoints that are called."""
