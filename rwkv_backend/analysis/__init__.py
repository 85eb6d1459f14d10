"""Questions asked of a model and its state. Each is a generator of Progress that returns its answer."""
