"""What a training script imports: `read_training_data` for what it is given, `save` for what it must leave."""

from pipeline_steps.training_script.saving import save
from pipeline_steps.training_script.training_data import TrainingData, read_training_data

__all__ = ["TrainingData", "read_training_data", "save"]
