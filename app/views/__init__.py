"""The panels of the window. They show what they are told and ask by signal; none holds a truth of its own."""
