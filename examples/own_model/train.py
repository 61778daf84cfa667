"""A convolutional network for 8 x 8 pictures, in PyTorch: run by the launch of config/digits.toml."""

import io

import torch
from slipway_artifact import read_training_data, save
from torch import nn

data = read_training_data()
torch.manual_seed(data.seed)
device = "cuda" if torch.cuda.is_available() else "cpu"
channels = int(data.hyperparameter("channels", 16))


class Network(nn.Module):
    """Takes rows as they are served, pixels from 0 to 16, and gives the probability of each class."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, channels, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(data.hyperparameter("dropout", 0.25))),
            nn.Linear(2 * channels * 16, len(data.classes)),
        )

    def logits(self, rows):
        blank = torch.zeros_like(rows)
        return self.layers(torch.where(torch.isnan(rows), blank, rows) / 16)  # a missing pixel counts as blank

    def forward(self, rows):
        return torch.softmax(self.logits(rows), dim=1)


network = Network().to(device)
rows, labels = torch.from_numpy(data.train.features).to(device), torch.from_numpy(data.train.target).long().to(device)
optimizer = torch.optim.Adam(network.parameters(), lr=data.hyperparameter("learning_rate", 0.003))
for _ in range(int(data.hyperparameter("epochs", 15))):
    for batch in torch.randperm(len(rows), device=device).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network.logits(rows[batch]), labels[batch]).backward()
        optimizer.step()

network.eval().cpu()
file, names = io.BytesIO(), {"input_names": ["features"], "output_names": [data.output]}
some = torch.from_numpy(data.validation.features[:2])
torch.onnx.export(
    network, (some,), file, **names, dynamic_axes={"features": {0: "rows"}, data.output: {0: "rows"}}, dynamo=False
)


@torch.no_grad()
def predict(features):
    return network(torch.from_numpy(features)).numpy()


save(file.getvalue(), data, predict=predict)
