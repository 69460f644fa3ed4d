"""CloudMetrics: a contract-first, multi-tenant analytics API."""
