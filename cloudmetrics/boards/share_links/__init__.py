"""Links that show a dashboard to whoever has them, and nothing else."""
