//! Names that a caller chose for the generated type.

use crate::Error;

/// Refuses what is not a Rust identifier.
pub(crate) fn check(name: &str) -> Result<(), Error> {
    match syn::parse_str::<syn::Ident>(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Refused(format!(
            "`{}` is not the name of a type",
            name.escape_debug()
        ))),
    }
}
