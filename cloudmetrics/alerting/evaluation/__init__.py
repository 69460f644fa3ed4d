"""Evaluation: every minute, each rule is compared with the numbers."""
