"""The same two operations in several frameworks, each as its own manual writes them."""
