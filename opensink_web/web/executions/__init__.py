"""Pages of functions, executions, batches and chats."""
