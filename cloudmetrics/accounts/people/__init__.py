"""People: accounts, passwords, second factors, and where each is a member."""
