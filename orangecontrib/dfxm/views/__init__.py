"""Views: plots of datasets and maps, and the editors of parameters. They compute nothing of their own."""
