"""Every network by name: its count, what it takes and gives, that it learns, that it exports."""

import csv
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import cross_entropy

import crop
import export
import networks
import recipe
from augment import feed
from expressions import EXPRESSIONS
from networks.common import FaceNetwork
from recipe import Network

RECIPES = Path(__file__).parents[1] / "recipes"
CONV_BIASES = 26_560  # that Keras's ResNet50 has and timm's has not

# Counted as Keras does, with the statistics of batch norms.
COUNTS = {
    "vgg16-transfer": 15_247_205,
    "vgg19-transfer": 20_556_901,
    "mobilenet-transfer": 4_285_669,
    "resnet50-transfer": 25_693_093 - CONV_BIASES,
    "cnn-tuned": 557_799,
    "cnn-baseline": 1_328_743,
    "vggnet": 43_333_319,
    "mobilenetv2-head": 5_835_975,
    "resnet50-head": 25_693_063 - CONV_BIASES,
    "vgg-small": 528_295,
    "vgg-small-2": 647_111,
    "cnn-wide": 4_496_903,
    "alexnet-48": 24_723_143,
    "mini-xception": 58_423,
}


@pytest.fixture(scope="module", params=COUNTS)
def built(request: pytest.FixtureRequest) -> Iterator[tuple[str, FaceNetwork]]:
    """Each network once for all tests: the big ones take seconds to fill."""
    torch.manual_seed(0)
    yield request.param, networks.build(Network(request.param))


def test_every_network_has_a_recipe_of_its_source_and_counts_as_published() -> None:
    by_recipe = {recipe.load(path).network.name for path in RECIPES.glob("*.toml")}
    assert by_recipe == set(COUNTS) | {"mien"}
    assert set(networks.NETWORKS) == by_recipe | {"blocks"}  # the search's own


def test_a_network_counts_as_its_source_says(built: tuple[str, FaceNetwork]) -> None:
    name, network = built
    assert networks.parameters(network) == COUNTS[name]


def test_what_cnn_wide_does_not_train_are_its_norms_statistics() -> None:
    network = networks.build(Network("cnn-wide"))
    assert networks.parameters(network) - sum(p.numel() for p in network.parameters()) == 3_968


def test_it_takes_its_input_and_gives_seven_logits(built: tuple[str, FaceNetwork]) -> None:
    name, network = built
    side = 224 if name.endswith("transfer") else 64 if name == "mini-xception" else 48
    three = name in ("cnn-tuned", "cnn-baseline", "mobilenetv2-head", "resnet50-head")
    assert (network.side, network.channels) == (side, 3 if three else 1)
    with torch.no_grad():
        answers = network.eval()(255 * torch.rand(2, network.channels, side, side))
    assert answers.shape == (2, len(EXPRESSIONS))
    own = [r for r in map(recipe.load, RECIPES.glob("*.toml")) if r.network.name == name]
    assert own and {r.training.cycles[-1].stages[-1][0] for r in own} == {side}
    assert network.head.bias is not None and len(network.head.bias) == len(EXPRESSIONS)


def test_one_step_lowers_the_loss(built: tuple[str, FaceNetwork]) -> None:
    _, network = built
    torch.manual_seed(0)
    # All 224x224 networks pool their last features, so they learn from 64x64 pictures as well.
    side = min(network.side, 64)
    pictures = feed(255 * torch.rand(14, 1, side, side), network)
    labels = torch.arange(14) % len(EXPRESSIONS)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    network.train()
    for layer in network.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.eval()  # the same network before and after
    before = cross_entropy(network(pictures), labels)
    before.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        slope = sum(float((p.grad**2).sum()) for p in network.parameters() if p.grad is not None)
        for weight in network.parameters():
            if weight.grad is not None:
                weight.sub_(1e-3 / slope * weight.grad)  # to first order the loss falls by 1e-3
                weight.grad = None
        after = cross_entropy(network(pictures), labels)
    network.load_state_dict(start)
    assert after < before


@torch.no_grad()
def settle(network: FaceNetwork) -> None:
    """Gives batch norms some pictures' statistics: with fresh ones a deep network says nothing."""
    side = min(network.side, 64)
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for layer in norms:
        layer.momentum = 1.0
    network.train()(feed(255 * torch.rand(14, 1, side, side), network))
    network.eval()


def test_the_export_takes_what_its_card_says_and_agrees_with_pytorch(
    built: tuple[str, FaceNetwork], tmp_path: Path
) -> None:
    name, network = built
    settle(network)
    path = tmp_path / f"{name}.onnx"
    export.write(network, {"mien.input": export.input_of(network)}, path)
    pictures = torch.randint(0, 256, (3, 48, 48)).byte()
    assert export.check(network, path, pictures, relative=True) < export.TOLERANCE
    assert export.answers(path, network, pictures).std() > 1e-4, "or there was nothing to compare"
    assert len(export.answers(path, network, pictures[:1])) == 1, "the batch is free"


@pytest.mark.skipif("MIEN" not in os.environ, reason="MIEN names no built program")
def test_the_app_sees_in_a_photograph_what_pytorch_sees(
    built: tuple[str, FaceNetwork], tmp_path: Path
) -> None:
    program = Path(os.environ["MIEN"]).resolve()
    name, network = built
    settings = recipe.load(RECIPES / f"{name}.toml")
    photograph = crop.TESTS_DATA / crop.PICTURE
    with Image.open(photograph) as picture:
        frame = crop.luma(picture)

    @torch.no_grad()
    def answer(box: tuple[float, float, float, float]) -> torch.Tensor:
        face = crop.crop(frame, box, settings.card.margin, network.side)
        pictures = torch.from_numpy(np.array(face))[None, None].float()
        logits: torch.Tensor = network(feed(pictures, network))
        return logits[0]

    settle(network)
    _, near, _ = crop.CASES[1]
    with torch.no_grad():  # a fresh one is sure of nothing, or of everything
        network.head.weight.div_(answer(near).std())
    model = tmp_path / f"{name}.onnx"
    export.write(network, export.card(settings, network, None), model)
    out = tmp_path / "out"
    command: list[str | Path] = [program, "analyze", "-q", photograph, "--out", out]
    subprocess.run([*command, "--model", model], check=True, stdout=subprocess.DEVNULL)

    with (out / photograph.stem / "observations.csv").open(newline="") as table:
        [row] = csv.DictReader(table)
    x, y, width, height = (float(row[key]) for key in ("x", "y", "width", "height"))
    seen = [float(row[label]) for label in EXPRESSIONS]
    expected = answer((x, y, width, height)).softmax(dim=0)
    assert seen == pytest.approx(expected.tolist(), abs=0.03)  # the box is to a tenth of a pixel
    assert expected.std() > 0.05, "or any answer would do"


def test_an_unknown_network_or_option_is_named() -> None:
    with pytest.raises(ValueError, match="there are: mien"):
        networks.build(Network("resnet-9000"))
    with pytest.raises(ValueError, match="does not take"):
        networks.build(Network("vggnet", {"colour": "red"}))


def test_weights_that_cannot_be_had_are_said_to_be_missing(tmp_path: Path) -> None:
    backbone = networks.backbone.Backbone("mobilenetv2_100")
    with pytest.raises(SystemExit, match="is missing"):
        backbone.fill(tmp_path / "none.pth")
    torch.save({"layer": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(SystemExit, match="holds no weights of timm's mobilenetv2_100"):
        backbone.fill(tmp_path / "other.pth")
    other = networks.backbone.Backbone("mobilenetv2_100")
    torch.save(other.layers.state_dict(), tmp_path / "own.pth")
    backbone.fill(tmp_path / "own.pth")
    for a, b in zip(backbone.parameters(), other.parameters()):
        assert torch.equal(a, b)


def test_pixels_are_scaled_in_the_graph() -> None:
    torch.manual_seed(0)
    plain = networks.build(Network("vgg-small", {"pixels": "0..255"})).eval()
    small = networks.build(Network("vgg-small", {"pixels": "0..1"})).eval()
    small.load_state_dict(plain.state_dict())
    pictures = 255 * torch.rand(2, 1, 48, 48)
    torch.testing.assert_close(small(pictures), plain(pictures / 255))
    with pytest.raises(ValueError, match="none of"):
        networks.build(Network("vgg-small", {"pixels": "0..100"}))
