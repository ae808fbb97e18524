//! The header of a `.npy` file: the literal of a Python dictionary with the keys `descr`, `fortran_order` and `shape`.

/// What a header says.
#[derive(Debug, PartialEq)]
pub struct Header {
    pub kind: Kind,
    pub order: Order,
    pub shape: Vec<usize>,
}

/// The type of an array's values, with their bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Signed(usize),
    Unsigned(usize),
    Float(usize),
}

/// Which byte of a value comes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Little,
    Big,
}

impl Kind {
    /// The size of a value.
    pub fn bytes(self) -> usize {
        match self {
            Self::Signed(bytes) | Self::Unsigned(bytes) | Self::Float(bytes) => bytes,
        }
    }

    /// The value of these bytes, as many as it has.
    pub fn number(self, order: Order, bytes: &[u8]) -> f64 {
        let bits = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        let bits = match order {
            Order::Little => bytes.iter().rev().fold(0, bits),
            Order::Big => bytes.iter().fold(0, bits),
        };
        match self {
            Self::Unsigned(_) => bits as f64,
            Self::Signed(bytes) => {
                let unused = 64 - 8 * bytes;
                ((bits << unused).cast_signed() >> unused) as f64
            }
            Self::Float(4) => f32::from_bits(bits as u32).into(),
            Self::Float(_) => f64::from_bits(bits),
        }
    }
}

impl Header {
    /// Reads a header, or says what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(text).map_err(|_| "the header is not text")?;
        let mut literal = Literal { rest: text };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        literal.expect("{")?;
        while !literal.take("}") {
            let key = literal.string()?;
            literal.expect(":")?;
            let is_new = match key {
                "descr" => descr.replace(literal.string()?).is_none(),
                "fortran_order" => fortran_order.replace(literal.boolean()?).is_none(),
                "shape" => shape.replace(literal.tuple()?).is_none(),
                _ => return Err(format!("the header has an unknown key {key:?}")),
            };
            if !is_new {
                return Err(format!("the header has the key {key:?} twice"));
            }
            if !literal.take(",") {
                literal.expect("}")?;
                break;
            }
        }
        if !literal.rest.trim().is_empty() {
            return Err("there is more in the header than a dictionary".to_owned());
        }
        let (Some(descr), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape) else {
            return Err("the header lacks `descr`, `fortran_order` or `shape`".to_owned());
        };
        if fortran_order && shape.len() > 1 {
            return Err("the array is in Fortran order".to_owned());
        }
        let (kind, order) = kind(descr)?;
        Ok(Self { kind, order, shape })
    }
}

fn kind(descr: &str) -> Result<(Kind, Order), String> {
    let order = match descr.chars().next() {
        Some('<' | '|') => Order::Little,
        Some('>') => Order::Big,
        _ => return Err(unknown(descr)),
    };
    let kind = match &descr[1..] {
        "b1" | "u1" => Kind::Unsigned(1),
        "u2" => Kind::Unsigned(2),
        "u4" => Kind::Unsigned(4),
        "u8" => Kind::Unsigned(8),
        "i1" => Kind::Signed(1),
        "i2" => Kind::Signed(2),
        "i4" => Kind::Signed(4),
        "i8" => Kind::Signed(8),
        "f4" => Kind::Float(4),
        "f8" => Kind::Float(8),
        _ => return Err(unknown(descr)),
    };
    Ok((kind, order))
}

fn unknown(descr: &str) -> String {
    format!("values of type {descr:?} are not read: integers are, `float32` and `float64`")
}

/// What is left of a literal.
struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    /// Passes a token, if it comes next.
    fn take(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) {
            return Ok(());
        }
        Err(format!("the header has no `{token}` where it needs one"))
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = if self.take("\"") {
            '"'
        } else {
            self.expect("'").map(|()| '\'')?
        };
        let (text, rest) = self
            .rest
            .split_once(quote)
            .ok_or("a string of the header has no end")?;
        self.rest = rest;
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, String> {
        if self.take("True") {
            return Ok(true);
        }
        self.expect("False").map(|()| false)
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut numbers = Vec::new();
        self.expect("(")?;
        while !self.take(")") {
            numbers.push(self.number()?);
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(numbers)
    }

    fn number(&mut self) -> Result<usize, String> {
        let text = self.rest.trim_start();
        let end = text
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        self.rest = rest;
        digits
            .parse()
            .map_err(|_| format!("a size in the header is {digits:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Header, String> {
        Header::parse(text.as_bytes())
    }

    /// As `numpy.save` writes it, padded with blanks.
    #[test]
    fn a_header_of_numpy_is_read() {
        let text =
            "{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }            \n";
        let expected = Header {
            kind: Kind::Float(4),
            order: Order::Little,
            shape: vec![60_000, 28, 28],
        };
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn spelling_may_vary_as_in_python() {
        let text = "{\"shape\":(7,),\"fortran_order\":True,\"descr\":\">i8\"}";
        let expected = Header {
            kind: Kind::Signed(8),
            order: Order::Big,
            shape: vec![7],
        };
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn everything_else_is_refused() {
        for (text, complaint) in [
            ("", "the header has no `{` where it needs one"),
            (
                "{'descr': '<f4'}",
                "the header lacks `descr`, `fortran_order` or `shape`",
            ),
            (
                "{'descr': '<f4', 'descr': '<f4'}",
                "the header has the key \"descr\" twice",
            ),
            ("{'size': 3}", "the header has an unknown key \"size\""),
            (
                "{'descr' '<f4'}",
                "the header has no `:` where it needs one",
            ),
            ("{'descr': <f4}", "the header has no `'` where it needs one"),
            ("{'descr': '<f4}", "a string of the header has no end"),
            (
                "{'fortran_order': 0}",
                "the header has no `False` where it needs one",
            ),
            ("{'shape': (-1,)}", "a size in the header is \"\""),
            (
                "{'shape': (1 2)}",
                "the header has no `)` where it needs one",
            ),
            (
                "{'shape': (99999999999999999999,)}",
                "a size in the header is \"99999999999999999999\"",
            ),
            (
                "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }",
                "the array is in Fortran order",
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} or 1",
                "there is more in the header than a dictionary",
            ),
            (
                "{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
                "values of type \"|O\" are not read: integers are, `float32` and `float64`",
            ),
            (
                "{'descr': '', 'fortran_order': False, 'shape': (3,)}",
                "values of type \"\" are not read: integers are, `float32` and `float64`",
            ),
        ] {
            assert_eq!(parse(text), Err(complaint.to_owned()), "{text}");
        }
        assert_eq!(
            Header::parse(&[0xff]),
            Err("the header is not text".to_owned())
        );
    }
}
