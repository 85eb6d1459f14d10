"""The plots, one file each. They draw by the axes of what they are given and know no version."""
