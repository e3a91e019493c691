//! Implements Python's `Decimal(text)` as far as MLflow uses it.
//!
//! MLflow uses `Decimal` to find out whether a text is an integer that fits a `BIGINT`.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::literal::Literal;
use super::text::strip;
use super::unicode;

/// The exponents that a zero may have: `Etiny` to `Emax` of CPython's largest context.
///
/// For any other exponent, `Decimal` raises `InvalidOperation`. (A number other than zero that fits
/// 64 bits is far from both limits.)
const ZERO_EXPONENTS: RangeInclusive<i64> = -1_999_999_999_999_999_997..=999_999_999_999_999_999;

/// Returns the value of `Decimal(text)`, if it is a finite integer within 64 bits.
///
/// The text may have surrounding white space, decimal digits of any script, and underscores
/// anywhere, which `Decimal` removes unchecked. The work is linear in the length of the text,
/// whatever its exponent.
pub(super) fn integer_from_text(text: &str) -> Option<i64> {
    let ascii = unicode::to_ascii(strip(text))?;
    let number = if ascii.contains('_') { Cow::Owned(ascii.replace('_', "")) } else { ascii };
    // Infinities and NaNs do not parse as literals, and are not finite.
    integer_from_literal(&Literal::parse(&number)?)
}

fn integer_from_literal(literal: &Literal<'_>) -> Option<i64> {
    let (coefficient, trailing_zeros) = coefficient(literal)?;
    if coefficient == 0 {
        return ZERO_EXPONENTS.contains(&literal.scale()).then_some(0);
    }
    // Negative if a digit other than zero follows the point: not an integer.
    let zeros = u32::try_from(literal.scale().checked_add_unsigned(trailing_zeros)?).ok()?;
    let magnitude = coefficient.checked_mul(10_u64.checked_pow(zeros)?)?;
    if literal.negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// Returns all digits as one number without its trailing zeros, and the number of these.
///
/// `None` if too many digits precede the zeros for any integer within 64 bits.
fn coefficient(literal: &Literal<'_>) -> Option<(u64, u64)> {
    let mut coefficient: u64 = 0;
    let mut zeros: u64 = 0;
    for digit in literal.integer.bytes().chain(literal.fraction.bytes()) {
        if digit == b'0' {
            zeros += 1;
            continue;
        }
        if coefficient != 0 {
            let shift = u32::try_from(zeros).ok()?.checked_add(1)?;
            coefficient = coefficient.checked_mul(10_u64.checked_pow(shift)?)?;
        }
        coefficient = coefficient.checked_add(u64::from(digit - b'0'))?;
        zeros = 0;
    }
    Some((coefficient, zeros))
}
