"""Our speed against that of other programs, measured in turn on one checkpoint. See __main__.py."""
