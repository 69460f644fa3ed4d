"""The audit log: who did what in a workspace, from where, and with which credential."""
