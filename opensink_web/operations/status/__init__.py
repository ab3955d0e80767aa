"""How the server itself is, for whoever runs it: figures of all workspaces, and what to mend."""
