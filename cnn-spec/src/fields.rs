//! Typed reading of a table that has been held against the grammar.

use crate::grammar::{Key, Presence, TYPE, TypeInfo, Words};
use crate::judge::{number, whole};
use crate::layer::Pair;
use crate::refusal::Refusal;
use crate::report::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A type that the value of a [`Key`] is read as.
pub(crate) trait Value: Sized {
    /// Reads a value of the key's form.
    fn read(value: &DeValue<'_>) -> Option<Self>;
}

/// A type of tagged tables and how one is read.
pub(crate) struct Type<T: 'static> {
    /// Its name and keys.
    pub info: TypeInfo,
    /// Reads such a table.
    pub read: fn(Fields<'_>) -> Result<T, Refusal>,
}

/// A value and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub value: T,
    pub span: Span,
}

/// The keys of one table and what they are set to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fields<'a> {
    /// `None` if only the type was given, as a string.
    table: Option<&'a DeTable<'a>>,
}

impl<'a> Fields<'a> {
    /// The fields of a table.
    pub fn new(table: &'a DeTable<'a>) -> Self {
        Self { table: Some(table) }
    }

    /// The value of a key that is required or has a default.
    pub fn get<T: Value>(self, key: &Key<T>) -> Result<T, Refusal> {
        let default = match key.info.presence {
            Presence::Default(default) => DeValue::parse(default).ok(),
            _ => None,
        };
        self.value(key.info.name)
            .or(default.as_ref())
            .and_then(|value| T::read(value.get_ref()))
            .ok_or_else(|| Refusal::new(format!("`{}` must be {}", key.info.name, key.info.form)))
    }

    /// The value of a key that may be missing.
    pub fn find<T: Value>(self, key: &Key<T>) -> Option<T> {
        self.value(key.info.name)
            .and_then(|value| T::read(value.get_ref()))
    }

    /// A value with the place of its key's value.
    pub fn at<T, U>(self, key: &Key<T>, value: U) -> At<U> {
        let span = self.span(key.info.name).unwrap_or_default();
        At { value, span }
    }

    /// Where the value of a key is.
    pub fn span(self, name: &str) -> Option<Span> {
        self.value(name).map(Spanned::span)
    }

    /// The section with this name.
    pub fn section(self, name: &str) -> Option<Fields<'a>> {
        self.value(name)?.get_ref().as_table().map(Fields::new)
    }

    /// The tables of a list.
    pub fn sections(self, name: &str) -> impl Iterator<Item = (Fields<'a>, Span)> {
        let list = self
            .value(name)
            .and_then(|value| value.get_ref().as_array());
        list.into_iter().flatten().filter_map(|item| {
            let table = item.get_ref().as_table()?;
            Some((Fields::new(table), item.span()))
        })
    }

    /// The value of a key that is a tagged table or a type alone.
    pub fn variant<T: 'static>(
        self,
        key: &Key<T>,
        types: impl IntoIterator<Item = &'static Type<T>>,
    ) -> Option<Result<T, Refusal>> {
        let value = self.value(key.info.name)?.get_ref();
        let fields = Fields {
            table: value.as_table(),
        };
        let name = value.as_str().or_else(|| fields.type_name())?;
        fields.read_as(name, types)
    }

    /// Reads this tagged table by its `type`.
    pub fn read<T: 'static>(
        self,
        types: impl IntoIterator<Item = &'static Type<T>>,
    ) -> Option<Result<T, Refusal>> {
        self.read_as(self.type_name()?, types)
    }

    fn read_as<T: 'static>(
        self,
        name: &str,
        types: impl IntoIterator<Item = &'static Type<T>>,
    ) -> Option<Result<T, Refusal>> {
        let known = types.into_iter().find(|known| known.info.name == name)?;
        Some((known.read)(self).map_err(|refusal| refusal.located(self)))
    }

    fn type_name(self) -> Option<&'a str> {
        self.value(TYPE.name)?.get_ref().as_str()
    }

    fn value(self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table?.get(name)
    }
}

impl Value for usize {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        whole(value.as_integer()?)?.try_into().ok()
    }
}

impl Value for u64 {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        whole(value.as_integer()?)
    }
}

impl Value for f64 {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        number(value)
    }
}

impl Value for bool {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl Value for String {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Value for Pair {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        let [height, width] = match value {
            DeValue::Array(_) => read_list(value)?.try_into().ok()?,
            _ => [usize::read(value)?; 2],
        };
        Some(Self { height, width })
    }
}

impl Value for [f64; 2] {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        read_list(value)?.try_into().ok()
    }
}

impl Value for Vec<At<String>> {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = |item: &Spanned<DeValue<'_>>| {
            Some(At {
                value: item.get_ref().as_str()?.to_owned(),
                span: item.span(),
            })
        };
        value.as_array()?.iter().map(text).collect()
    }
}

impl Value for Vec<f64> {
    /// A list, or a number as a list of one.
    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Array(_) => read_list(value),
            _ => Some(vec![number(value)?]),
        }
    }
}

impl Value for Vec<usize> {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        read_list(value)
    }
}

impl Value for Vec<String> {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        read_list(value)
    }
}

impl<T: Words> Value for T {
    fn read(value: &DeValue<'_>) -> Option<Self> {
        let name = value.as_str()?;
        let (choice, _) = T::WORDS.iter().find(|(_, word)| word.name == name)?;
        Some(*choice)
    }
}

fn read_list<T: Value>(value: &DeValue<'_>) -> Option<Vec<T>> {
    let items = value.as_array()?.iter();
    items.map(|item| T::read(item.get_ref())).collect()
}
