"""Evidence bundle: all that proves one case in a ZIP that anybody can check and read without this program."""
