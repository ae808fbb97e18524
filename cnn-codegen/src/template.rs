//! The command `new`: a commented file to start from.

use crate::Error;
use crate::source::Source;
use crate::write::write_new;
use heck::ToUpperCamelCase;
use std::path::Path;

/// A network to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Template {
    /// One convolution and a pool, for digits: the smallest that learns
    Digits,
    /// Two convolutions and three dense layers, for digits: LeNet-5
    Lenet5,
    /// Four convolutions in two blocks, for the colour pictures of CIFAR-10
    Cifar,
    /// Two dense layers and no convolution, for digits or any numbers
    Mlp,
}

impl Template {
    fn text(self) -> &'static str {
        match self {
            Self::Digits => include_str!("../templates/digits.toml"),
            Self::Lenet5 => include_str!("../templates/lenet5.toml"),
            Self::Cifar => include_str!("../templates/cifar.toml"),
            Self::Mlp => include_str!("../templates/mlp.toml"),
        }
    }

    /// What the training needs that does not come along.
    pub(crate) fn condition(self) -> &'static str {
        match self {
            Self::Digits | Self::Lenet5 | Self::Mlp => "",
            Self::Cifar => ", once CIFAR-10 is fetched as its first lines say",
        }
    }

    /// Writes the template to a new file, for a network with this name if there is one.
    pub(crate) fn write(self, name: Option<&str>, file: &Path) -> Result<(), Error> {
        let template = Source::new(self.text().to_owned(), "template");
        let text = match name.map(ToUpperCamelCase::to_upper_camel_case) {
            None => template.text,
            Some(name) => {
                let own = template.parse()?.name;
                template.renamed(&name)?;
                template.text.replacen(&own, &name, 1)
            }
        };
        write_new(file, &text)
    }
}
