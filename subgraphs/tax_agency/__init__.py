"""The tax agency (Skatteverket) as a demonstration producer: approval for F-tax and registration for VAT."""
