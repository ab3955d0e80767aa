"""How pages write what they show: words, filters, lists, histories, and text that others wrote."""
