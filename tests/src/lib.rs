//! What the tests of generated code share.

pub mod close;
pub mod figures;
pub mod flat;
pub mod language;
pub mod learner;
pub mod mutants;
pub mod package;
pub mod probe;
pub mod random;
pub mod witness;

/// The layers of a file for inference alone; none where they need their `[training]`, as outputs that only a loss reads do.
pub fn untrained(toml: &str) -> Option<&str> {
    let layers = toml.split("[training]").next()?;
    cnn_spec::parse(layers, "net.toml").ok().map(|_| layers)
}

/// The networks that the build script generates.
pub mod generated {
    use crate::flat::Flat;
    use crate::learner::Learner;

    /// A file and the network generated from it.
    pub struct Generated {
        /// The name of its figures, or of the file.
        pub name: &'static str,
        /// The text that it was generated from.
        pub toml: &'static str,
        /// The generated code.
        pub code: &'static dyn Learner,
    }

    include!(concat!(env!("OUT_DIR"), "/index.rs"));

    /// The one of this name.
    ///
    /// # Panics
    /// If there is none.
    pub fn find(networks: &'static [Generated], name: &str) -> &'static Generated {
        let is_it = |network: &&Generated| network.name == name;
        let found = networks.iter().find(is_it);
        found.unwrap_or_else(|| panic!("{name} is not generated"))
    }
}
