//! Logs of what happened to fleets, and the alerts that must come of it
//! (`device-management.md` §5, §8, §10 R04, R45, R46).

use simulation::replay::replay;

fn lives_up_to(log: &str) {
    let (found, expected) = replay(log);
    assert_eq!(found, expected);
}

#[test]
fn r04_a_site_that_drops_is_one_alert() {
    lives_up_to(include_str!("../replays/site_drops.log"));
}

#[test]
fn a_device_that_comes_and_goes_is_one_alert_that_flaps() {
    lives_up_to(include_str!("../replays/uplink_flaps.log"));
}

#[test]
fn r46_a_silent_device_with_a_bad_key_is_about_its_key() {
    lives_up_to(include_str!("../replays/bad_key.log"));
}

#[test]
fn crashes_neither_lose_what_was_seen_nor_repeat_it() {
    lives_up_to(include_str!("../replays/process_crash.log"));
}

#[test]
fn operations_that_fail_or_stall_need_somebody() {
    lives_up_to(include_str!("../replays/firmware_fails.log"));
}
