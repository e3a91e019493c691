//! Computes the values that MLflow computes in Python for one row.

use sea_query::Value;

use super::super::value;
use super::promoted::{COST_KEYS, TOKEN_KEYS};
use crate::data::python::json::{self, Json, Object};
use crate::data::python::{number, text};
use crate::schema::platform::Platform;

const MODEL: &str = "mlflow.llm.model";
const PROVIDER: &str = "mlflow.llm.provider";
const MODEL_LENGTH: usize = 500;

/// Returns a JSON object, or an empty one for any other value: MLflow's `json_object`.
pub(super) fn object(value: Option<&str>) -> Object<'_> {
    let document = value.and_then(|value| json::loads(value).ok());
    document.and_then(Json::into_object).unwrap_or_default()
}

/// Returns the token counts of a trace.
///
/// A trace's metric takes precedence over its metadata. If the metric is no valid count, the count
/// is missing.
pub(super) fn token_counts(
    usage: &Object<'_>,
    metrics: [Option<&Value>; TOKEN_KEYS.len()],
) -> [Option<i64>; TOKEN_KEYS.len()] {
    let mut counts = [None; TOKEN_KEYS.len()];
    for ((count, key), metric) in counts.iter_mut().zip(TOKEN_KEYS).zip(metrics) {
        *count = match metric {
            Some(value) => number::token_count(value::operand(value)),
            None => usage.get(key).and_then(number::token_count),
        };
    }
    counts
}

/// Returns the costs in a trace's metadata.
pub(super) fn costs(cost: &Object<'_>) -> [Option<f64>; COST_KEYS.len()] {
    COST_KEYS.map(|key| cost.get(key).and_then(number::finite_float))
}

/// Returns a metric's value as MLflow reads it.
///
/// On MySQL, SQLAlchemy converts a DOUBLE to a `Decimal` with ten digits after the point.
pub(super) fn metric(value: Option<&Value>, platform: &Platform) -> Value {
    match value {
        Some(Value::Double(Some(number))) if platform.is_mysql() => format!("{number:.10}").into(),
        value => value::owned(value),
    }
}

/// The model and the provider of a span.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dimensions {
    pub(super) model: Option<String>,
    pub(super) provider: Option<String>,
    /// The number of the two names that were longer than their column.
    pub(super) truncated: u64,
}

/// The reason why columns cannot replace a span's `dimension_attributes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It is not JSON.
    Malformed,
    /// It is not an object of strings, with no keys but the model's and the provider's.
    Unsupported,
    /// A name holds half of a surrogate pair, which no database stores.
    Surrogate,
    /// A name holds a character that this database cannot store.
    Unstorable,
}

/// Parses a span's `dimension_attributes`.
pub(super) fn dimensions(value: Option<&Value>) -> Result<Dimensions, Obstacle> {
    match value {
        Some(Value::String(Some(_)) | Value::Bytes(Some(_))) => {}
        None | Some(Value::String(None)) => return Ok(Dimensions::default()),
        // SQLite stores a JSON text that is a number as a number.
        Some(_) => return Err(Obstacle::Unsupported),
    }
    let stored = value::document(value).ok_or(Obstacle::Malformed)?;
    let outer = json::loads(&stored).map_err(|_| Obstacle::Malformed)?;
    // MLflow accepts a JSON document in a JSON string, one level deep.
    if let Some(inner) = outer.as_string() {
        let inner = inner.as_utf8().map_err(|_| Obstacle::Malformed)?;
        return read_dimensions(&json::loads(inner).map_err(|_| Obstacle::Malformed)?);
    }
    read_dimensions(&outer)
}

fn read_dimensions(document: &Json<'_>) -> Result<Dimensions, Obstacle> {
    let object = match document {
        Json::Null => return Ok(Dimensions::default()),
        Json::Object(object) => object,
        _ => return Err(Obstacle::Unsupported),
    };
    let mut dimensions = Dimensions::default();
    for (key, value) in object.iter() {
        let target = match key.as_utf8() {
            Ok(MODEL) => &mut dimensions.model,
            Ok(PROVIDER) => &mut dimensions.provider,
            _ => return Err(Obstacle::Unsupported),
        };
        match value {
            Json::Null => {}
            Json::String(name) => {
                dimensions.truncated += u64::from(name.code_points() > MODEL_LENGTH);
                let name = name.truncate(MODEL_LENGTH);
                *target = Some(name.as_utf8().map_err(|_| Obstacle::Surrogate)?.to_owned());
            }
            _ => return Err(Obstacle::Unsupported),
        }
    }
    Ok(dimensions)
}

/// Returns the number that an assessment's value counts as, and whether it is numeric itself.
///
/// `true` and `"yes"` count as 1, `false` and `"no"` as 0, without being numeric.
pub(super) fn aggregate(value: Option<&Value>) -> (Option<f64>, bool) {
    let yes_or_no = |text: &str| match &*text::lower(text::strip(text)) {
        "yes" => Some(1.0),
        "no" => Some(0.0),
        _ => None,
    };
    let Some(stored) = value::document(value) else { return (None, false) };
    match json::loads(&stored) {
        // Bytes are never `yes` or `no`.
        Err(_) => (value::text(value).and_then(yes_or_no), false),
        Ok(Json::Bool(flag)) => (Some(f64::from(u8::from(flag))), false),
        Ok(Json::String(text)) => (text.as_utf8().ok().and_then(yes_or_no), false),
        Ok(number @ (Json::Integer(_) | Json::Float(_))) => {
            let finite = number::finite_float(&number);
            (finite, finite.is_some())
        }
        Ok(Json::Null | Json::Array(_) | Json::Object(_)) => (None, false),
    }
}

#[cfg(test)]
mod tests {
    use sea_query::Value;

    use super::{Dimensions, Obstacle, aggregate, dimensions, object, token_counts};

    fn text(text: &str) -> Option<Value> {
        Some(Value::from(text))
    }

    #[test]
    fn a_metric_wins_over_metadata_even_if_it_is_invalid() {
        let usage =
            object(Some(r#"{"input_tokens": 5, "output_tokens": "1_000", "total_tokens": true}"#));
        let fractional = Value::from(1.5);
        let counts = token_counts(&usage, [Some(&fractional), None, None, None, None, None]);
        assert_eq!(counts, [None, Some(1000), None, None, None, None]);
    }

    #[test]
    fn assessments_count_as_mlflow_counts_them() {
        for (stored, expected) in [
            ("true", (Some(1.0), false)),
            ("false", (Some(0.0), false)),
            ("\" YES\\u001c\"", (Some(1.0), false)),
            ("no", (Some(0.0), false)),
            ("3", (Some(3.0), true)),
            ("-0.0", (Some(-0.0), true)),
            ("1e999", (None, false)),
            ("NaN", (None, false)),
            ("null", (None, false)),
            ("[1]", (None, false)),
            ("{broken", (None, false)),
        ] {
            assert_eq!(aggregate(text(stored).as_ref()), expected, "{stored}");
        }
    }

    #[test]
    fn dimension_attributes_hold_the_model_and_the_provider_and_no_more() {
        let model =
            |name: &str| Dimensions { model: Some(name.to_owned()), ..Dimensions::default() };
        for (stored, expected) in [
            ("null", Ok(Dimensions::default())),
            ("{}", Ok(Dimensions::default())),
            (r#"{"mlflow.llm.model": "a", "mlflow.llm.provider": null}"#, Ok(model("a"))),
            (r#""{\"mlflow.llm.model\": \"b\"}""#, Ok(model("b"))),
            (r#"{"mlflow.llm.model": 1}"#, Err(Obstacle::Unsupported)),
            (r#"{"other": "a"}"#, Err(Obstacle::Unsupported)),
            ("[]", Err(Obstacle::Unsupported)),
            ("{", Err(Obstacle::Malformed)),
            (r#""{""#, Err(Obstacle::Malformed)),
            (r#"{"mlflow.llm.model": "\ud800"}"#, Err(Obstacle::Surrogate)),
        ] {
            assert_eq!(dimensions(text(stored).as_ref()), expected, "{stored}");
        }
        let long = format!(r#"{{"mlflow.llm.model": "{}"}}"#, "é".repeat(501));
        let expected = Dimensions { truncated: 1, ..model(&"é".repeat(500)) };
        assert_eq!(dimensions(text(&long).as_ref()), Ok(expected));
    }
}
