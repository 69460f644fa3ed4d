"""Reports on paper: PDF with charts and tables, drawn by Typst, which needs nothing but its wheel."""
