"""From a song to its carol: both networks, styles, post-filter, files and catalogues."""
