//! What a network's file says of its samples, as the constants of [`Trainable`](crate::Trainable).

/// The `[data]` section.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Data {
    /// The folder with the files; without one, synthetic digits are drawn.
    pub path: Option<&'static str>,
    /// How they are written; `None` if the files themselves show it.
    pub format: Option<Format>,
    /// What an output is compared with.
    pub task: Task,
    /// The columns of a CSV file that hold the targets, by name or by number from 1; none for the last one.
    pub targets: &'static [&'static str],
    /// What is done to the values on their way into the network.
    pub normalize: Normalize,
}

impl Data {
    /// What holds without the section.
    pub const DEFAULT: Self = Self {
        path: None,
        format: None,
        task: Task::Classification,
        targets: &[],
        normalize: Normalize::No,
    };
}

/// A way to write samples into files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trainer", derive(clap::ValueEnum))]
pub enum Format {
    /// The files of MNIST and Fashion-MNIST.
    Idx,
    /// The binary files of CIFAR-10.
    Cifar10,
    /// The binary files of CIFAR-100, with their fine labels.
    Cifar100,
    /// A folder of PNG and JPEG pictures for each class.
    Images,
    /// A line of numbers for each sample.
    Csv,
    /// Arrays of `NumPy`.
    Npy,
}

/// What the values of an output say of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outputs {
    /// Their softmax is the probability of each class.
    #[default]
    Logits,
    /// Their exponential is the probability of each class.
    LogProbabilities,
    /// The sigmoid of each is the probability of that class or property, whatever the others are.
    BinaryLogits,
    /// Each is a probability itself.
    Probabilities,
    /// They stand for themselves.
    Values,
}

/// What an output is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// The class of the sample.
    #[default]
    Classification,
    /// Numbers that belong to the sample.
    Regression,
    /// The sample itself, as the network sees it, but for cutout and noise.
    Reconstruction,
}

/// Where the mean and the standard deviation come from that every channel is normalised by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Normalize {
    /// The values stay as they are; pixels in `0..=1`.
    No,
    /// The training data.
    Computed,
    /// The file; a single number is for all channels.
    Given {
        /// What is subtracted.
        mean: &'static [f64],
        /// What the difference is divided by.
        std: &'static [f64],
    },
}

/// The `[augmentation]` section: how samples are varied each time they are learnt.
///
/// A picture is flipped, scaled, sheared and turned about its centre, then shifted, then cut out of a larger one; all
/// that is one map of the plane. Whatever comes in from outside is black. An elastic field bends that map. Values are
/// then normalised; the cutout and the noise come last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// The largest angle in degrees, to either side.
    pub rotate: f64,
    /// The smallest and the largest factor.
    pub scale: [f64; 2],
    /// The largest angle in degrees by which columns lean, to either side.
    pub shear: f64,
    /// The largest way in pixels, in each direction.
    pub shift: f64,
    /// How likely left and right are exchanged: `0..=1`.
    pub horizontal_flip: f64,
    /// Rows and columns of black around the picture, from which one of its size is cut out.
    pub crop_padding: usize,
    /// A random field that moves every pixel.
    pub elastic: Option<Elastic>,
    /// The side in pixels of a square that is set to zero, around a random pixel.
    pub cutout: usize,
    /// The standard deviation of what is added to every value that enters the network.
    pub noise: f64,
}

impl Augmentation {
    /// Samples are learnt as they are.
    pub const NONE: Self = Self {
        rotate: 0.0,
        scale: [1.0; 2],
        shear: 0.0,
        shift: 0.0,
        horizontal_flip: 0.0,
        crop_padding: 0,
        elastic: None,
        cutout: 0,
        noise: 0.0,
    };
}

/// The elastic distortion of Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to
/// visual document analysis", 2003: every pixel moves by a field of uniform random numbers that a Gaussian smooths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    /// What the smoothed field is multiplied by, in pixels.
    pub alpha: f64,
    /// The standard deviation of the Gaussian, in pixels.
    pub sigma: f64,
}

/// The `[validation]` section: what is held back from the training set, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// The share of the training set that is not learnt: above 0 and below 1.
    pub fraction: f64,
    /// What tells the better of two epochs.
    pub monitor: Monitor,
    /// How many epochs without anything better end the training.
    pub patience: Option<usize>,
    /// By how much an epoch must be better to count.
    pub min_delta: f64,
    /// Whether the parameters of the best epoch are the result, and not those of the last.
    pub keep_best: bool,
}

impl Validation {
    /// What holds where the section is empty.
    pub const DEFAULT: Self = Self {
        fraction: 0.1,
        monitor: Monitor::Loss,
        patience: None,
        min_delta: 0.0,
        keep_best: true,
    };

    /// How many of so many samples are held back: one at least, and all but one at most.
    pub fn held_back(&self, samples: usize) -> usize {
        let share = libm::round(samples as f64 * self.fraction) as usize;
        share.clamp(1, samples.saturating_sub(1).max(1))
    }
}

/// A figure of the validation samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "trainer", derive(clap::ValueEnum))]
pub enum Monitor {
    /// The loss: less is better.
    #[default]
    Loss,
    /// The share of samples whose class is found: more is better.
    Accuracy,
}
