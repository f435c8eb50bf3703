"""What happens: one mechanism, one file."""
