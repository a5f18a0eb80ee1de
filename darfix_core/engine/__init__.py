"""Running steps: registry, folds and maps by blocks, threads, progress and cancellation."""
