"""What the results are shown with: self-contained pages made from plain tables."""
