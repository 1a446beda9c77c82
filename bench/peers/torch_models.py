"""The models of bench/make_models.py in PyTorch, with the weights that Keras trained.

Each builder takes the weights in Keras's order. `load` compares the network's scores with those
that Keras wrote down, so a wrong port cannot be measured by mistake.
"""
import numpy as np
import torch
from torch import nn

TOLERANCE = 1e-3
CHANNELS_LAST = {"image"}


def fill(parameter, values):
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def linear(weights):
    kernel, bias = next(weights), next(weights)
    layer = nn.Linear(*kernel.shape)
    fill(layer.weight, kernel.T)
    fill(layer.bias, bias)
    return layer


def tabular(weights):
    return nn.Sequential(linear(weights), nn.ReLU(), linear(weights), nn.ReLU(), linear(weights),
                         nn.Softmax(1))


class Text(nn.Module):
    def __init__(self, weights):
        super().__init__()
        kernel, bias = next(weights), next(weights)
        self.convolution = nn.Conv1d(kernel.shape[1], kernel.shape[2], kernel.shape[0])
        fill(self.convolution.weight, kernel.transpose(2, 1, 0))
        fill(self.convolution.bias, bias)
        self.last = linear(weights)

    def forward(self, x):
        hidden = torch.relu(self.convolution(x.transpose(1, 2)))
        return torch.sigmoid(self.last(hidden.amax(2)))


class Lstm(nn.Module):
    def __init__(self, weights):
        super().__init__()
        kernel, recurrent, bias = next(weights), next(weights), next(weights)
        self.lstm = nn.LSTM(kernel.shape[0], recurrent.shape[0], batch_first=True)
        fill(self.lstm.weight_ih_l0, kernel.T)
        fill(self.lstm.weight_hh_l0, recurrent.T)
        fill(self.lstm.bias_ih_l0, bias)
        fill(self.lstm.bias_hh_l0, np.zeros_like(bias))
        self.last = linear(weights)

    def forward(self, x):
        return self.last(self.lstm(x)[0][:, -1]).softmax(1)


def fill_norm(layer, weights):
    fill(layer.weight, next(weights))
    fill(layer.bias, next(weights))


class Transformer(nn.Module):
    def __init__(self, weights, width=128, heads=4, blocks=2):
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", 1e-6,
                                           batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, blocks, nn.LayerNorm(width, 1e-6),
                                             enable_nested_tensor=False)
        for part in self.encoder.layers:
            self.fill_block(part, weights, width)
        fill_norm(self.encoder.norm, weights)
        self.last = linear(weights)

    @staticmethod
    def fill_block(part, weights, width):
        fill_norm(part.norm1, weights)
        projections = [(next(weights).reshape(width, width), next(weights).reshape(width))
                       for _ in range(3)]
        fill(part.self_attn.in_proj_weight, np.concatenate([w.T for w, _ in projections]))
        fill(part.self_attn.in_proj_bias, np.concatenate([b for _, b in projections]))
        fill(part.self_attn.out_proj.weight, next(weights).reshape(width, width).T)
        fill(part.self_attn.out_proj.bias, next(weights))
        fill_norm(part.norm2, weights)
        for layer in (part.linear1, part.linear2):
            fill(layer.weight, next(weights).T)
            fill(layer.bias, next(weights))

    def forward(self, x):
        return self.last(self.encoder(x).mean(1)).softmax(1)


def convolution(weights, stride=1, depthwise=False):
    """Convolution and batch norm. With a stride Keras pads behind the picture, not around it."""
    kernel = next(weights)
    height, _, inputs, outputs = kernel.shape
    if depthwise:
        layer = nn.Conv2d(inputs, inputs, height, stride, groups=inputs, bias=False)
        fill(layer.weight, kernel.transpose(2, 3, 0, 1))
    else:
        layer = nn.Conv2d(inputs, outputs, height, stride, bias=False)
        fill(layer.weight, kernel.transpose(3, 2, 0, 1))
    norm = nn.BatchNorm2d(layer.out_channels, eps=1e-3)
    fill_norm(norm, weights)
    fill(norm.running_mean, next(weights))
    fill(norm.running_var, next(weights))
    around = (height - 1) // 2
    pad = nn.ZeroPad2d(around) if stride == 1 else nn.ZeroPad2d((0, around, 0, around))
    return nn.Sequential(pad, layer, norm) if around else nn.Sequential(layer, norm)


class InvertedResidual(nn.Module):
    def __init__(self, weights, stride, expands, adds):
        super().__init__()
        layers = [convolution(weights), nn.ReLU6()] if expands else []
        self.layers = nn.Sequential(*layers, convolution(weights, stride, depthwise=True),
                                    nn.ReLU6(), convolution(weights))
        self.adds = adds

    def forward(self, x):
        return x + self.layers(x) if self.adds else self.layers(x)


class MobileNetV2(nn.Module):
    # Stride of the first block and number of blocks of each stage.
    STAGES = ((1, 1), (2, 2), (2, 3), (2, 4), (1, 3), (2, 3), (1, 1))

    def __init__(self, weights):
        super().__init__()
        layers = [convolution(weights, stride=2), nn.ReLU6()]
        for stage, (stride, count) in enumerate(self.STAGES):
            for i in range(count):
                layers.append(InvertedResidual(weights, stride if i == 0 else 1,
                                               expands=stage > 0, adds=i > 0))
        self.layers = nn.Sequential(*layers, convolution(weights), nn.ReLU6())
        self.last = linear(weights)

    def forward(self, x):
        return self.last(self.layers(x * 2 - 1).mean((2, 3))).softmax(1)


BUILDERS = {"tabular": tabular, "text": Text, "lstm": Lstm, "transformer": Transformer,
            "image": MobileNetV2}


def load(folder):
    """-> network, rows (pictures with their channels first)."""
    stored = np.load(folder / "weights.npz")
    weights = iter([stored[name] for name in stored.files])
    network = BUILDERS[folder.name](weights).eval()
    rows = np.load(folder / "x.npy")
    if folder.name in CHANNELS_LAST:
        rows = np.ascontiguousarray(rows.transpose(0, 3, 1, 2))
    rows = torch.from_numpy(rows)
    want = np.load(folder / "score.npy")
    with torch.no_grad():
        apart = float(np.abs(network(rows[:len(want)]).numpy() - want).max())
    left = len(list(weights))
    if apart > TOLERANCE or left:
        raise SystemExit("%s in PyTorch: scores are %.3g off, %d weights are left over" %
                         (folder.name, apart, left))
    return network, rows
