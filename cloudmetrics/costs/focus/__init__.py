"""FOCUS files (FinOps Open Cost and Usage Specification 1.0 to 1.2) as CSV, plain or gzip."""
