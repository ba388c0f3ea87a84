"""Floors and peers: each file is a program of its own that does the job, or a part of it, without the product."""
