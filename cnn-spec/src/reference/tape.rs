//! The chain rule, one scalar at a time.

/// A value on a [`Tape`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Variable(usize);

/// Every value of a computation, in the order in which they were computed, each with its derivatives with respect
/// to the values that it was computed from.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    values: Vec<f64>,
    causes: Vec<Vec<(Variable, f64)>>,
}

impl Tape {
    /// Values that nothing on the tape led to: an input or a parameter.
    pub(super) fn variables(&mut self, values: &[f64]) -> Vec<Variable> {
        let record = |&value| self.record(value, Vec::new());
        values.iter().map(record).collect()
    }

    pub(super) fn value(&self, variable: Variable) -> f64 {
        self.values[variable.0]
    }

    pub(super) fn values(&self, variables: &[Variable]) -> Vec<f64> {
        variables.iter().map(|&v| self.value(v)).collect()
    }

    /// `f(x)`, where `f` gives its value and its derivative.
    pub(super) fn map(&mut self, x: Variable, f: impl Fn(f64) -> (f64, f64)) -> Variable {
        let (value, derivative) = f(self.value(x));
        self.record(value, vec![(x, derivative)])
    }

    /// `x / y`.
    pub(super) fn divide(&mut self, x: Variable, y: Variable) -> Variable {
        let (dividend, divisor) = (self.value(x), self.value(y));
        let causes = vec![(x, 1.0 / divisor), (y, -dividend / (divisor * divisor))];
        self.record(dividend / divisor, causes)
    }

    /// `Σ factor · x` with constant factors.
    pub(super) fn combine(&mut self, terms: Vec<(Variable, f64)>) -> Variable {
        let value = terms.iter().map(|&(x, factor)| factor * self.value(x));
        self.record(value.sum(), terms)
    }

    /// `Σ x · y + bias`.
    pub(super) fn sum_of_products(
        &mut self,
        products: &[(Variable, Variable)],
        bias: Option<Variable>,
    ) -> Variable {
        let mut sum = 0.0;
        let mut causes = Vec::with_capacity(2 * products.len() + 1);
        for &(x, y) in products {
            sum += self.value(x) * self.value(y);
            causes.extend([(x, self.value(y)), (y, self.value(x))]);
        }
        if let Some(bias) = bias {
            sum += self.value(bias);
            causes.push((bias, 1.0));
        }
        self.record(sum, causes)
    }

    /// The derivatives of `Σ delta · result` with respect to every value on the tape.
    pub(super) fn backward(&self, results: &[Variable], deltas: &[f64]) -> Deltas {
        assert_eq!(results.len(), deltas.len(), "one delta for each result");
        let mut sums = vec![0.0; self.values.len()];
        for (result, delta) in results.iter().zip(deltas) {
            sums[result.0] += delta;
        }
        for (index, causes) in self.causes.iter().enumerate().rev() {
            for &(cause, derivative) in causes {
                sums[cause.0] += sums[index] * derivative;
            }
        }
        Deltas(sums)
    }

    fn record(&mut self, value: f64, causes: Vec<(Variable, f64)>) -> Variable {
        self.values.push(value);
        self.causes.push(causes);
        Variable(self.values.len() - 1)
    }
}

/// A derivative for each value on a [`Tape`].
#[derive(Debug)]
pub(super) struct Deltas(Vec<f64>);

impl Deltas {
    pub(super) fn of(&self, variables: &[Variable]) -> Vec<f64> {
        variables.iter().map(|v| self.0[v.0]).collect()
    }
}
