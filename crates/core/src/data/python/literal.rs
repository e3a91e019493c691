//! Parses the decimal literals that Python's `float` and `Decimal` share.

/// The parts of `[sign] digits [. digits] [e [sign] digits]`.
///
/// At least one side of the point has a digit.
pub(super) struct Literal<'a> {
    pub(super) negative: bool,
    /// The digits before the point.
    pub(super) integer: &'a str,
    /// The digits after the point.
    pub(super) fraction: &'a str,
    /// The power of ten as written, saturated: no text is long enough to compensate for 64 bits.
    pub(super) exponent: i64,
}

impl<'a> Literal<'a> {
    /// Splits ASCII text without white space or underscores; `None` if it is no such literal.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = split_sign(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let has_digit = !(integer.is_empty() && fraction.is_empty());
        (has_digit && all_digits(integer) && all_digits(fraction)).then_some(Self {
            negative,
            integer,
            fraction,
            exponent,
        })
    }

    /// Returns the power of ten of the last digit.
    pub(super) fn scale(&self) -> i64 {
        self.exponent.saturating_sub_unsigned(self.fraction.len() as u64)
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !all_digits(digits) {
        return None;
    }
    let magnitude = digits.parse().unwrap_or(i64::MAX);
    Some(if negative { -magnitude } else { magnitude })
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
