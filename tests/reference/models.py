# SPDX-License-Identifier: Apache-2.0
"""The networks of nn/ in PyTorch, with the parameter names of their usual definitions."""
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, option, shortcut_name):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs
        self.projection = None
        if option == "B" and (stride != 1 or self.added):
            projection = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            setattr(self, shortcut_name, projection)
            self.projection = shortcut_name

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.projection:
            x = getattr(self, self.projection)(x)
        elif self.added:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return F.relu(y + x)


class ResNet(nn.Module):
    def __init__(self, widths, blocks, option, shortcut_name, head_name, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        inputs, self.stages, self.head_name = widths[0], len(widths), head_name
        for stage, (width, count) in enumerate(zip(widths, blocks)):
            layer = []
            for block in range(count):
                layer.append(Block(inputs, width, 2 if stage and block == 0 else 1, option, shortcut_name))
                inputs = width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layer))
        setattr(self, head_name, nn.Linear(inputs, classes))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        for stage in range(self.stages):
            y = getattr(self, f"layer{stage + 1}")(y)
        return getattr(self, self.head_name)(y.mean((2, 3)))


def imagenet_resnet(blocks):
    return ResNet((64, 128, 256, 512), blocks, "B", "downsample", "fc")


def cifar_resnet(depth, option):
    return ResNet((16, 32, 64), ((depth - 2) // 6,) * 3, option, "shortcut", "linear")


class WideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride))

    def forward(self, x):
        y = self.conv1(F.relu(self.bn1(x)))
        return self.conv2(F.relu(self.bn2(y))) + self.shortcut(x)


class WideResNet(nn.Module):
    def __init__(self, depth, width, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1)
        inputs = 16
        for stage in range(3):
            outputs, layer = 16 * 2**stage * width, []
            for block in range((depth - 4) // 6):
                layer.append(WideBlock(inputs, outputs, 2 if stage and block == 0 else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layer))
        self.bn1 = nn.BatchNorm2d(inputs)
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        y = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.linear(F.relu(self.bn1(y)).mean((2, 3)))


class Vgg(nn.Module):
    def __init__(self, stages, classes=10):
        super().__init__()
        layers, inputs = [], 3
        for stage in stages:
            for outputs in stage:
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def mlp(inputs, hidden, classes=10, normalised=True):
    layers = [nn.Flatten()]
    for outputs in hidden:
        layers += [nn.Linear(inputs, outputs), *([nn.BatchNorm1d(outputs)] if normalised else []), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.Linear(inputs, classes))


# As nn::make_model makes them for images of 32x32x3 and ten classes.
MODELS = {
    "resnet18": lambda: imagenet_resnet((2, 2, 2, 2)),
    "resnet34": lambda: imagenet_resnet((3, 4, 6, 3)),
    "resnet20": lambda: cifar_resnet(20, "A"),
    "resnet32": lambda: cifar_resnet(32, "A"),
    "resnet44": lambda: cifar_resnet(44, "A"),
    "resnet56": lambda: cifar_resnet(56, "A"),
    "resnet110": lambda: cifar_resnet(110, "A"),
    "resnet20-b": lambda: cifar_resnet(20, "B"),
    "wide_resnet28_10": lambda: WideResNet(28, 10),
    "vgg11": lambda: Vgg(((64,), (128,), (256, 256), (512, 512), (512, 512))),
    "mlp": lambda: mlp(3072, (1000,) * 4),
    "mlp_paper": lambda: mlp(3072, (500,) * 4),
    "mlp_mnist": lambda: mlp(3072, (1000,) * 2, normalised=False),
    "mlp_mnist-bn": lambda: mlp(3072, (1000,) * 2),
}
