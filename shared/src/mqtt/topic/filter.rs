//! The topic filters that IoT Hub grants (`device.md` §9).

use crate::ids::Identity;

/// A filter that means something to the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Cloud-to-device messages of the device.
    Devicebound,
    /// Responses to twin requests.
    TwinResponses,
    /// Changes of desired properties.
    DesiredProperties,
    /// Direct methods: all, or one by name.
    Methods(Option<String>),
    /// Everything of a module; only its inputs exist, and those belong to Edge.
    ModuleAll,
    /// Inputs of an Edge module: granted, never delivered.
    ModuleInputs,
    /// Granted, never delivered: modules get no cloud-to-device messages.
    ModuleDevicebound,
}

/// Reads a filter for the connected identity. `None`: SUBACK 0x80.
pub fn parse_filter(text: &str, identity: &Identity) -> Option<Filter> {
    let (filter, owner) = classify(text)?;
    match owner {
        None => Some(filter),
        Some((device, module)) if device == identity.device.as_str() => {
            (module == identity.module_key()).then_some(filter)
        }
        Some(_) => None,
    }
}

/// The filter and whose it must be: device id, and module id or the empty text.
pub(super) fn classify(text: &str) -> Option<(Filter, Option<(&str, &str)>)> {
    if let Some(rest) = text.strip_prefix("$iothub/") {
        return classify_iothub(rest).map(|filter| (filter, None));
    }
    let (device, rest) = text.strip_prefix("devices/")?.split_once('/')?;
    if matches!(rest, "messages/devicebound" | "messages/devicebound/#") {
        return Some((Filter::Devicebound, Some((device, ""))));
    }
    let (module, rest) = rest.strip_prefix("modules/")?.split_once('/')?;
    let filter = match rest {
        "#" => Filter::ModuleAll,
        "inputs" | "inputs/#" => Filter::ModuleInputs,
        "messages/devicebound" | "messages/devicebound/#" => Filter::ModuleDevicebound,
        _ => return None,
    };
    Some((filter, Some((device, module))))
}

fn classify_iothub(rest: &str) -> Option<Filter> {
    match rest {
        "twin/res" | "twin/res/#" => Some(Filter::TwinResponses),
        "twin/PATCH/properties/desired" | "twin/PATCH/properties/desired/#" => {
            Some(Filter::DesiredProperties)
        }
        "methods/POST" | "methods/POST/#" => Some(Filter::Methods(None)),
        _ => {
            let name = rest.strip_prefix("methods/POST/")?.strip_suffix("/#")?;
            is_method_name(name).then(|| Filter::Methods(Some(name.to_owned())))
        }
    }
}

/// Printable ASCII without the separators of §6, and no wildcard.
fn is_method_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"$()<>@,;:\\\"/[]?={}+#".contains(&byte))
}
