"""What people see: figures and pages made from results."""
