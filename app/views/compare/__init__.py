"""The compare page: models side by side, what each writes, what each remembers, and what is measured of them."""
