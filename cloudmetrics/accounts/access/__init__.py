"""What a process may remember of credentials, and for how long."""
