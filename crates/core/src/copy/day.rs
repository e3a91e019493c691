//! Reads the days of calendars.

/// Returns whether a text is a day: `2026-11-29`.
pub(super) fn is_date(text: &str) -> bool {
    let part = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?
    };
    let is_separated =
        text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    let day_fits = |year: u16, month: u16, day: u16| {
        let is_leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        year > 0 && (1..=12).contains(&month) && (1..=days).contains(&day)
    };
    match (part(0, 4), part(5, 7), part(8, 10)) {
        (Some(year), Some(month), Some(day)) => is_separated && day_fits(year, month, day),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn days_exist() {
        for (text, expected) in [
            ("2024-02-29", true),
            ("2100-02-29", false),
            ("2026-13-01", false),
            ("2026-1-01", false),
            ("2026-11-29 00:00", false),
            ("0000-01-01", false),
            ("infinity", false),
        ] {
            assert_eq!(is_date(text), expected, "{text}");
        }
    }
}
