//! Memory that starts as zeros, without passing through the stack.

/// A type for which all bits zero is a value: numbers, arrays of them, and structs of such.
///
/// Big ones are made in place: on the heap by [`Zeroed::boxed`], on a microcontroller as a `static`
/// from [`Zeroed::ZERO`].
pub trait Zeroed: bytemuck::Zeroable {
    /// All zero.
    const ZERO: Self;

    /// All zero on the heap, never on the stack.
    #[cfg(feature = "std")]
    fn boxed() -> std::boxed::Box<Self> {
        bytemuck::allocation::zeroed_box()
    }
}

macro_rules! numbers {
    ($($number:ty: $zero:literal),*) => {$(
        impl Zeroed for $number {
            const ZERO: Self = $zero;
        }
    )*};
}

numbers!(f32: 0.0, f64: 0.0, u64: 0);

impl Zeroed for () {
    const ZERO: Self = ();
}

impl<A: Zeroed, const N: usize> Zeroed for [A; N] {
    const ZERO: Self = [A::ZERO; N];
}

/// Implements [`Zeroed`] for structs, all of whose fields are named and are themselves [`Zeroed`].
///
/// ```
/// use cnn_runtime::Zeroed as _;
///
/// struct Dense {
///     weight: [[f32; 432]; 10],
///     bias: [f32; 10],
/// }
/// cnn_runtime::zeroed! { Dense { weight, bias } }
///
/// let dense: Box<Dense> = Dense::boxed();
/// assert_eq!(dense.weight[9][431] + dense.bias[9], 0.0);
/// ```
#[macro_export]
macro_rules! zeroed {
    ($name:ident { $($field:ident),* $(,)? }) => {
        $crate::zeroed! { [] $name { $($field),* } }
    };
    // With generic parameters, in brackets before the name.
    ([$($generics:tt)*] $name:ty { $($field:ident),* $(,)? }) => {
        // SAFETY: the constant below names every field, and each is `Zeroed`.
        unsafe impl<$($generics)*> $crate::bytemuck::Zeroable for $name {}

        impl<$($generics)*> $crate::Zeroed for $name {
            const ZERO: Self = Self { $($field: $crate::Zeroed::ZERO),* };
        }
    };
}
