"""Is the repository right? Rules, one per file, and the engine that runs them over every layer and target."""
