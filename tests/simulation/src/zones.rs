//! The rules of time zones, from the IANA database.

use jiff::Timestamp as Moment;
use jiff::tz::TimeZone;
use shared::maintenance::{RememberedZones, Zones};
use std::rc::Rc;

/// All zones.
pub fn rules() -> Rc<dyn Zones> {
    Rc::new(RememberedZones::new(
        |zone: &str, at: shared::time::Timestamp| {
            let zone = TimeZone::get(zone).ok()?;
            let moment = Moment::from_second(at.seconds()).ok()?;
            Some(i64::from(zone.to_offset(moment).seconds()))
        },
    ))
}
