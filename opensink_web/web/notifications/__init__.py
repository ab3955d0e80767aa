"""What people are told elsewhere: their channels and rules, and chains of escalation."""
