"""The operations of the contract: a module per tag, a function per operationId, nothing else."""
