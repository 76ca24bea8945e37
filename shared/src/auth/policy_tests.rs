use super::*;
use crate::json;

fn random() -> [[[u8; 32]; 2]; 5] {
    std::array::from_fn(|policy| {
        std::array::from_fn(|key| [u8::try_from(policy * 2 + key).unwrap(); 32])
    })
}

#[test]
fn rights_are_the_documented_bits_and_texts() {
    for (rights, bits, text) in [
        (Rights::REGISTRY_READ, 1, "RegistryRead"),
        (Rights::REGISTRY_WRITE, 3, "RegistryWrite"),
        (Rights::SERVICE_CONNECT, 4, "ServiceConnect"),
        (Rights::DEVICE_CONNECT, 8, "DeviceConnect"),
        (
            Rights::REGISTRY_READ.with(Rights::SERVICE_CONNECT),
            5,
            "RegistryRead, ServiceConnect",
        ),
        (
            Rights::REGISTRY_WRITE.with(Rights::DEVICE_CONNECT),
            11,
            "RegistryWrite, DeviceConnect",
        ),
    ] {
        assert_eq!(rights.0, bits);
        assert_eq!(serde_json::to_value(rights).unwrap(), json!(text));
        assert_eq!(
            serde_json::from_value::<Rights>(json!(text)).unwrap(),
            rights
        );
    }
}

#[test]
fn writing_implies_reading_and_nothing_else_is_implied() {
    assert!(Rights::REGISTRY_WRITE.contains(Rights::REGISTRY_READ));
    assert!(!Rights::REGISTRY_READ.contains(Rights::REGISTRY_WRITE));
    assert!(!Rights::REGISTRY_WRITE.contains(Rights::SERVICE_CONNECT));
    assert!(!Rights::SERVICE_CONNECT.contains(Rights::DEVICE_CONNECT));
}

#[test]
fn rights_are_read_in_any_case_and_order_but_never_guessed() {
    assert_eq!(
        Rights::parse("serviceconnect,REGISTRYREAD , registrywrite").unwrap(),
        Rights::REGISTRY_WRITE.with(Rights::SERVICE_CONNECT)
    );
    for text in ["", "Owner", "RegistryRead,", "RegistryRead ServiceConnect"] {
        assert_eq!(
            Rights::parse(text).unwrap_err().code.number(),
            400_004,
            "{text}"
        );
    }
}

#[test]
fn a_new_hub_has_the_five_policies_with_ten_different_keys() {
    let policies = default_policies(&random());
    check_policies(&policies).unwrap();
    let found: Vec<(&str, String)> = policies
        .iter()
        .map(|policy| (policy.name.as_str(), policy.rights.to_string()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "iothubowner",
                "RegistryWrite, ServiceConnect, DeviceConnect".to_owned()
            ),
            ("service", "ServiceConnect".to_owned()),
            ("device", "DeviceConnect".to_owned()),
            ("registryRead", "RegistryRead".to_owned()),
            ("registryReadWrite", "RegistryWrite".to_owned()),
        ]
    );
    let mut keys: Vec<String> = policies
        .iter()
        .flat_map(|policy| [policy.primary_key.clone(), policy.secondary_key.clone()])
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 10);
}

#[test]
fn names_are_found_exactly() {
    let policies = default_policies(&random());
    assert_eq!(
        find_policy(&policies, "service").map(|policy| policy.rights),
        Some(Rights::SERVICE_CONNECT)
    );
    assert!(find_policy(&policies, "Service").is_none());
    assert!(find_policy(&policies, "").is_none());
}

#[test]
fn stored_and_shown_forms() {
    let [policy, ..] = &default_policies(&random())[..] else {
        panic!("no policy");
    };
    let stored = serde_json::to_value(policy).unwrap();
    assert_eq!(
        stored,
        json!({
            "name": "iothubowner", "primaryKey": policy.primary_key,
            "secondaryKey": policy.secondary_key,
            "rights": "RegistryWrite, ServiceConnect, DeviceConnect"
        })
    );
    assert_eq!(
        &serde_json::from_value::<SharedAccessPolicy>(stored).unwrap(),
        policy
    );
    let shown = format!("{policy:?}");
    assert!(shown.contains("iothubowner") && !shown.contains(&policy.primary_key));
}

#[test]
fn the_counts_hold_to_the_one() {
    let template = default_policies(&random()).remove(1);
    let many = |count: usize, rights: Rights| -> Vec<SharedAccessPolicy> {
        (0..count)
            .map(|number| SharedAccessPolicy {
                name: format!("p{number}"),
                rights,
                ..template.clone()
            })
            .collect()
    };
    assert!(check_policies(&many(16, Rights::DEVICE_CONNECT)).is_ok());
    assert!(check_policies(&many(17, Rights::DEVICE_CONNECT)).is_err());
    assert!(check_policies(&many(10, Rights::SERVICE_CONNECT)).is_ok());
    assert!(check_policies(&many(11, Rights::SERVICE_CONNECT)).is_err());
}

#[test]
fn names_and_keys_are_checked() {
    let template = default_policies(&random()).remove(0);
    let named = |name: &str| SharedAccessPolicy {
        name: name.to_owned(),
        ..template.clone()
    };
    assert!(check_policies(&[named(&"n".repeat(256))]).is_ok());
    for name in ["", "a b", "a&skn=b", "ä", &"n".repeat(257)] {
        assert!(check_policies(&[named(name)]).is_err(), "{name}");
    }
    let twice = check_policies(&[named("a"), named("b"), named("a")]).unwrap_err();
    assert!(
        twice.message.contains("'a' is used twice"),
        "{}",
        twice.message
    );
    let short = SharedAccessPolicy {
        secondary_key: "c2hvcnQ=".to_owned(),
        ..template.clone()
    };
    assert!(check_policies(&[short]).is_err());
}
