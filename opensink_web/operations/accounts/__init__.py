"""People, programs and what each may do: workspaces, members, roles, sign-ins, keys, tokens."""
