"""The eye: an Item and the protected brands in, explained Verdicts out.

Pure: bytes, dates and lists are arguments. Nothing here reads a file, a clock or a socket, or logs.
"""
