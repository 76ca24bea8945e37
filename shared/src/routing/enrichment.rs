//! What is stamped onto messages on their way to an endpoint (`query-routing-events.md` §3.8).

use super::parser::is_twin_path;
use super::path::{is_path, resolve};
use crate::error::HubError;
use crate::writing::JsonText;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// Longest name of a stamp.
const MAX_KEY: usize = 128;
/// Longest value of a stamp, as it is configured.
const MAX_VALUE: usize = 1024;
/// Endpoints that one enrichment may name.
const MAX_ENDPOINTS: usize = 100;
/// Stands for the hub's name.
const HUB_NAME: &str = "$iothubname";
/// Begins a path into the twin of the sender.
const TWIN: &str = "$twin.";

/// An application property that is added for some endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrichment {
    /// The property.
    pub key: String,
    /// A text, `$iothubname`, or a path into the twin of the sender that begins with `$twin.`.
    pub value: String,
    /// The endpoints whose messages get it.
    pub endpoint_names: Vec<String>,
}

impl Enrichment {
    /// Whether it can be stored.
    pub fn check(&self) -> Result<(), HubError> {
        let legal = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
        };
        let key = &self.key;
        if key.is_empty() || key.len() > MAX_KEY || !key.chars().all(legal) {
            return Err(HubError::invalid(format!(
                "The key {key:?} of an enrichment must be 1 to {MAX_KEY} letters, digits, '-', \
                 '_' or '.'."
            )));
        }
        if self.value.is_empty() || self.value.len() > MAX_VALUE {
            return Err(HubError::invalid(format!(
                "The value of the enrichment {key} must have 1 to {MAX_VALUE} bytes."
            )));
        }
        if begins_as(&self.value, "$twin") && self.twin_path().is_none() {
            return Err(HubError::invalid(format!(
                "The value of the enrichment {key} must begin with $twin.tags., \
                 $twin.properties.desired. or $twin.properties.reported., and go on with a path."
            )));
        }
        if self.endpoint_names.is_empty() || self.endpoint_names.len() > MAX_ENDPOINTS {
            return Err(HubError::invalid(format!(
                "The enrichment {key} must name 1 to {MAX_ENDPOINTS} endpoints."
            )));
        }
        Ok(())
    }

    /// Whether its stamp depends on the twin of the sender.
    pub fn reads_twin(&self) -> bool {
        self.twin_path().is_some()
    }

    fn twin_path(&self) -> Option<&str> {
        let path = self.value.get(TWIN.len()..)?;
        (begins_as(&self.value, TWIN) && is_twin_path(path) && is_path(path)).then_some(path)
    }

    /// The stamp for a message whose sender has this twin. What is not there is stamped as it
    /// was configured.
    pub fn stamp(&self, hub_name: &str, twin: Option<&Value>) -> Cow<'_, str> {
        if self.value.eq_ignore_ascii_case(HUB_NAME) {
            return Cow::Owned(hub_name.to_owned());
        }
        let found = self.twin_path().and_then(|path| resolve(twin?, path));
        match found {
            None => Cow::Borrowed(&self.value),
            Some(Value::String(text)) => Cow::Owned(text.clone()),
            Some(other) => Cow::Owned(other.json_text()),
        }
    }
}

fn begins_as(text: &str, begin: &str) -> bool {
    text.get(..begin.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(begin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn enrichment(value: &str) -> Enrichment {
        Enrichment {
            key: "site".to_owned(),
            value: value.to_owned(),
            endpoint_names: vec!["events".to_owned()],
        }
    }

    #[test]
    fn stamps_are_texts_names_and_values_of_twins() {
        let twin = json!({
            "tags": {"site": "s1", "Place": {"x": [1, 2.50]}, "on": true, "n": 1.0},
            "properties": {"desired": {"a": 5}, "reported": {}},
        });
        for (value, stamp) in [
            ("plain text", "plain text"),
            ("$iothubname", "hub1"),
            ("$other", "$other"),
            ("$twin.tags.site", "s1"),
            ("$twin.tags.place", "{\"x\":[1,2.5]}"),
            ("$twin.tags.Place.x[1]", "2.5"),
            ("$twin.tags.on", "true"),
            ("$twin.tags.n", "1.0"),
            ("$TWIN.Properties.Desired.a", "5"),
            ("$twin.properties.reported.a", "$twin.properties.reported.a"),
            ("$twin.tags.none", "$twin.tags.none"),
        ] {
            assert_eq!(
                enrichment(value).stamp("hub1", Some(&twin)),
                stamp,
                "{value}"
            );
            assert!(enrichment(value).check().is_ok(), "{value}");
        }
        let of_twin = enrichment("$twin.tags.site");
        assert_eq!(of_twin.stamp("hub1", None), "$twin.tags.site");
        assert!(of_twin.reads_twin());
        assert!(!enrichment("$iothubname").reads_twin());
    }

    #[test]
    fn what_cannot_be_stored() {
        let refused = |change: fn(&mut Enrichment)| {
            let mut enrichment = enrichment("x");
            change(&mut enrichment);
            enrichment.check().unwrap_err().code.status()
        };
        assert_eq!(refused(|it| it.key.clear()), 400);
        assert_eq!(refused(|it| it.key = "a b".to_owned()), 400);
        assert_eq!(refused(|it| it.key = "a".repeat(129)), 400);
        assert_eq!(refused(|it| it.value.clear()), 400);
        assert_eq!(refused(|it| it.value = "a".repeat(1025)), 400);
        assert_eq!(refused(|it| it.value = "$twin.tag.site".to_owned()), 400);
        assert_eq!(refused(|it| it.value = "$twin".to_owned()), 400);
        assert_eq!(refused(|it| it.value = "$twin.tags.a..b".to_owned()), 400);
        assert_eq!(refused(|it| it.endpoint_names.clear()), 400);
    }

    #[test]
    fn documents_have_the_contracts_names() {
        let document =
            json!({"key": "a.b-c_1", "value": "$twin.tags.a", "endpointNames": ["events"]});
        let enrichment: Enrichment = serde_json::from_value(document.clone()).unwrap();
        assert!(enrichment.check().is_ok());
        assert_eq!(serde_json::to_value(enrichment).unwrap(), document);
    }
}
