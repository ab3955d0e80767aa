"""Pages of agents, their endpoints and sessions."""
