//! Are the ports free? Asked before anything is built, so that the answer comes at once.

use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener};

use crate::failure::{Failure, Outcome};

/// Refuses a port that another program has, or that this user may not open.
pub fn check_free(bind: &IpAddr, port: u16, https_port: Option<u16>) -> Outcome {
    check(bind, port, "--port")?;
    https_port.map_or(Ok(()), |port| check(bind, port, "--https-port"))
}

/// Whether this port could be opened right now.
pub fn is_free(bind: &IpAddr, port: u16) -> bool {
    TcpListener::bind((*bind, port)).is_ok()
}

fn check(bind: &IpAddr, port: u16, option: &str) -> Outcome {
    let Err(error) = TcpListener::bind((*bind, port)) else {
        return Ok(());
    };
    Err(Failure::refused(match error.kind() {
        ErrorKind::AddrInUse => format!(
            "port {port} on {bind} is taken by another program: stop it, or choose another port with {option}"
        ),
        ErrorKind::PermissionDenied => format!(
            "port {port} needs more rights than this user has: choose one above 1023 with {option}"
        ),
        ErrorKind::AddrNotAvailable => {
            format!("this machine has no address {bind}: choose another one with --bind")
        }
        _ => format!(
            "cannot listen on {bind} port {port}: {error}; choose another one with {option}"
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_refused_with_the_option_to_change() {
        let bind = IpAddr::from([127, 0, 0, 1]);
        let taken = TcpListener::bind((bind, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let failure = check_free(&bind, port, None).unwrap_err();
        assert_eq!(failure.exit_code, 2);
        assert!(failure.message.contains("--port"), "{failure}");
        drop(taken);
        assert!(is_free(&bind, port));
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let failure = check_free(&IpAddr::from([192, 0, 2, 1]), 1883, None).unwrap_err();
        assert!(failure.message.contains("--bind"), "{failure}");
    }
}
