//! An object tells the hub object what it uses, so that people hear of it before a limit is
//! reached (`administration::usage`). Small ones tell nothing: most hubs never come near.

use super::effects::{Call, Correlation, Effects, Outgoing};
use crate::ipc::Address;
use crate::ipc::hub::{HubRequest, Usage};
use crate::time::Timestamp;

/// How often an object that works looks at itself.
const EVERY_SECONDS: i64 = 600;
/// What is worth telling.
const LEAST_BYTES: u64 = 64 * 1024 * 1024;
const LEAST_MESSAGES: u64 = 1_000_000;

/// What an object has told.
#[derive(Debug, Default)]
pub struct UsageTeller {
    looked: Option<Timestamp>,
    /// The hub object believes that there is something.
    has_told: bool,
}

impl UsageTeller {
    /// Whether it is time to look; nobody does that twice.
    pub fn is_due(&mut self, now: Timestamp) -> bool {
        let due = self
            .looked
            .is_none_or(|looked| looked.plus_seconds(EVERY_SECONDS) <= now);
        if due {
            self.looked = Some(now);
        }
        due
    }

    /// Tells what is worth it, or that it is so no more. A call that is lost is made good by
    /// the next one.
    pub fn tell<Reply>(
        &mut self,
        usage: Usage,
        last: &mut Correlation,
        effects: &mut Effects<Reply>,
    ) {
        let is_worth = usage.bytes >= LEAST_BYTES || usage.messages >= LEAST_MESSAGES;
        if is_worth || self.has_told {
            *last += 1;
            effects.calls.push(Call {
                to: Address::Hub,
                request: Outgoing::Hub(Box::new(HubRequest::TellUsage(Box::new(usage)))),
                correlation: *last,
            });
        }
        self.has_told = is_worth;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_large_is_told_and_that_it_is_so_no_more() {
        let mut teller = UsageTeller::default();
        let mut last = 0;
        let mut told = |bytes, messages| {
            let mut effects = Effects::<()>::default();
            let usage = Usage {
                object: "events-0".to_owned(),
                bytes,
                day: 1,
                messages,
            };
            teller.tell(usage, &mut last, &mut effects);
            effects.calls.len()
        };
        assert_eq!(told(1_000, 5), 0);
        assert_eq!(told(LEAST_BYTES, 5), 1);
        assert_eq!(told(1_000, 5), 1);
        assert_eq!(told(1_000, 5), 0);
        assert_eq!(told(0, LEAST_MESSAGES), 1);
    }

    #[test]
    fn nobody_looks_twice_in_ten_minutes() {
        let mut teller = UsageTeller::default();
        let at = |seconds: i64| Timestamp::from_milliseconds(seconds * 1000);
        assert!(teller.is_due(at(0)));
        assert!(!teller.is_due(at(599)));
        assert!(teller.is_due(at(600)));
    }
}
