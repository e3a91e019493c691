//! Reads the time of a request, as MLflow reads it with Python's `datetime.fromisoformat`.

use crate::yaml::days_in;

/// Returns the milliseconds since 1970, or 0 where Python does not accept the text.
///
/// Without an offset the time is UTC.
pub(crate) fn milliseconds(text: &str) -> i64 {
    let text = text.replace('Z', "+00:00");
    let Some(microseconds) = microseconds(&text) else { return 0 };
    // Python divides and multiplies as floats too, and cuts off what remains.
    (microseconds as f64 / 1e6 * 1000.0) as i64
}

fn microseconds(text: &str) -> Option<i64> {
    // Python 3.11 accepts any character between date and time, but not one cut in half.
    let (days, rest) = date(text)?;
    let Some(separator) = rest.chars().next() else {
        return Some(days * 86_400_000_000);
    };
    let time = &rest[separator.len_utf8()..];
    let zone = time.find(['+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let mut microseconds = days * 86_400_000_000 + clock(time, 24)?;
    if let Some(digits) = zone.strip_prefix(['+', '-']) {
        let offset = clock(digits, 24)?;
        microseconds += if zone.starts_with('-') { offset } else { -offset };
    }
    Some(microseconds)
}

/// Reads `YYYY-MM-DD` or `YYYYMMDD`, and returns the days since 1970 and what follows.
fn date(text: &str) -> Option<(i64, &str)> {
    let has_dashes = text.as_bytes().get(4) == Some(&b'-');
    let length = if has_dashes { 10 } else { 8 };
    let (date, rest) = text.split_at_checked(length)?;
    if has_dashes && date.as_bytes().get(7) != Some(&b'-') {
        return None;
    }
    let digits = if has_dashes { date.replacen('-', "", 2) } else { date.to_owned() };
    let year = number(digits.get(..4)?)?;
    let month = number(digits.get(4..6)?)?;
    let day = number(digits.get(6..)?)?;
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    let before = i64::from(year) - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    let of_year: u32 = (1..month).map(|month| days_in(year, month)).sum();
    // 719162 days lie between the first day of year 1 and that of 1970.
    Some((before * 365 + leap_days + i64::from(of_year + day - 1) - 719_162, rest))
}

/// Reads `HH`, `HH:MM`, `HH:MM:SS` or these without colons, and a fraction of a second.
fn clock(text: &str, hours: u32) -> Option<i64> {
    let (time, fraction) = match text.split_once(['.', ',']) {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (text, None),
    };
    let parts: Vec<&str> = if time.contains(':') {
        time.split(':').collect()
    } else {
        (0..time.len().div_ceil(2))
            .map(|part| time.get(part * 2..part * 2 + 2))
            .collect::<Option<_>>()?
    };
    if parts.is_empty() || parts.len() > 3 || (fraction.is_some() && parts.len() < 3) {
        return None;
    }
    let mut values = [0; 3];
    for (value, part) in values.iter_mut().zip(&parts) {
        *value = number(part).filter(|_| part.len() == 2)?;
    }
    let [hour, minute, second] = values;
    if hour >= hours || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match fraction {
        Some(digits) => {
            number(digits.get(..1)?)?;
            let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
            is_number.then(|| number(&format!("{digits:0<6.6}")))??
        }
        None => 0,
    };
    Some(i64::from(hour * 3600 + minute * 60 + second) * 1_000_000 + i64::from(fraction))
}

fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    /// The expected values come from Python 3.11.
    #[test]
    fn times_are_those_of_python() {
        let cases = [
            ("2025-05-01T12:34:56.789Z", 1_746_102_896_789),
            ("2025-05-01T12:34:56.789123Z", 1_746_102_896_789),
            ("2025-05-01 12:34:56", 1_746_102_896_000),
            ("2025-05-01T12:34:56+02:00", 1_746_095_696_000),
            ("2025-05-01T12:34:56-0130", 1_746_108_296_000),
            ("20250501T123456.5", 1_746_102_896_500),
            ("2025-05-01", 1_746_057_600_000),
            ("1969-12-31T23:59:59.5Z", -500),
            ("0001-01-01", -62_135_596_800_000),
            ("2025-02-29", 0),
            ("2025-05-01T25:00:00", 0),
            ("2025-05-01T", 0),
            ("yesterday", 0),
            ("", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}
