//! Reads YAML 1.1's timestamps, which PyYAML turns into `datetime` and `date`.

use super::value::Yaml;

/// The parts of a timestamp, as texts.
#[derive(Default)]
struct Parts<'a> {
    date: [&'a str; 3],
    time: Option<[&'a str; 3]>,
    fraction: &'a str,
    /// `Z`, or a sign, hours and minutes.
    zone: Option<&'a str>,
}

/// Returns whether a plain scalar has the form of a timestamp.
pub(super) fn matches(text: &str) -> bool {
    parts(text).is_some()
}

/// Returns the timestamp, as Python's driver for SQLite writes a `datetime` or `date`.
///
/// `None` where Python raises `ValueError`, for no such day or hour.
pub(super) fn construct(text: &str) -> Option<Yaml> {
    let parts = parts(text)?;
    let [year, month, day] = parts.date.map(|part| part.parse::<u32>().unwrap_or_default());
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    let mut result = format!("{year:04}-{month:02}-{day:02}");
    let Some(time) = parts.time else { return Some(Yaml::Timestamp(result)) };
    let [hour, minute, second] = time.map(|part| part.parse::<u32>().unwrap_or_default());
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    result += &format!(" {hour:02}:{minute:02}:{second:02}");
    let fraction = format!("{:0<6.6}", parts.fraction);
    if fraction != "000000" {
        result += ".";
        result += &fraction;
    }
    if let Some(zone) = parts.zone {
        result += &offset(zone)?;
    }
    Some(Yaml::Timestamp(result))
}

/// Returns an offset as `isoformat` writes it; `None` for a day or more.
fn offset(zone: &str) -> Option<String> {
    let Some(digits) = zone.strip_prefix(['+', '-']) else { return Some("+00:00".to_owned()) };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
    let minutes = hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?;
    let sign = if zone.starts_with('-') && minutes > 0 { '-' } else { '+' };
    (minutes < 24 * 60).then(|| format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
}

pub(crate) fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_number(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let (year, rest) = text.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let (day, rest) = rest.split_at(end);
    let date = [year, month, day];
    if !is_number(year, 4..=4) || !is_number(month, 1..=2) || !is_number(day, 1..=2) {
        return None;
    }
    if rest.is_empty() {
        let is_full = month.len() == 2 && day.len() == 2;
        return is_full.then(|| Parts { date, ..Parts::default() });
    }
    let time = match rest.strip_prefix(['T', 't']) {
        Some(time) => time,
        None => rest.trim_start_matches([' ', '\t']),
    };
    if time.len() == rest.len() {
        return None;
    }
    time_parts(date, time)
}

fn time_parts<'a>(date: [&'a str; 3], text: &'a str) -> Option<Parts<'a>> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, rest) = rest.split_once(':')?;
    let (second, mut rest) = rest.split_at_checked(2)?;
    if !is_number(hour, 1..=2) || !is_number(minute, 2..=2) || !is_number(second, 2..=2) {
        return None;
    }
    let mut fraction = "";
    if let Some(digits) = rest.strip_prefix('.') {
        let end = digits.find(|character: char| !character.is_ascii_digit());
        (fraction, rest) = digits.split_at(end.unwrap_or(digits.len()));
    }
    let zone = rest.trim_start_matches([' ', '\t']);
    let is_zone = match zone.strip_prefix(['+', '-']) {
        Some(digits) => match digits.split_once(':') {
            Some((hours, minutes)) => is_number(hours, 1..=2) && is_number(minutes, 2..=2),
            None => is_number(digits, 1..=2),
        },
        None => zone == "Z",
    };
    let has_zone = !rest.is_empty();
    (!has_zone || is_zone).then(|| Parts {
        date,
        time: Some([hour, minute, second]),
        fraction,
        zone: has_zone.then_some(zone),
    })
}
