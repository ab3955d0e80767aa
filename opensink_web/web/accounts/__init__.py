"""People and programs: workspaces, members, roles, sign-ins, keys."""
