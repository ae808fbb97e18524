//! The language as data: which keys there are, what they take, and what they mean.
//!
//! The check of a file, its typed reading, "did you mean", an editor's schema and the reference all read
//! the same tables.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Bound;

/// The largest size, stride, padding, or number of channels or features.
pub const MAX_SIZE: u64 = 65_536;

/// A key whose value is read as a `T`.
#[derive(Debug)]
pub struct Key<T> {
    /// What the key is called, takes and means.
    pub info: KeyInfo,
    value: PhantomData<fn() -> T>,
}

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub struct KeyInfo {
    /// As written in the file.
    pub name: &'static str,
    /// What its value looks like.
    pub form: Form,
    /// Whether it must be there.
    pub presence: Presence,
    /// What it means, in one line.
    pub doc: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// If not, it has this value, written in TOML.
    Default(&'static str),
    /// If not, what holds is said here in words.
    Optional(&'static str),
}

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A whole number in a range, both ends included.
    Whole {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A whole number for rows and columns alike, or `[rows, columns]`.
    Pair {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A finite number in a range.
    Number(Limits),
    /// Two finite numbers in a range.
    Numbers(Limits),
    /// A list of such values, one at least.
    List(&'static Form),
    /// `[channels, height, width]`, `[channels, length]` or `[features]`.
    Shape,
    /// `[left, right, top, bottom]`, each from 0 to [`MAX_SIZE`].
    Sides,
    /// `true` or `false`.
    Boolean,
    /// A string of the author's choosing.
    Text,
    /// A list of two such strings or more.
    Texts,
    /// One of some strings.
    Words(fn() -> Vec<Word>),
    /// One of two forms, told apart by their TOML types.
    Either(&'static Form, &'static Form),
    /// A list of strings of the author's choosing.
    Names,
    /// A table with keys of the author's choosing.
    Free,
    /// A list of such tables that are only checked where they are used; in them `"$parameter"` may stand for any value.
    Layers(&'static Tagged),
    /// A list of tables with these keys, written `[[key]]`.
    Entries(&'static [KeyInfo]),
    /// A table with these keys.
    Table(&'static [KeyInfo]),
    /// A list of such tables, written `[[key]]`.
    Tables(&'static Tagged),
    /// One such table, or its `type` alone as a string.
    Tagged(&'static Tagged),
}

/// Tables whose `type` says which further keys they have.
#[derive(Debug)]
pub struct Tagged {
    /// What these tables describe: `layer`.
    pub noun: &'static str,
    /// Keys that all of them have, beside `type`.
    pub common: &'static [KeyInfo],
    /// The types.
    pub types: fn() -> Vec<TypeInfo>,
    /// The types that take keys of the author's choosing, too.
    pub open: &'static [&'static str],
    /// Words that are expected here but have their place elsewhere, and what to say then.
    pub elsewhere: &'static [(&'static str, &'static str)],
}

/// The key that every tagged table has; its words are the types.
pub const TYPE: KeyInfo = KeyInfo {
    name: "type",
    form: Form::Text,
    presence: Presence::Required,
    doc: "What this is.",
};

/// A type of a [`Tagged`] table.
#[derive(Clone, Copy, Debug)]
pub struct TypeInfo {
    /// As written in the file.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// The keys that it has of its own.
    pub keys: &'static [KeyInfo],
}

/// A string that has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// As written in the file.
    pub name: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
}

/// A choice that is written as a word.
pub trait Words: Copy + PartialEq + 'static {
    /// Each choice and its word.
    const WORDS: &'static [(Self, Word)];

    /// All words.
    fn words() -> Vec<Word> {
        Self::WORDS.iter().map(|(_, word)| *word).collect()
    }

    /// How this choice is written.
    fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(choice, _)| *choice == self)
            .map_or("", |(_, word)| word.name)
    }
}

/// The range of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The lower end.
    pub from: Bound<f64>,
    /// The upper end.
    pub to: Bound<f64>,
}

impl<T> Key<T> {
    /// A key that must be there.
    pub const fn required(name: &'static str, form: Form, doc: &'static str) -> Self {
        Self::new(name, form, Presence::Required, doc)
    }

    /// A key that has the value `default`, written in TOML, where it is not given.
    pub const fn or(
        name: &'static str,
        form: Form,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self::new(name, form, Presence::Default(default), doc)
    }

    /// A key that may be missing; `otherwise` says what holds then.
    pub const fn optional(
        name: &'static str,
        form: Form,
        otherwise: &'static str,
        doc: &'static str,
    ) -> Self {
        Self::new(name, form, Presence::Optional(otherwise), doc)
    }

    const fn new(name: &'static str, form: Form, presence: Presence, doc: &'static str) -> Self {
        Self {
            info: KeyInfo {
                name,
                form,
                presence,
                doc,
            },
            value: PhantomData,
        }
    }
}

impl Form {
    /// A size: from 1 to [`MAX_SIZE`].
    pub const SIZE: Self = Self::Whole {
        min: 1,
        max: MAX_SIZE,
    };
    /// A margin on every side; zero is allowed.
    pub const MARGIN: Self = Self::Whole {
        min: 0,
        max: MAX_SIZE,
    };
    /// Sizes of rows and columns.
    pub const SIZES: Self = Self::Pair {
        min: 1,
        max: MAX_SIZE,
    };
    /// Margins above and below, left and right; zero is allowed.
    pub const MARGINS: Self = Self::Pair {
        min: 0,
        max: MAX_SIZE,
    };

    /// The words of a choice.
    pub const fn words<T: Words>() -> Self {
        Self::Words(T::words)
    }
}

impl Tagged {
    /// The type with this name.
    pub fn find(&self, name: &str) -> Option<TypeInfo> {
        (self.types)().into_iter().find(|known| known.name == name)
    }

    /// The types in words: `"sgd"` or `"adam"`.
    pub fn alternatives(&self) -> String {
        alternatives((self.types)().iter().map(|known| known.name))
    }
}

impl Word {
    /// A word and what it means.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc }
    }
}

impl Limits {
    /// From 0 to 1.
    pub const UNIT: Self = Self {
        from: Bound::Included(0.0),
        to: Bound::Included(1.0),
    };

    /// Whether `value` is finite and within.
    pub fn contain(&self, value: f64) -> bool {
        use std::ops::RangeBounds;
        value.is_finite() && (self.from, self.to).contains(&value)
    }
}

impl fmt::Display for Limits {
    /// Writes `from 0 to 1`, `from 0 to below 1`, `above 0 and up to 1000`, `above 0 and below 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from {
            Bound::Included(from) => write!(f, "from {} ", Short(from))?,
            Bound::Excluded(from) => write!(f, "above {} and ", Short(from))?,
            Bound::Unbounded => {}
        }
        match (self.from, self.to) {
            (Bound::Excluded(_), Bound::Included(to)) => write!(f, "up to {}", Short(to)),
            (Bound::Excluded(_), Bound::Excluded(to)) => write!(f, "below {}", Short(to)),
            (_, Bound::Included(to)) => write!(f, "to {}", Short(to)),
            (_, Bound::Excluded(to)) => write!(f, "to below {}", Short(to)),
            (_, Bound::Unbounded) => f.write_str("up to any"),
        }
    }
}

/// A number with an exponent only where it would have many zeros.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number) = self;
        if *number != 0.0 && number.abs() < 1e-6 {
            write!(f, "{number:e}")
        } else {
            write!(f, "{number}")
        }
    }
}

impl fmt::Display for Form {
    /// Says what the file must have there: `a whole number from 1 to 65536`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Pair { min, max } => write!(
                f,
                "a whole number from {min} to {max} or a pair `[height, width]` of such"
            ),
            Self::Number(limits) => write!(f, "a number {limits}"),
            Self::Numbers(limits) => write!(f, "two numbers `[a, b]`, each {limits}"),
            Self::List(form) => write!(f, "a list, each of it {form}"),
            Self::Shape => write!(
                f,
                "`[channels, height, width]`, `[channels, length]` or `[features]`, whole numbers from 1 to {MAX_SIZE}"
            ),
            Self::Sides => f.write_str("four whole numbers `[left, right, top, bottom]`"),
            Self::Boolean => f.write_str("`true` or `false`"),
            Self::Text => f.write_str("a string"),
            Self::Texts => f.write_str("a list of two strings or more"),
            Self::Words(words) => f.write_str(&alternatives(words().iter().map(|w| w.name))),
            Self::Names => f.write_str("a list of strings"),
            Self::Free => f.write_str("a table"),
            Self::Layers(_) => f.write_str("a list of layers, `[[block.layer]]` before each"),
            Self::Entries(_) => f.write_str("a list of tables"),
            Self::Either(first, second) => write!(f, "{first}, or {second}"),
            Self::Table(keys) => {
                let needed = |key: &&KeyInfo| key.presence == Presence::Required;
                let needed = keys.iter().filter(needed).map(|key| key.name);
                match needed.collect::<Vec<_>>().join("` and `").as_str() {
                    "" => f.write_str("a table"),
                    needed => write!(f, "a table with `{needed}`"),
                }
            }
            Self::Tables(tagged) => {
                write!(f, "a list of tables, `[[{}]]` before each", tagged.noun)
            }
            Self::Tagged(tagged) => {
                write!(
                    f,
                    "{}, or a table `{{ type = …, … }}`",
                    tagged.alternatives()
                )
            }
        }
    }
}

/// `"a"`, `"b"` or `"c"`, in back quotes.
fn alternatives<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("`\"{word}\"`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
