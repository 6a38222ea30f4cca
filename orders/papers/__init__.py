"""What invoices and credit notes say, and how they look on a page and as PDF."""
