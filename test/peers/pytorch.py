# PyTorch on the processor: builds the network of the first line, then answers "train N" and "infer N" with seconds and a loss.
import json, sys, time
import torch
from torch import nn

asked = json.loads(sys.stdin.readline())
torch.set_num_threads(asked["threads"])
torch.manual_seed(1)

class Block(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.main = nn.Sequential(nn.Conv2d(channels, filters, 3, stride, 1), nn.BatchNorm2d(filters), nn.ReLU(), nn.Conv2d(filters, filters, 3, 1, 1), nn.BatchNorm2d(filters))
        self.side = nn.Identity() if channels == filters and stride == 1 else nn.Conv2d(channels, filters, 1, stride)
    def forward(self, x):
        return torch.relu(self.main(x) + self.side(x))

def build(net):
    layers, x = [], torch.zeros(1, *net["input"])
    for d in net["layers"]:
        C = x.shape[1]
        make = {
            "conv": lambda: nn.Conv2d(C, d["filters"], d["kernel"], d["stride"], d["padding"]), "linear": lambda: nn.Linear(C, d["units"]), "relu": nn.ReLU, "bn": lambda: nn.BatchNorm2d(C),
            "flatten": nn.Flatten, "dropout": lambda: nn.Dropout(0.5), "avgPool": lambda: nn.AvgPool2d(d["kernel"]), "maxPool": lambda: nn.MaxPool2d(d["kernel"]),
            "mean": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), "block": lambda: Block(C, d["filters"], d["stride"]),
        }
        layers.append(make[d["op"]]())
        x = layers[-1].eval()(x)
    return nn.Sequential(*layers).train()

started = time.perf_counter()
model = build(asked["net"])
images, labels = torch.rand(asked["batch"], *asked["net"]["input"]), torch.arange(asked["batch"]) % 10
optimizer, criterion = torch.optim.SGD(model.parameters(), lr=asked["lr"]), nn.CrossEntropyLoss()
if asked.get("onnx"):
    torch.onnx.export(model.eval(), images, asked["onnx"], input_names=["x"], output_names=["y"])
    model.train()

def train(n):
    for _ in range(n):
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
    return float(loss)

def infer(n):
    model.eval()
    with torch.no_grad():
        for _ in range(n):
            y = model(images)
    model.train()
    return float(y[0, 0])

print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "version": torch.__version__}), flush=True)
for line in sys.stdin:
    what, n = line.split()
    began = time.perf_counter()
    value = {"train": train, "infer": infer}[what](int(n))
    print(json.dumps({"seconds": time.perf_counter() - began, "value": value}), flush=True)
