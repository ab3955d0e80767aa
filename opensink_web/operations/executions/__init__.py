"""Functions and agents that are executed, singly, in batches, in chats; their callbacks."""
