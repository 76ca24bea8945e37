//! Raising the limit of open files: every device is a socket, and the default is a thousand.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Enough for the 32,768 sockets of each of several gateways.
const WANTED: u64 = 1_048_576;

/// Raises the limit as far as this user may; the launcher and the runtime inherit it.
pub fn raise() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return;
    };
    // A privileged user may lift the hard limit too; failing that, go up to it.
    let raised = (soft < WANTED
        && setrlimit(Resource::RLIMIT_NOFILE, WANTED, hard.max(WANTED)).is_ok())
        || soft >= hard.min(WANTED)
        || setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    if !raised || hard.max(soft) < 8_192 {
        eprintln!(
            "  the limit of open files is {soft}: about {} devices can connect; raise it with `ulimit -n`",
            soft / 2
        );
    }
}
