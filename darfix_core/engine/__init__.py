"""Running steps: registry, block loop, threads, progress and cancellation."""
