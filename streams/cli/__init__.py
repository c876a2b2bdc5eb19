"""The command line: one file for each command.

Invariant: a command's file is imported only when the command is called, so that the others start
fast.
"""
