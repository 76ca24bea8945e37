//! Raises the number of files the process may open: each device is one socket.

use crate::error::SimError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files needed besides the sockets: terminal, logs, epoll, REST connections.
const SPARE: u64 = 64;

/// Raises the soft limit to the hard limit and checks that `sockets` fit.
pub fn allow_sockets(sockets: usize) -> Result<(), SimError> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Refusal is no failure by itself: the check below decides with what there is.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            },
        );
    }
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let needed = u64::try_from(sockets)
        .unwrap_or(u64::MAX)
        .saturating_add(SPARE);
    if needed > allowed {
        return Err(SimError::Usage(format!(
            "{sockets} connections need {needed} open files and this system allows {allowed}; \
             ask for fewer, or raise the limit with `ulimit -Hn` as root"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_beyond_the_limit_says_how_many_are_allowed() {
        assert_eq!(allow_sockets(1), Ok(()));
        if getrlimit(Resource::Nofile).maximum.is_some() {
            let text = allow_sockets(usize::MAX).unwrap_err().to_string();
            assert!(text.contains("allows"), "{text}");
        }
    }
}
