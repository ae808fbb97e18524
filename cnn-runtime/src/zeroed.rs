//! Memory that starts as zeros, without passing through the stack.

/// A type for which all bits zero is a value: numbers, arrays of them, and structs of such.
///
/// Big ones are made in place: on the heap by [`Zeroed::boxed`], on a microcontroller as a `static`.
pub trait Zeroed: bytemuck::Zeroable {
    /// A zeroed value on the heap, never on the stack.
    #[cfg(feature = "std")]
    fn boxed() -> std::boxed::Box<Self> {
        bytemuck::allocation::zeroed_box()
    }
}

impl<T: bytemuck::Zeroable> Zeroed for T {}

/// Declares that structs consist of [`Zeroed`] fields only, all of which are named.
///
/// ```
/// struct Dense {
///     weight: [[f32; 432]; 10],
///     bias: [f32; 10],
/// }
/// cnn_runtime::zeroed!(Dense { weight, bias });
///
/// let dense: Box<Dense> = cnn_runtime::Zeroed::boxed();
/// assert_eq!(dense.weight[9][431] + dense.bias[9], 0.0);
/// ```
#[macro_export]
macro_rules! zeroed {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        // SAFETY: the pattern below names every field, and each must be `Zeroed`.
        unsafe impl $crate::bytemuck::Zeroable for $name {}
        const _: fn($name) = |value| {
            fn is_zeroed<T: $crate::Zeroed>(_: T) {}
            let $name { $($field),* } = value;
            $(is_zeroed($field);)*
        };
    )*};
}
