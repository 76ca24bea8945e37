use super::*;
use crate::ids::{DeviceId, Identity};
use crate::json;
use crate::time::Timestamp;
use crate::twin::TwinPatch;
use proptest::prelude::*;

fn any_value(nulls: u32) -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        nulls => Just(Value::Null),
        2 => (0..5i64).prop_map(Value::from),
        1 => proptest::collection::vec(0..3i64, 0..3).prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 16, 3, |inner| {
        proptest::collection::btree_map("[a-c]", inner, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    })
}

fn any_object(nulls: u32) -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::btree_map("[a-d]", any_value(nulls), 0..4)
        .prop_map(|members| members.into_iter().collect())
}

fn without_metadata(twin: &Twin) -> (Value, Value, u64, u64) {
    (
        json!(twin.tags),
        twin.device_view(),
        twin.version,
        twin.etag,
    )
}

proptest! {
    #[test]
    fn a_difference_leads_from_one_to_the_other(from in any_object(0), to in any_object(0)) {
        let (from, to) = (super::super::merge::without_nulls(&from), super::super::merge::without_nulls(&to));
        let mut made = from.clone();
        merge(&mut made, &difference(&from, &to));
        prop_assert_eq!(made, to);
    }

    #[test]
    fn every_version_is_found_again(
        changes in proptest::collection::vec((0..4u8, any_object(3), any_object(3)), 1..12)
    ) {
        let identity = Identity::device(DeviceId::parse("a").unwrap());
        let now = Timestamp::from_milliseconds(1_700_000_000_000);
        let mut twin = Twin::new();
        let mut past = vec![without_metadata(&twin)];
        let mut undos = Vec::new();
        for (kind, one, other) in changes {
            let body = json!({ "tags": one, "properties": { "desired": other } });
            let change = match kind {
                0 => twin.patch_reported(&Value::Object(one), None, now),
                1 => twin.replace_service(&TwinPatch::parse(&body).unwrap(), &identity, now),
                2 => twin.patch_service(&TwinPatch::parse(&json!({ "tags": one })).unwrap(), now),
                _ => twin.patch_service(&TwinPatch::parse(&body).unwrap(), now),
            }.unwrap();
            if change.changed {
                undos.push(change.undo);
                past.push(without_metadata(&twin));
            }
        }
        prop_assert_eq!(past.pop().unwrap(), without_metadata(&twin));
        for undo in undos.iter().rev() {
            twin.undo(undo);
            prop_assert_eq!(past.pop().unwrap(), without_metadata(&twin));
        }
    }
}
