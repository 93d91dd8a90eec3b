//! Whether there is a screen to open a window on.
//!
//! Mien itself opens no connection to another machine: of a screen there it only knows the name.

#[cfg(unix)]
use std::path::Path;

/// Where the screen for a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// On this machine, and it answers.
    Here,
    /// On another machine, or passed on by `ssh -X`. Whether it answers shows when a window is opened.
    Elsewhere,
}

/// The screen for a window, if there is one: on Unix, a Wayland or X11 server.
#[must_use]
pub fn display() -> Option<Display> {
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        use std::env;

        let wayland = env::var_os("WAYLAND_DISPLAY").filter(|name| !name.is_empty());
        let runtime = env::var_os("XDG_RUNTIME_DIR").unwrap_or_default();
        // An absolute name replaces the folder, as Wayland wants it.
        if wayland.is_some_and(|name| answers(&Path::new(&runtime).join(name))) {
            return Some(Display::Here);
        }
        x11_display(&env::var("DISPLAY").ok()?)
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    Some(Display::Here)
}

#[cfg(unix)]
fn answers(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

/// The server that `display` names: `:N` is here and asked, `host:N` is elsewhere.
#[cfg(unix)]
fn x11_display(display: &str) -> Option<Display> {
    let (host, number) = display.rsplit_once(':')?;
    let number: u16 = number.split('.').next()?.parse().ok()?;
    if !host.is_empty() && host != "unix" {
        return Some(Display::Elsewhere);
    }
    let socket = format!("/tmp/.X11-unix/X{number}");
    (answers(Path::new(&socket)) || abstract_answers(&socket)).then_some(Display::Here)
}

/// Servers in containers listen on an abstract name only.
#[cfg(target_os = "linux")]
fn abstract_answers(name: &str) -> bool {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};

    SocketAddr::from_abstract_name(name)
        .and_then(|address| UnixStream::connect_addr(&address))
        .is_ok()
}

#[cfg(all(unix, not(target_os = "linux")))]
fn abstract_answers(_name: &str) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_display_that_nobody_serves_is_no_display() {
        for display in [
            "",
            "nonsense",
            ":",
            ":x",
            "host:x",
            ":59999",
            "unix:59999.0",
        ] {
            assert_eq!(x11_display(display), None, "{display}");
        }
        assert!(!answers(Path::new("/nowhere/wayland-0")));
    }

    #[test]
    fn no_connection_is_opened_to_a_display_elsewhere() {
        // Nobody could answer on a port that is listened to here without taking what comes.
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        server.set_nonblocking(true).unwrap();
        let number = server
            .local_addr()
            .unwrap()
            .port()
            .checked_sub(6000)
            .unwrap();
        let display = format!("127.0.0.1:{number}.0");
        assert_eq!(x11_display(&display), Some(Display::Elsewhere));
        let called = server.accept().map(|_| ()).map_err(|error| error.kind());
        assert_eq!(called, Err(std::io::ErrorKind::WouldBlock));
    }
}
