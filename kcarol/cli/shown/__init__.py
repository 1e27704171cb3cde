"""What users see: progress, and the files that were written."""
