"""The OWASP API Security Top 10 (2023): a module per item, which says what it tries."""
