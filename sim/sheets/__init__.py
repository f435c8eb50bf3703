"""Sheets: a plan kept as CSV or Excel workbook, read as a scenario's plan; a scenario as a workbook, and back."""
