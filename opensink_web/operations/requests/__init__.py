"""Requests to people: how one is created and decided, which answer fits, and reading them."""
