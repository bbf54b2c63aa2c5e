"""Evidence bundle: all that proves one case in a ZIP that anybody can check and read without this program.

`write.write_bundle` is the way in: `gather` files and records -> `compose` a `dossier` -> `pages` (HTML) and `pdf` show
it -> lists of all files, and `verify`, the script that checks them.
"""
