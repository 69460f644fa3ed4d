"""What every request meets: authentication, problem documents, tracing, and health beside the contract."""
