//! Whether there is a screen to open a window on.

#[cfg(unix)]
use std::path::Path;

/// Whether a window can be opened: on Unix, whether a Wayland or X11 server answers.
#[must_use]
pub fn display_available() -> bool {
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        use std::env;

        let wayland = env::var_os("WAYLAND_DISPLAY").filter(|name| !name.is_empty());
        let runtime = env::var_os("XDG_RUNTIME_DIR").unwrap_or_default();
        // An absolute name replaces the folder, as Wayland wants it.
        wayland.is_some_and(|name| answers(&Path::new(&runtime).join(name)))
            || env::var("DISPLAY").is_ok_and(|display| x11_answers(&display))
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    true
}

#[cfg(unix)]
fn answers(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

/// Asks the server that `display` names: `:N` here, `host:N` elsewhere by TCP.
#[cfg(unix)]
fn x11_answers(display: &str) -> bool {
    let Some((host, number)) = display.rsplit_once(':') else {
        return false;
    };
    let number = number.split('.').next().unwrap_or_default();
    let Ok(number) = number.parse::<u16>() else {
        return false;
    };
    if !host.is_empty() && host != "unix" {
        return std::net::TcpStream::connect((host, 6000 + number)).is_ok();
    }
    let socket = format!("/tmp/.X11-unix/X{number}");
    answers(Path::new(&socket)) || abstract_answers(&socket)
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
        for display in ["", "nonsense", ":", ":x", ":59999", "127.0.0.1:59"] {
            assert!(!x11_answers(display), "{display}");
        }
        assert!(!answers(Path::new("/nowhere/wayland-0")));
    }
}
