"""What operators do in an account: any real one, or the embedded one, by boto3 as the environment points it."""
