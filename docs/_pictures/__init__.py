"""Makes the pictures of the documentation: figures of steps, and photographs of the windows of widgets."""
