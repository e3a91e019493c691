//! Lists the revision that each MLflow release expects: the head of the chain in its wheel.

use mlflow_migrate_core::history::release::Releases;

/// Returns the releases of MLflow with a tracking database, and the head of each.
pub(crate) fn tracking() -> Releases {
    Releases::new(TRACKING.iter().copied())
}

pub(crate) const TRACKING: &[(&str, Option<&str>)] = &[
    ("0.9.1", None),
    ("1.0.0", Some("90e64c465722")),
    ("1.1.0", Some("181f10493468")),
    ("1.2.0", Some("7ac759974ad8")),
    ("1.3.0", Some("89d4b8295536")),
    ("1.4.0", Some("2b4d017a5e9b")),
    ("1.5.0", Some("cfd24bdc0731")),
    ("1.6.0", Some("0a8213491aaa")),
    ("1.7.0", Some("0a8213491aaa")),
    ("1.8.0", Some("0a8213491aaa")),
    ("1.9.0", Some("0a8213491aaa")),
    ("1.10.0", Some("27a6a02d2cf1")),
    ("1.11.0", Some("84291f40a231")),
    ("1.12.0", Some("84291f40a231")),
    ("1.13", Some("a8c4a736bde6")),
    ("1.14.0", Some("a8c4a736bde6")),
    ("1.15.0", Some("39d1c3be5f05")),
    ("1.16.0", Some("c48cb773bb87")),
    ("1.17.0", Some("c48cb773bb87")),
    ("1.18.0", Some("c48cb773bb87")),
    ("1.19.0", Some("c48cb773bb87")),
    ("1.20.0", Some("c48cb773bb87")),
    ("1.21.0", Some("c48cb773bb87")),
    ("1.22.0", Some("c48cb773bb87")),
    ("1.23.0", Some("c48cb773bb87")),
    ("1.24.0", Some("c48cb773bb87")),
    ("1.25.0", Some("bd07f7e963c5")),
    ("1.26.0", Some("bd07f7e963c5")),
    ("1.28.0", Some("cc1f77228345")),
    ("1.29.0", Some("97727af70f4d")),
    ("1.30.0", Some("97727af70f4d")),
    ("2.0.1", Some("97727af70f4d")),
    ("2.1.0", Some("97727af70f4d")),
    ("2.2.0", Some("97727af70f4d")),
    ("2.3.0", Some("3500859a5d39")),
    ("2.4.0", Some("7f2a7d5fae7d")),
    ("2.5.0", Some("7f2a7d5fae7d")),
    ("2.6.0", Some("7f2a7d5fae7d")),
    ("2.7.0", Some("7f2a7d5fae7d")),
    ("2.8.0", Some("acf3f17fdcc7")),
    ("2.9.0", Some("acf3f17fdcc7")),
    ("2.10.0", Some("acf3f17fdcc7")),
    ("2.11.0", Some("acf3f17fdcc7")),
    ("2.12.1", Some("acf3f17fdcc7")),
    ("2.13.0", Some("867495a8f9d4")),
    ("2.14.0", Some("5b0e9adcef9c")),
    ("2.14.1", Some("5b0e9adcef9c")),
    ("2.15.0", Some("4465047574b1")),
    ("2.16.0", Some("4465047574b1")),
    ("2.17.0", Some("f5a4f2784254")),
    ("2.18.0", Some("0584bdc529eb")),
    ("2.19.0", Some("0584bdc529eb")),
    ("2.20.0", Some("0584bdc529eb")),
    ("2.21.0", Some("0584bdc529eb")),
    ("2.22.0", Some("0584bdc529eb")),
    ("3.0.0", Some("6953534de441")),
    ("3.1.0", Some("6953534de441")),
    ("3.2.0", Some("770bee3ae1dd")),
    ("3.3.0", Some("1a0cddfcaa16")),
    ("3.4.0", Some("71994744cf8e")),
    ("3.5.0", Some("bf29a5ff90ea")),
    ("3.6.0", Some("bf29a5ff90ea")),
    ("3.7.0", Some("bf29a5ff90ea")),
    ("3.8.0", Some("1bd49d398cd23")),
    ("3.9.0", Some("d3e4f5a6b7c8")),
    ("3.10.0", Some("1b5f0d9ad7c1")),
    ("3.11.1", Some("c3d6457b6d8a")),
    ("3.12.0", Some("7d34483879f0")),
    ("3.13.0", Some("da6fb0208061")),
    ("3.14.0", Some("b7e4c1a90f23")),
    ("3.15.0", Some("6f8d9c3b2a1e")),
    ("3.16.0", Some("b7e2c1a4d9f3")),
    ("3.17.0", Some("dc11669786a5")),
    ("3.18.0", Some("f4a9b2c7d1e6")),
];

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::history::release::Release;

    use super::TRACKING;

    #[test]
    fn every_release_number_is_understood() {
        for (release, _) in TRACKING {
            assert!(Release::parse(release).is_some(), "{release}");
        }
    }
}
