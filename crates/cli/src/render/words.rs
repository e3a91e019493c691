//! Formats numbers, sizes, durations and releases for people.

use mlflow_migrate_core::report::doctor::DiskUse;

/// Formats a number: `1,234,567`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats an amount with its noun: `1 row`, `2 rows`.
pub(super) fn count(amount: u64, noun: &str) -> String {
    let plural = if amount == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(amount))
}

/// Formats a number of indexes: `1 index`, `2 indexes`.
pub(super) fn indexes(amount: u64) -> String {
    let noun = if amount == 1 { "index" } else { "indexes" };
    format!("{} {noun}", number(amount))
}

/// Formats the length of a slice as `count` does.
pub(crate) fn count_of<T>(things: &[T], noun: &str) -> String {
    count(things.len() as u64, noun)
}

/// Formats a size: `512 bytes`, `3.2 MiB`.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return count(bytes, "byte");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

/// Describes the disk space that an upgrade needs, and the space that is free.
pub(crate) fn disk_use(disk: &DiskUse) -> String {
    let needed = bytes(disk.needed);
    let backup = match disk.backup {
        Some(backup) => format!(", a backup {}", bytes(backup)),
        None => String::new(),
    };
    let free = match disk.free {
        Some(free) => format!("{} is free", bytes(free)),
        None => "the database does not report what is free".to_owned(),
    };
    format!("the upgrade needs at most about {needed}{backup}; {free}")
}

/// Formats a duration: `0.12 s`, `12.3 s`, `2 min 3 s`, `1 h 2 min`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 if seconds < 9.995 => format!("{seconds:.2} s"),
        0..60 if seconds < 59.95 => format!("{seconds:.1} s"),
        0..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Formats releases: `MLflow 3.18.x`, `MLflow 2.8.x to 2.12.x`; `None` if the list is empty.
pub(super) fn releases(releases: &[String]) -> Option<String> {
    match releases {
        [] => None,
        [only] => Some(format!("MLflow {only}")),
        [first, .., last] => Some(format!("MLflow {first} to {last}")),
    }
}

/// Returns which releases fit a database after an upgrade, and which of today's no longer do.
///
/// `None` if no release fits the database now.
pub(super) fn fitting_afterwards(fitting: &[String], outdated: &[String]) -> Option<String> {
    let outdated = releases(outdated)?;
    let fitting = match releases(fitting) {
        Some(fitting) => format!("{fitting} can use this database"),
        None => "no MLflow release expects this schema".to_owned(),
    };
    Some(format!("afterwards {fitting}; {outdated} no longer can"))
}

/// Returns a revision's id, or `base`.
pub(super) fn revision(revision: Option<&str>) -> &str {
    revision.unwrap_or("base")
}

/// Formats a revision with its releases: `534353b11cbc (MLflow 3.18.x)`.
pub(super) fn revision_and_releases(id: Option<&str>, expecting: &[String]) -> String {
    match releases(expecting) {
        Some(expecting) => format!("{} ({expecting})", revision(id)),
        None => revision(id).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, duration, indexes, number, releases};

    #[test]
    fn numbers_are_grouped() {
        let written = [0, 12, 999, 1000, 12_345, 1_234_567].map(number);
        assert_eq!(written, ["0", "12", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(2000, "row"), "2,000 rows");
        assert_eq!([0, 1, 2].map(indexes), ["0 indexes", "1 index", "2 indexes"]);
    }

    #[test]
    fn sizes_have_their_unit() {
        let written = [1, 1023, 1024, 1536, 1 << 20, 5 << 40].map(bytes);
        assert_eq!(written, ["1 byte", "1,023 bytes", "1.0 KiB", "1.5 KiB", "1.0 MiB", "5.0 TiB"]);
    }

    #[test]
    fn durations_have_the_precision_that_matters() {
        let written = [0.0, 0.123, 9.999, 12.34, 59.96, 123.0, 3600.0, 7380.0].map(duration);
        assert_eq!(
            written,
            [
                "0.00 s",
                "0.12 s",
                "10.0 s",
                "12.3 s",
                "1 min 0 s",
                "2 min 3 s",
                "1 h 0 min",
                "2 h 3 min"
            ]
        );
    }

    #[test]
    fn releases_are_a_range() {
        assert_eq!(releases(&[]), None);
        let range = releases(&["1.0.x".to_owned(), "1.1.x".to_owned(), "1.2.x".to_owned()]);
        assert_eq!(range.as_deref(), Some("MLflow 1.0.x to 1.2.x"));
    }
}
