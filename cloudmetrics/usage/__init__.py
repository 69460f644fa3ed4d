"""What a workspace uses, and how much of it is left."""
