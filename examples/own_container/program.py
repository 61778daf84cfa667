"""The image's entry point: SageMaker starts it with `train` or `serve`."""

import sys

if __name__ == "__main__":
    match sys.argv[1:]:
        case ["train"]:
            from train import train

            train()
        case ["serve"]:
            from server import serve

            serve()
        case _:
            sys.exit(f"the argument must be train or serve, got {' '.join(sys.argv[1:]) or 'none'}")
