"""A page in the browser that shows runs while they train; the folders are its only database.

It is a program and no library: `saddle studio` is the way in.
"""

__all__: list[str] = []
