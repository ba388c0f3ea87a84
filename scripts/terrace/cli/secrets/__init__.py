"""Secrets: encrypted in Git, checked without keys, rotated and audited"""
