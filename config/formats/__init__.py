"""How dates and times look in the admin, where the language's own way is not ours (``FORMAT_MODULE_PATH``)."""
