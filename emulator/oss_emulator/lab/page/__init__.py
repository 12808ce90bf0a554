"""What people see of rules on a page, in the console and in the lab that runs in the browser."""
