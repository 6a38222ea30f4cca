"""Every kind of message as its customer would get it: for staff, with made-up rows or with those of an order."""
