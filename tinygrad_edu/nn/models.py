"""Small networks of the courses, with the names and keys that PyTorch's versions have: `LeNet`, `TinyConvNet`,
`ResNet`.

Builds on the layers.
"""

from collections.abc import Sequence
from typing import Any

from .activation import ReLU, Tanh
from .containers import Flatten, Identity, Sequential
from .convolution import Conv2d
from .linear import Linear
from .module import Module
from .normalisation import BatchNorm2d
from .pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from .regularisation import Dropout

__all__ = ["BasicBlock", "LeNet", "ResNet", "TinyConvNet"]


class LeNet(Sequential):
    """LeNet-5 for 28×28 or 32×32 digits (LeCun et al. 1998), with plain average pooling and tanh.

    >>> from tinygrad_edu import nn
    >>> nn.models.LeNet().num_parameters()
    61706
    """

    def __init__(self, in_channels: int = 1, num_classes: int = 10, image: int = 28) -> None:
        super().__init__(
            Conv2d(in_channels, 6, 5, padding=2 if image == 28 else 0),
            Tanh(),
            AvgPool2d(2),
            Conv2d(6, 16, 5),
            Tanh(),
            AvgPool2d(2),
            Flatten(),
            Linear(400, 120),
            Tanh(),
            Linear(120, 84),
            Tanh(),
            Linear(84, num_classes),
        )


class TinyConvNet(Sequential):
    """INPUT-CONV-RELU-POOL-FC of 32×32 images (course 001, row `cifar-pipeline-shapes`).

    Dropout, if any, follows the flattening only (row `dropout-fc-only`).

    >>> from tinygrad_edu import nn
    >>> [row.output_shape[1:] for row in nn.summary(nn.models.TinyConvNet(), (1, 3, 32, 32)).rows]
    [(12, 32, 32), (12, 32, 32), (12, 16, 16), (3072,), (10,)]
    """

    def __init__(
        self, in_channels: int = 3, filters: int = 12, num_classes: int = 10, image: int = 32, dropout: float = 0.0
    ) -> None:
        super().__init__(
            Conv2d(in_channels, filters, 3, padding="same"),
            ReLU(),
            MaxPool2d(2),
            Flatten(),
            *([Dropout(dropout)] if dropout else []),
            Linear(filters * (image // 2) ** 2, num_classes),
        )


class BasicBlock(Module):
    """ReLU(BN(conv(ReLU(BN(conv x)))) + shortcut) (He et al. 2016), with torchvision's names."""

    def __init__(self, in_planes: int, planes: int, stride: int = 1) -> None:
        self.conv1 = Conv2d(in_planes, planes, 3, stride, 1, bias=False)
        self.bn1 = BatchNorm2d(planes)
        self.relu = ReLU()
        self.conv2 = Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = BatchNorm2d(planes)
        if stride != 1 or in_planes != planes:
            self.downsample: Module = Sequential(Conv2d(in_planes, planes, 1, stride, bias=False), BatchNorm2d(planes))
        else:
            self.downsample = Identity()

    def forward(self, x: Any) -> Any:
        """(N, in_planes, H, W) to (N, planes, H/stride, W/stride)."""
        branch = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(branch + self.downsample(x))


class ResNet(Module):
    """A residual network for small images: a 3×3 convolution, stages of BasicBlocks, the mean over space, a classifier.

    `planes` are the channels of the stages, each of `blocks` blocks; every stage but the first halves the image.

    >>> from tinygrad_edu import nn
    >>> list(nn.models.ResNet(planes=(4,), blocks=1).state_dict())[:2]
    ['conv1.weight', 'bn1.weight']
    """

    def __init__(
        self, in_channels: int = 3, num_classes: int = 10, planes: Sequence[int] = (16, 32, 64), blocks: int = 1
    ) -> None:
        self.conv1 = Conv2d(in_channels, planes[0], 3, padding=1, bias=False)
        self.bn1 = BatchNorm2d(planes[0])
        self.relu = ReLU()
        self.layers = Sequential()
        width = planes[0]
        for k, wanted in enumerate(planes):
            for block in range(blocks):
                self.layers.append(BasicBlock(width, wanted, 2 if k and not block else 1))
                width = wanted
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc = Linear(width, num_classes)

    def forward(self, x: Any) -> Any:
        """(N, in_channels, H, W) to (N, num_classes)."""
        x = self.layers(self.relu(self.bn1(self.conv1(x))))
        x = self.avgpool(x)
        return self.fc(x.reshape((x.shape[0], -1)))
