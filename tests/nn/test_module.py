"""The module system: what is found, named, switched, saved, refused."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, manual_seed, nn, tracing
from tinygrad_edu.errors import DependencyError, GraphError, SettingError, ShapeError, StaleGraphError, StateError
from tinygrad_edu.nn import functional as F


class Block(nn.Module):
    def __init__(self) -> None:
        self.first = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.scale = nn.Parameter(np.ones(4))

    def forward(self, x: Any) -> Any:
        return self.norm(self.first(x)) * self.scale


def test_parameters_and_buffers_are_found_in_pytorchs_order_under_pytorchs_names() -> None:
    model = nn.Sequential(Block(), nn.ReLU(), nn.Linear(4, 2))
    assert list(model.state_dict()) == [
        "0.scale",
        "0.first.weight",
        "0.first.bias",
        "0.norm.weight",
        "0.norm.bias",
        "0.norm.running_mean",
        "0.norm.running_var",
        "0.norm.num_batches_tracked",
        "2.weight",
        "2.bias",
    ]
    assert next(name for name, _ in model.named_buffers()) == "0.norm.running_mean"
    assert model.num_parameters() == sum(p.size for p in model.parameters()) == 4 + 16 + 8 + 10


def test_names_equal_those_of_the_same_model_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    build = lambda n: n.Sequential(
        n.Sequential(n.Linear(3, 4), n.BatchNorm1d(4)), n.PReLU(), n.LSTM(4, 3, 2, bidirectional=True)
    )
    assert list(build(nn).state_dict()) == list(build(torch.nn).state_dict())


def test_a_shared_layer_is_one_set_of_parameters_under_two_names() -> None:
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.Tanh(), shared)
    assert len(list(model.parameters())) == 2
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    x = Value(np.ones((1, 2)))
    model(x).sum().backward()
    assert shared.weight.grad.shape == (2, 2)


def test_layers_in_a_plain_list_are_refused_because_they_would_never_be_trained() -> None:
    class Lost(nn.Module):
        def __init__(self, held: Any) -> None:
            self.layers = held

    for held in ([nn.Linear(1, 1)], {"a": nn.Linear(1, 1)}, (nn.Parameter([1.0]),)):
        with pytest.raises(TypeError, match="ModuleList"):
            Lost(held)
    assert len(list(Lost(nn.ModuleList([nn.Linear(1, 1)])).parameters())) == 2


def test_a_parameter_is_not_replaced_by_a_plain_array() -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(TypeError, match="is a parameter"):
        layer.weight = np.zeros((2, 2))
    layer.bias = None
    assert [name for name, _ in layer.named_parameters()] == ["weight"]


def test_train_and_eval_reach_every_module_and_apply_goes_children_first() -> None:
    model = nn.Sequential(nn.Sequential(nn.Dropout()), nn.Dropout())
    model.eval()
    assert not any(module.training for module in model.modules())
    assert all(module.training for module in model.train().modules())
    seen: list[str] = []
    model.apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Dropout", "Sequential", "Dropout", "Sequential"]


def test_a_state_dict_holds_copies_and_loading_writes_them_back() -> None:
    model = Block()
    before = model.state_dict()
    for parameter in model.parameters():
        parameter.data = parameter.data + 1
    assert not np.array_equal(before["scale"], model.scale.data)
    assert model.load_state_dict(before) == ([], [])
    assert all(np.array_equal(before[key], array) for key, array in model.state_dict().items())


def test_loading_is_all_or_nothing_and_says_what_is_wrong() -> None:
    model = nn.Linear(3, 2)
    kept = model.weight.numpy()
    with pytest.raises(ShapeError, match=r"weight: \(3, 2\) given, \(2, 3\) wanted"):
        model.load_state_dict({"bias": np.ones(2), "weight": np.ones((3, 2))})
    with pytest.raises(StateError, match=r"missing \['bias'\], unexpected \['biass'\]"):
        model.load_state_dict({"weight": np.ones((2, 3)), "biass": np.ones(2)})
    np.testing.assert_array_equal(model.weight.data, kept)
    report = model.load_state_dict({"weight": np.ones((2, 3)), "biass": np.ones(2)}, strict=False)
    assert report == (["bias"], ["biass"])
    assert model.weight.data.min() == 1


@pytest.mark.parametrize("write", ["init", "load"])
def test_a_graph_recorded_before_a_write_is_noticed_as_stale(write: str) -> None:
    layer = nn.Linear(2, 1)
    loss = layer(np.ones((3, 2))).sum()
    if write == "init":
        nn.init.zeros_(layer.weight)
    else:
        layer.load_state_dict(layer.state_dict())
    with pytest.raises(StaleGraphError):
        loss.backward()


def test_parameters_are_read_only_to_callers() -> None:
    layer = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="read-only"):
        layer.weight.data[0, 0] = 1


def test_hooks_see_and_change_what_passes_until_removed() -> None:
    layer, seen = nn.Identity(), []
    handle = layer.register_forward_hook(lambda module, inputs, out: seen.append((inputs[0], out)))
    with layer.register_forward_pre_hook(lambda module, inputs: inputs[0] + 1):
        assert layer(1.0) == 2.0
    handle.remove()
    handle.remove()
    assert layer(1.0) == 1.0
    assert seen == [(2.0, 2.0)]
    with layer.register_forward_hook(lambda module, inputs, out: out * 10):
        assert layer(1.0) == 10.0


def test_each_layer_is_a_group_of_its_own_inside_the_model() -> None:
    out = nn.Sequential(nn.Linear(2, 2), nn.Tanh())(np.ones((1, 2)))
    assert out.group.name == "1: Tanh"
    assert out.group.parent.name == "Sequential"
    assert out.inputs[0].group.name == "0: Linear"


def test_a_wrong_shape_is_a_value_error_that_names_layer_and_shapes() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(4, 1))
    with pytest.raises(ValueError, match=r"input \(5, 2\) must end in 4.*\(1, 4\)") as caught:
        model(np.ones((5, 3)))
    assert caught.value.__notes__ == ["in 1: Linear", "in Sequential"]


def test_repr_shows_arguments_that_are_not_defaults() -> None:
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.LeakyReLU(0.2), nn.BatchNorm1d(3, momentum=None), nn.ReLU())
    assert repr(model).splitlines() == [
        "Sequential(",
        "  (0): Linear(in_features=2, out_features=3, bias=False)",
        "  (1): LeakyReLU(negative_slope=0.2)",
        "  (2): BatchNorm1d(num_features=3, momentum=None)",
        "  (3): ReLU()",
        ")",
    ]
    assert repr(nn.CrossEntropyLoss([1, 2], label_smoothing=0.1)) == (
        "CrossEntropyLoss(weight=[1.0, 2.0], label_smoothing=0.1)"
    )


def test_a_copy_learns_on_its_own() -> None:
    model = nn.Linear(2, 1)
    twin = copy.deepcopy(model)
    twin.weight.data = twin.weight.data + 1
    assert not np.array_equal(model.weight.data, twin.weight.data)


def test_dtype_is_asked_for_by_layer_by_default_or_changed_later() -> None:
    assert nn.Linear(2, 1, dtype=np.float32).weight.dtype == np.float32
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).to(np.float32)
    assert model(np.ones((3, 2), np.float32)).dtype == np.float32
    assert model[1].running_mean.dtype == np.float32
    assert model[1].num_batches_tracked.dtype == np.int64


def test_dtypes_and_attributes_go_by_pytorchs_methods_too() -> None:
    model = nn.Module()
    model.add_module("first", nn.Linear(2, 2))
    model.register_parameter("scale", nn.Parameter([1.0]))
    model.register_parameter("shift", None)
    assert [name for name, _ in model.named_parameters()] == ["scale", "first.weight", "first.bias"]
    assert {p.dtype for p in model.float().parameters()} == {np.dtype(np.float32)}
    assert {p.dtype for p in model.double().parameters()} == {np.dtype(np.float64)}


def test_an_embedding_shortens_what_is_looked_up_and_nothing_else() -> None:
    layer = nn.Embedding.from_pretrained(np.array([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]]), freeze=False, max_norm=1.0)
    np.testing.assert_allclose(layer(np.array([0, 1, 0])).data, [[0.6, 0.8], [0.3, 0.4], [0.6, 0.8]], rtol=1e-6)
    assert layer.weight.data[2].tolist() == [6, 8]
    with pytest.raises(GraphError, match="trace"), tracing():
        layer(np.array([0]))
    with pytest.raises(SettingError, match="parameter"):
        F.embedding(np.array([0]), np.ones((2, 2)), max_norm=1.0)
    frozen = nn.Embedding.from_pretrained(layer.weight)
    assert not frozen.weight.requires_grad
    with pytest.raises(ShapeError, match="from_pretrained"):
        nn.Embedding.from_pretrained(np.ones(3))


def test_freezing_stops_gradients() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    model(np.ones((1, 2))).sum().backward()
    assert model[0].weight.grad is None
    assert model[1].weight.grad is not None
    assert model.num_parameters(trainable_only=True) == 3


def test_containers_index_slice_and_name() -> None:
    model = nn.Sequential({"a": nn.Linear(2, 3), "b": nn.ReLU()})
    assert [name for name, _ in model.named_children()] == ["a", "b"]
    assert model[0] is model.a
    assert len(model[:1]) == 1
    named = nn.ModuleDict({"x": nn.Linear(1, 1)})
    assert (len(named), list(named), named["x"].in_features) == (1, ["x"], 1)
    assert model.get_submodule("a") is model.a
    with pytest.raises(AttributeError, match="no submodule"):
        model.get_submodule("a.c")
    with pytest.raises(TypeError, match="Lambda"):
        nn.Sequential(np.tanh)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_weights_survive_a_file(suffix: str, tmp_path: Path) -> None:
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    model, other = Block(), Block()
    model(np.random.default_rng(0).normal(size=(5, 3)))
    other.load(model.save(tmp_path / f"model{suffix}"))
    for key, array in model.state_dict().items():
        np.testing.assert_array_equal(array, other.state_dict()[key])
        assert array.dtype == other.state_dict()[key].dtype
    assert [path.name for path in tmp_path.iterdir()] == [f"model{suffix}"]


def test_a_parameter_may_be_called_like_an_argument_of_savez(tmp_path: Path) -> None:
    path = nn.save_state({"file": np.ones(1), "allow_pickle": np.zeros(2)}, tmp_path / "x.npz")
    assert sorted(nn.load_state(path)) == ["allow_pickle", "file"]


def test_files_that_could_run_code_or_are_damaged_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="can run code"):
        nn.load_state(tmp_path / "model.pt")
    np.savez(tmp_path / "evil.npz", x=np.array([object()]))
    with pytest.raises(StateError, match="not a readable"):
        nn.load_state(tmp_path / "evil.npz")
    (tmp_path / "cut.npz").write_bytes(b"PK")
    with pytest.raises(StateError, match="not a readable"):
        nn.load_state(tmp_path / "cut.npz")
    with pytest.raises(FileNotFoundError):
        nn.load_state(tmp_path / "none.npz")


def test_a_failed_save_leaves_the_older_file(tmp_path: Path) -> None:
    path = nn.save_state({"x": np.ones(1)}, tmp_path / "x.npz")
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        nn.save_state({"x": np.array([object()])}, path)
    assert nn.load_state(path)["x"].tolist() == [1.0]
    assert [p.name for p in tmp_path.iterdir()] == ["x.npz"]


def test_a_missing_safetensors_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    with pytest.raises(DependencyError, match=r"tinygrad_edu\[models\]"):
        nn.save_state({"x": np.ones(1)}, tmp_path / "x.safetensors")


def test_safetensors_files_pass_between_pytorch_and_here(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from safetensors.torch import load_file, save_file

    build = lambda n: n.Sequential(n.Linear(3, 4), n.BatchNorm1d(4), n.ReLU(), n.Linear(4, 2))
    theirs, mine = build(torch.nn), build(nn)
    x = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32)
    theirs(torch.tensor(x))
    save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    mine.load(tmp_path / "theirs.safetensors").eval()
    wanted = theirs.eval()(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(mine(x).data, wanted, atol=1e-5)
    back = build(torch.nn)
    back.load_state_dict(load_file(mine.to(np.float32).save(tmp_path / "mine.safetensors")))
    np.testing.assert_allclose(back.eval()(torch.tensor(x)).detach().numpy(), wanted, atol=1e-6)


def test_everything_random_repeats_with_the_seed() -> None:
    def numbers() -> list[Any]:
        manual_seed(7)
        net = nn.MLP([3, 4, 2], dropout=0.5)
        return [net(np.ones((2, 3))).data, nn.GaussianNoise()(np.zeros(3)), nn.init.orthogonal_(nn.Linear(3, 3).weight)]

    for first, second in zip(numbers(), numbers(), strict=True):
        np.testing.assert_array_equal(getattr(first, "data", first), getattr(second, "data", second))


def test_summary_lists_layers_and_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout())
    model[2].eval()
    before = model.state_dict()
    report = nn.summary(model, (5, 3))
    assert [(row.kind, row.output_shape, row.parameters) for row in report.rows] == [
        ("Linear", (5, 4), 16),
        ("BatchNorm1d", (5, 4), 8),
        ("Dropout", (5, 4), 0),
    ]
    assert "24 parameters" in str(report)
    assert [module.training for module in model.children()] == [True, True, False]
    assert all(np.array_equal(before[key], array) for key, array in model.state_dict().items())
    model[0].requires_grad_(False)
    assert "16 of them frozen" in str(nn.summary(model, (5, 3)))


def test_functional_call_sees_other_parameters_and_leaves_no_trace() -> None:
    net = nn.MLP([2, 3, 1], activation="tanh")
    x, before = np.ones((4, 2)), net.state_dict()
    zero = {key: np.zeros_like(array) for key, array in before.items()}
    np.testing.assert_array_equal(np.asarray(nn.utils.functional_call(net, zero, x)), np.zeros((4, 1)))
    np.testing.assert_array_equal(nn.utils.functional_call(net, before, x), net(x).data)
    theta = {key: Value(array) for key, array in before.items()}
    nn.utils.functional_call(net, theta, x).sum().backward()
    assert all(value.grad is not None for value in theta.values())
    with pytest.raises(StateError, match="no parameter or buffer"):
        nn.utils.functional_call(net, {"nope": 1.0}, x)
    with pytest.raises(ShapeError, match="wanted"):
        nn.utils.functional_call(net, {"0.bias": np.ones(1)}, x)


def test_parameters_become_a_vector_and_back() -> None:
    net = nn.MLP([2, 3, 1])
    theta = nn.utils.parameters_to_vector(net.parameters())
    assert theta.shape == (net.num_parameters(),)
    nn.utils.vector_to_parameters(theta.data * 2, net.parameters())
    np.testing.assert_allclose(nn.utils.parameters_to_vector(net.parameters()).data, theta.data * 2)
    with pytest.raises(ShapeError):
        nn.utils.vector_to_parameters(np.ones(3), net.parameters())


LAYERS_AND_WRONG_INPUTS = [
    (nn.BatchNorm2d(3), (4, 3)),
    (nn.LayerNorm(4), (2, 3)),
    (nn.GroupNorm(2, 4), (2, 3)),
    (nn.InstanceNorm1d(3), (2, 4, 5)),
    (nn.LSTM(3, 4), (5, 2, 2)),
    (nn.GRU(3, 4), (0, 2, 3)),
    (nn.RNNCell(3, 4), (2, 2)),
    (nn.Conv2d(3, 2, 3), (1, 2, 5, 5)),
    (nn.Conv1d(3, 2, 7), (1, 3, 5)),
    (nn.ConvTranspose2d(3, 2, 3), (1, 2, 5, 5)),
    (nn.MaxPool2d(2), (3,)),
    (nn.Bilinear(2, 3, 1), (4, 2)),
    (nn.PReLU(3), (2, 4)),
    (nn.Fold(4, 2), (1, 4, 8)),
    (nn.Perceptron(2), (4, 3)),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS_AND_WRONG_INPUTS, ids=lambda x: getattr(x, "label", None))
def test_every_layer_refuses_a_wrong_shape_and_says_which(layer: Any, shape: tuple[int, ...]) -> None:
    inputs = [np.zeros(shape)] * (2 if isinstance(layer, nn.Bilinear) else 1)
    with pytest.raises(ShapeError) as caught:
        layer(*inputs)
    assert str(shape).strip(")") in str(caught.value)
