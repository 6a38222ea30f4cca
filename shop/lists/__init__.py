"""Lists of products: filters, counts, order, pages; the same for a category and for a search."""
