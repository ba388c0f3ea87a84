"""Rules on flags, one a file. They are imported only where there are flags."""
