//! Formats times.

/// Formats a time as a part of a file name: `20260131T235959Z`.
pub(crate) fn file_name_stamp(milliseconds: i64) -> String {
    moment(milliseconds).replace(['-', ':'], "")
}

/// Formats the current time as `moment` does.
pub(crate) fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    moment(since.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
}

/// Formats a time: `2026-01-31T23:59:59Z`.
pub(crate) fn moment(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let second_of_day = seconds.rem_euclid(86_400);
    let (hour, minute) = (second_of_day / 3600, second_of_day / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second_of_day % 60)
}

/// Returns the Gregorian date of a day, counted from 1970-01-01.
///
/// A year begins in March here, so that the leap day is its last day. An era is 400 years.
fn date(day: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    const DAYS_FROM_MARCH_OF_YEAR_ZERO: i64 = 719_468;
    let shifted = day + DAYS_FROM_MARCH_OF_YEAR_ZERO;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::file_name_stamp;

    #[test]
    fn moments_have_their_date_and_time() {
        assert_eq!(file_name_stamp(0), "19700101T000000Z");
        assert_eq!(file_name_stamp(951_782_399_999), "20000228T235959Z");
        assert_eq!(file_name_stamp(951_782_400_000), "20000229T000000Z");
        assert_eq!(file_name_stamp(951_868_800_000), "20000301T000000Z");
        assert_eq!(file_name_stamp(1_767_225_599_000), "20251231T235959Z");
        assert_eq!(file_name_stamp(4_107_542_400_000), "21000301T000000Z");
    }
}
