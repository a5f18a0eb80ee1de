"""Views: plots of datasets and maps."""
