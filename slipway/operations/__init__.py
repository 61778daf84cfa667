"""What an operator does in an account, by boto3: train, promote, roll out, watch, tear down."""
