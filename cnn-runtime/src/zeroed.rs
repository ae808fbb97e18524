//! Memory that starts as zeros, without passing through the stack.

/// A type for which all bits zero is a value: numbers, arrays of them, and structs of such.
///
/// Big ones are made in place: on the heap by [`Zeroed::boxed`], on a microcontroller as a `static`
/// from [`Zeroed::ZERO`].
pub trait Zeroed: bytemuck::Zeroable {
    /// All zero.
    // Left to the trait, for rustc computes the constants of all impls, and workspaces are big.
    // SAFETY: all bits zero is a value of what is `Zeroable`.
    const ZERO: Self = unsafe { core::mem::zeroed() };

    /// All zero on the heap, never on the stack.
    #[cfg(feature = "std")]
    fn boxed() -> std::boxed::Box<Self> {
        bytemuck::allocation::zeroed_box()
    }
}

impl Zeroed for f32 {}
impl Zeroed for f64 {}
impl Zeroed for u64 {}
impl Zeroed for () {}
impl<A: Zeroed, const N: usize> Zeroed for [A; N] {}

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
        // SAFETY: `zeroed` names every field, and each is `Zeroable`.
        unsafe impl<$($generics)*> $crate::bytemuck::Zeroable for $name {
            fn zeroed() -> Self {
                Self { $($field: $crate::bytemuck::Zeroable::zeroed()),* }
            }
        }

        impl<$($generics)*> $crate::Zeroed for $name {}
    };
}
