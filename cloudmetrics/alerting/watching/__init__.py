"""What rules watch: sources of numbers, and the windows of time in which they are taken."""
