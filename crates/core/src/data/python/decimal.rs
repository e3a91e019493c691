//! Python's `Decimal(text)`, as far as MLflow uses it: to find out whether a text is an integer
//! that fits a `BIGINT`.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::literal::Literal;
use super::text::strip;
use super::unicode;

/// The exponents a zero may have, `Etiny` to `Emax` of CPython's largest context; `Decimal` raises
/// `InvalidOperation` for others. (A number other than zero that fits 64 bits is far from both.)
const ZERO_EXPONENTS: RangeInclusive<i64> = -1_999_999_999_999_999_997..=999_999_999_999_999_999;

/// The value of `Decimal(text)` when that is a finite integer within 64 bits.
///
/// The text may have white space around it, decimal digits of any script, and underscores
/// anywhere: `Decimal` removes them without looking. The work is linear in the length of the text,
/// whatever its exponent.
pub(super) fn integer_from_text(text: &str) -> Option<i64> {
    let ascii = unicode::to_ascii(strip(text))?;
    let number = if ascii.contains('_') { Cow::Owned(ascii.replace('_', "")) } else { ascii };
    // Infinities and NaNs are not literals, nor finite.
    integer_from_literal(&Literal::parse(&number)?)
}

fn integer_from_literal(literal: &Literal<'_>) -> Option<i64> {
    let (coefficient, trailing_zeros) = coefficient(literal)?;
    if coefficient == 0 {
        return ZERO_EXPONENTS.contains(&literal.scale()).then_some(0);
    }
    // Negative when a digit that is not zero stands after the point: not an integer.
    let zeros = u32::try_from(literal.scale().checked_add_unsigned(trailing_zeros)?).ok()?;
    let magnitude = coefficient.checked_mul(10_u64.checked_pow(zeros)?)?;
    if literal.negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// All digits as one number, without the zeros at its end, and how many those are. `None` when
/// there are too many digits before them for any integer within 64 bits.
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
