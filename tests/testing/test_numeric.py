"""Numeric derivatives: each method on functions it is right for, and how it says that it is not."""

import numpy as np
import pytest

from tinygrad_edu.testing import numeric

SMOOTH = {
    "exp": (np.exp, 1.0),
    "cubic": (lambda t: (2 + t) ** 3, 12.0),
    "wave": (lambda t: np.sin(50 * t), 50.0),
    "steep": (lambda t: np.log(1e-3 + t), 1e3),
    "modulus": (lambda t: np.abs(t - 3), -1.0),
    "near a kink": (lambda t: np.maximum(t + 1e-3, 0), 1.0),
}


@pytest.mark.parametrize(("phi", "slope"), SMOOTH.values(), ids=SMOOTH.keys())
def test_the_estimate_is_as_good_as_its_error_says(phi, slope):
    estimate = numeric.derivative(phi)
    assert abs(estimate.value - slope) <= estimate.error + 1e-13 * abs(slope)
    assert estimate.trusted
    assert not estimate.kink


def test_complex_step_is_not_believed_where_the_function_is_not_analytic():
    def squared_modulus(t):
        return (3 + t) * np.conj(3 + t)

    assert numeric.complex_step(squared_modulus).value == 0
    estimate = numeric.derivative(squared_modulus)
    assert estimate.method == "central differences"
    assert estimate.value == pytest.approx(6)


def test_complex_step_is_none_where_the_function_refuses_or_drops_complex_numbers():
    assert numeric.complex_step(lambda t: float(t)) is None
    assert numeric.complex_step(lambda t: np.asarray(t).astype(float)) is None
    assert numeric.complex_step(np.abs) is None
    assert numeric.complex_step(lambda t: 2.0) is None


@pytest.mark.parametrize(
    ("phi", "left", "right"),
    [(np.abs, -1, 1), (lambda t: np.maximum(t, 0), 0, 1), (lambda t: np.maximum(t, 2 * t), 1, 2)],
)
def test_a_kink_gives_the_slopes_of_both_sides(phi, left, right):
    estimate = numeric.derivative(phi)
    assert estimate.kink
    assert (estimate.left, estimate.right) == (pytest.approx(left), pytest.approx(right))
    assert estimate.method == "one-sided differences"


def test_at_the_edge_of_the_domain_the_side_that_exists_is_used():
    estimate = numeric.derivative(lambda t: np.where(t >= 0, t * 3, np.nan))
    assert estimate.right == pytest.approx(3)
    assert estimate.trusted


@pytest.mark.parametrize("phi", [np.sqrt, lambda t: np.sign(t), lambda t: np.log(t)])
def test_an_infinite_slope_is_not_trusted(phi):
    assert not numeric.derivative(phi).trusted


def test_gradient_is_elementwise_and_complex_inputs_have_two_directions():
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    estimate = numeric.gradient(lambda a, b: np.sum(a * b * b), x, x, position=1)
    np.testing.assert_allclose(estimate.value, 2 * x * x, rtol=1e-12)
    z = np.array([1 + 2j])
    estimate = numeric.gradient(lambda z: np.sum(z * z).real, z)
    np.testing.assert_allclose(estimate.value, 2 * z, rtol=1e-9)


def test_central_differences_say_how_wrong_they_are_at_a_jump():
    assert not numeric.central(lambda t: np.floor(t)).trusted


def test_a_function_in_single_precision_is_trusted_less():
    single = numeric.derivative(lambda t: np.exp(np.float32(np.real(t))))
    double = numeric.derivative(lambda t: np.exp(np.real(t)))
    assert single.error > 1e-5 > double.error
    assert abs(single.value - 1) <= 20 * single.error
