//! Sets of behaviours that a scenario names in one word.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value};

use super::scenario::Behaviour;

/// The only one.
const MICROSOFT: &str = "Microsoft";

/// What Microsoft's services do, as far as anybody tells: lists are up to half a minute behind
/// (<https://learn.microsoft.com/graph/api/user-list>), one object in a thousand for five minutes
/// (<https://github.com/microsoftgraph/msgraph-bicep-types/issues/193>); one read in a hundred finds nothing on the replica that
/// answers it (<https://github.com/microsoftgraph/msgraph-sdk-go/issues/221>); writes to one object beside each other are refused;
/// what is granted takes effect a quarter of an hour later at the latest.
fn microsoft() -> Behaviour {
    Behaviour {
        replicas: 3,
        replica_lag_ms: 30_000,
        long_lag_permille: 1,
        creation_lag_ms: 30_000,
        missing_permille: 10,
        parallel_write_ms: 1_000,
        late_grants_ms: 900_000,
        ..Behaviour::default()
    }
}

/// A behaviour: `Microsoft`, or its fields, on top of `preset` where that is among them.
pub(super) fn behaviour<'de, D: Deserializer<'de>>(told: D) -> Result<Behaviour, D::Error> {
    read(Value::deserialize(told)?)
}

/// The same, or none.
pub(super) fn own<'de, D: Deserializer<'de>>(told: D) -> Result<Option<Behaviour>, D::Error> {
    match Value::deserialize(told)? {
        Value::Null => Ok(None),
        told => read(told).map(Some),
    }
}

fn read<E: Error>(told: Value) -> Result<Behaviour, E> {
    match told {
        Value::String(name) => named(&name),
        Value::Object(mut fields) => match fields.remove("preset") {
            None => finish(fields),
            Some(name) => {
                let base = named(name.as_str().unwrap_or_default())?;
                let base = serde_json::to_value(base).map_err(E::custom)?;
                let mut all = base.as_object().cloned().unwrap_or_default();
                all.extend(fields);
                finish(all)
            }
        },
        other => finish_value(other),
    }
}

fn named<E: Error>(name: &str) -> Result<Behaviour, E> {
    if name == MICROSOFT {
        return Ok(microsoft());
    }
    let text = format!("there is no preset '{name}' of behaviours; there is {MICROSOFT}");
    Err(E::custom(text))
}

fn finish<E: Error>(fields: Map<String, Value>) -> Result<Behaviour, E> {
    finish_value(Value::Object(fields))
}

fn finish_value<E: Error>(told: Value) -> Result<Behaviour, E> {
    serde_json::from_value(told).map_err(|error| E::custom(format!("behaviour: {error}")))
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;

    #[test]
    fn a_preset_is_named_alone_or_changed_in_part() {
        let all = Scenario::parse("behaviour: Microsoft").unwrap().behaviour;
        assert_eq!((all.replica_lag_ms, all.missing_permille), (30_000, 10));
        let text = "tenants: [{behaviour: {preset: Microsoft, longLagPermille: 0}}, {}, {behaviour: {replicas: 1}}]";
        let scenario = Scenario::parse(text).unwrap();
        let own = |index: usize| scenario.tenants[index].behaviour.as_ref();
        let changed = own(0).unwrap();
        assert_eq!(
            (changed.replica_lag_ms, changed.long_lag_permille),
            (30_000, 0)
        );
        assert!(own(1).is_none());
        let plain = own(2).unwrap();
        assert_eq!((plain.replica_lag_ms, plain.replicas), (0, 1));
        for wrong in [
            "behaviour: Google",
            "behaviour: {preset: 1}",
            "behaviour: {replicaz: 1}",
        ] {
            assert!(Scenario::parse(wrong).is_err(), "{wrong}");
        }
        let error = Scenario::parse("behaviour: Google").unwrap_err();
        assert!(error.contains("there is no preset 'Google'"), "{error}");
        // What `defaults` prints reads again.
        let printed = serde_json::to_string(&Scenario::default()).unwrap();
        assert!(Scenario::parse(&printed).is_ok());
    }
}
