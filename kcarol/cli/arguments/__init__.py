"""What users give on the command line: shared options, their checks, and the files they mean."""
