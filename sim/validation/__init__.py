"""Known truths as studies."""
