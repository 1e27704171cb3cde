"""Parts of writing sound files: the formats, and the two libraries that write them."""
