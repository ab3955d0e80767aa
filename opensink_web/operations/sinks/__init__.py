"""Sinks and what is in them."""
