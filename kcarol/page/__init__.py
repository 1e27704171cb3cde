"""A page on which sounds are heard side by side: one HTML file, with its sounds in a folder."""
