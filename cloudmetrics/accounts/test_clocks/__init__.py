"""Test clocks: a sandbox's time can be moved ahead, so that nobody waits a month to test a monthly report."""
