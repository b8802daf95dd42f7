"""What cameras publish, served from memory to real players."""
