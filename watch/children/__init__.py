"""Bounded child processes: command lines of ours, forked from a process that has imported everything."""
