"""A git push becomes a deployment: CodePipeline or GitHub Actions."""
