//! SAS tokens (`shared::auth::sas`): texts that somebody made up, and tokens of our own making
//! that somebody changed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::auth::audience::device_resource;
use shared::auth::keys::KeyPair;
use shared::auth::policy::{Rights, SharedAccessPolicy};
use shared::auth::sas::{MAX_TOKEN_BYTES, MatchedKey, SasRefusal, SasToken, sign};
use shared::auth::signature::sas_signature;
use shared::ids::{DeviceId, Identity, ModuleId};
use shared::percent;
use shared::time::Timestamp;

const HOST: &str = "hub.example";
const ID_CHARACTERS: &[u8] =
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:.+%_#*?!(),=@;$'";

/// Both readings of the input.
pub fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        any_text(text);
    }
    own_token(data);
}

/// The keys whose tokens stand in the corpus: bytes 1 to 32, bytes 33 to 64.
fn keys() -> KeyPair {
    let key = |first: u8| STANDARD.encode((first..first + 32).collect::<Vec<u8>>());
    KeyPair {
        primary: key(1),
        secondary: key(33),
    }
}

/// An accepted text says the same when it is written anew, and is never judged genuine
/// without a signature that a key really made.
fn any_text(text: &str) {
    let Ok(token) = SasToken::parse(text) else {
        return;
    };
    assert!(token.valid_until() >= token.expiry());
    let fields = Fields::of(text);
    let again = fields.written();
    if again.len() <= MAX_TOKEN_BYTES {
        let parsed = SasToken::parse(&again);
        assert!(
            parsed.as_ref() == Ok(&token),
            "{text:?} and {again:?} differ"
        );
    }
    let identity = identity("pump", None);
    let keys = keys();
    if let Ok(matched) = token.verify_device(&keys, &[HOST], &identity, token.expiry()) {
        let key = match matched {
            MatchedKey::Primary => &keys.primary,
            MatchedKey::Secondary => &keys.secondary,
        };
        let signature = sas_signature(key, fields.resource, &fields.expiry);
        assert_eq!(signature, Some(fields.signature.clone()), "{text:?}");
        assert!(fields.policy.is_empty(), "{text:?}");
        let audience = percent::decode(fields.resource).unwrap_or_default();
        assert!(audience.contains("/devices/pump"), "{text:?}");
    }
}

/// The fields of an accepted token, read in another way than the parser does.
struct Fields<'a> {
    resource: &'a str,
    signature: String,
    expiry: String,
    policy: String,
}

impl<'a> Fields<'a> {
    fn of(text: &'a str) -> Self {
        let fields = text.split_whitespace().nth(1).unwrap_or_default();
        let raw = |wanted: &str| {
            let mut found = fields
                .split('&')
                .filter_map(|field| field.split_once('='))
                .filter(|(name, _)| name.to_ascii_lowercase() == wanted)
                .map(|(_, value)| value);
            let first = found.next().unwrap_or_default();
            assert_eq!(found.next(), None, "{wanted} twice in {text:?}");
            first
        };
        let decoded = |wanted: &str| {
            percent::decode(raw(wanted))
                .unwrap_or_default()
                .into_owned()
        };
        Self {
            resource: raw("sr"),
            signature: decoded("sig"),
            expiry: decoded("se"),
            policy: decoded("skn"),
        }
    }

    /// The same token: another order, other cases, every escape spelled out.
    fn written(&self) -> String {
        let policy = match self.policy.as_str() {
            "" => String::new(),
            name => format!("SKN={}&", percent::encode(name)),
        };
        format!(
            " SharedAccessSignature\t{policy}Se={}&SIG={}&Sr={}\n",
            percent::encode(&self.expiry),
            percent::encode(&self.signature),
            self.resource
        )
    }
}

fn identity(device: &str, module: Option<&str>) -> Identity {
    Identity {
        device: DeviceId::parse(device).expect("a legal id"),
        module: module.map(|text| ModuleId::parse(text).expect("a legal id")),
    }
}

/// Takes an input apart, byte by byte; an input that is too short goes on with zeros.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A legal id. It begins with a letter, as `.` and `..` are none.
    fn id(&mut self) -> String {
        let length = usize::from(self.byte() % 128);
        let rest = (0..length)
            .map(|_| char::from(ID_CHARACTERS[usize::from(self.byte()) % ID_CHARACTERS.len()]));
        std::iter::once('d').chain(rest).collect()
    }

    /// HMAC takes keys that differ only in zeros at their end for the same, hence the first byte.
    fn key(&mut self, first: u8) -> String {
        let length = 15 + usize::from(self.byte() % 49);
        let rest = (0..length).map(|_| self.byte());
        STANDARD.encode(std::iter::once(first).chain(rest).collect::<Vec<u8>>())
    }
}

/// A token that the hub itself would write is good for its identity, its key and its time;
/// with one bit of the signature turned it is good for nothing.
fn own_token(data: &[u8]) {
    let mut bytes = Bytes(data);
    let choice = bytes.byte();
    let bit = usize::from(bytes.byte());
    let seconds = (0..5).fold(0, |sum, _| (sum << 8) | i64::from(bytes.byte()));
    let expiry = Timestamp::from_milliseconds(seconds.min(253_402_300_799) * 1000);
    let keys = KeyPair {
        primary: bytes.key(1),
        secondary: bytes.key(2),
    };
    let (device, module) = (bytes.id(), bytes.id());
    let owner = identity(&device, (choice & 1 == 1).then_some(module.as_str()));
    let (key, matched) = if choice & 2 == 0 {
        (&keys.primary, MatchedKey::Primary)
    } else {
        (&keys.secondary, MatchedKey::Secondary)
    };
    let policy = SharedAccessPolicy {
        name: bytes.id(),
        primary_key: keys.primary.clone(),
        secondary_key: keys.secondary.clone(),
        rights: Rights::DEVICE_CONNECT,
    };
    let by_policy = choice & 4 == 4;
    let judge = |token: &SasToken, identity: &Identity, now: Timestamp| {
        if by_policy {
            token.verify_policy(&policy, &[HOST], identity, now)
        } else {
            token.verify_device(&keys, &[HOST], identity, now)
        }
    };

    let name = by_policy.then_some(policy.name.as_str());
    let resource = device_resource(HOST, &owner);
    let text = sign(key, &resource, expiry, name).expect("a key of base64");
    let token = SasToken::parse(&text).expect("a token of our own");
    assert_eq!((token.expiry(), token.policy_name()), (expiry, name));
    assert_eq!(judge(&token, &owner, expiry), Ok(matched), "{text}");
    let later = token.valid_until().plus_milliseconds(1);
    if later > token.valid_until() {
        assert_eq!(judge(&token, &owner, later), Err(SasRefusal::Expired));
    }
    let stranger = identity(&format!("{}x", &device[..device.len().min(127)]), None);
    // A scope names ids in any case, and escaped once more, as some clients do (device.md §2.3).
    let named = |id: &str| id.eq_ignore_ascii_case(stranger.device.as_str());
    if !named(&device) && !percent::decode(&device).is_some_and(|decoded| named(&decoded)) {
        let verdict = judge(&token, &stranger, expiry);
        assert_eq!(verdict, Err(SasRefusal::WrongAudience), "{text}");
    }

    let signature = Fields::of(&text).signature;
    let mut turned = STANDARD.decode(&signature).expect("base64");
    turned[bit / 8] ^= 1 << (bit % 8);
    let forged = text.replace(
        &percent::encode(&signature),
        &percent::encode(&STANDARD.encode(&turned)),
    );
    let forged = SasToken::parse(&forged).expect("its form is still right");
    let verdict = judge(&forged, &owner, expiry);
    assert_eq!(verdict, Err(SasRefusal::WrongSignature), "{text} bit {bit}");
}
