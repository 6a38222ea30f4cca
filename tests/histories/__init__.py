"""The proof of messages: histories of orders in which everything slips, and the mails that must come of them.

``plots.py`` draws what happens, ``world.py`` lets it happen to a shop whose clocks (the database's too) it moves,
``diary.py`` keeps what happened outside. ``expected.py`` works out from the diary alone, by the words of
docs/promises.md, which mails must come; ``checker.py`` holds those against what came. These last three, and
``days.py``, import nothing of the shop.
"""
