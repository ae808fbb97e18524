//! A page on a training: what was learnt, how well, and how to learn it again.
//!
//! It is one file of HTML that needs nothing from outside; its curves and kernels are PNG files beside it.

mod axis;
mod canvas;
mod chart;
mod findings;
mod layers;
mod look;
mod page;
mod picture;
mod place;
mod plots;
mod says;
mod times;

pub use place::Place;

use crate::data::Split;
use crate::error::Error;
use crate::fit::Fit;
use crate::metrics::{EpochReport, Score};
use crate::model::Trainable;
use crate::trainer::Insight;
use findings::Findings;
use layers::Kernels;

/// A training, and what came of it.
pub struct Report<'a, M: Trainable> {
    /// What was learnt.
    pub parameters: &'a M::Parameters,
    /// What it was learnt from, and what it is measured on.
    pub data: &'a Split,
    /// How.
    pub fit: &'a Fit,
    /// What each epoch brought.
    pub epochs: &'a [EpochReport],
    /// How good the network is on the test set.
    pub score: Score,
    /// What there is to show of the layers.
    pub insight: Option<&'a Insight<M>>,
    /// The program that trained it, and its flags.
    pub command: &'a [String],
}

impl<M: Trainable> Report<'_, M> {
    /// Writes the page, and the pictures beside it: each of them whole or not at all.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, place: &Place) -> Result<(), Error> {
        let kernels = self.kernels();
        let charts = page::charts(self.epochs);
        let cannot = |error: std::io::Error| Error::file("write", place.page())(error);
        if !charts.is_empty() {
            let picture = plots::curves(&charts).png().map_err(std::io::Error::from);
            place::write(&place.picture("curves"), &picture.map_err(cannot)?)?;
        }
        if let Some(kernels) = &kernels {
            let picture = plots::kernels(kernels).png().map_err(std::io::Error::from);
            place::write(&place.picture("kernels"), &picture.map_err(cannot)?)?;
        }
        let html = self.html().map_err(cannot)?;
        place::write(place.page(), html.as_bytes())
    }

    /// The page.
    ///
    /// # Errors
    /// If a picture cannot be encoded.
    pub fn html(&self) -> std::io::Result<String> {
        let findings = Findings::of::<M>(self.parameters, &self.data.test);
        page::html(self, &findings, self.kernels().as_ref())
    }

    fn kernels(&self) -> Option<Kernels> {
        Kernels::of(self.parameters, self.insight?)
    }
}
