"""Executions, batches, chats and functions, read. Nothing is written here."""
