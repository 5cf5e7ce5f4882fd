"""What is risky in an account, whoever made it: `audit`."""
