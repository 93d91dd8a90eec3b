#!/bin/sh
# Make sure that the programs and libraries of the system which we need are there: packages.sh build|run|test|browser|training...
# Looks for the things themselves, not for packages, so it is quick and works anywhere; installs only on Debian and kin.
set -eu

missing="" packages=""
libraries=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)

want() { # want NAME PACKAGE: NAME was not found
    missing="$missing $1" packages="$packages $2"
}
program() { command -v "$1" >/dev/null || want "$1" "$2"; }
library() { case "$libraries" in *"$1"*) ;; *) want "$1" "$2" ;; esac; }

rust_is_new_enough() { # Debian's own is older, and its complaints about our manifest would be obscure
    needed=$(sed -n 's/^rust-version = "1\.\([0-9]*\)"/\1/p' Cargo.toml)
    found=$(cargo --version 2>/dev/null | sed 's/^cargo 1\.\([0-9]*\).*/\1/')
    if [ "${found:-0}" -lt "$needed" ]; then
        echo "Mien is built with Rust 1.$needed or newer (here: ${found:+1.}${found:-none}): see https://rustup.rs" >&2
        exit 1
    fi
}

for purpose in "$@"; do
    case $purpose in
    build) # a linker, and libclang for the camera's bindings (bindgen)
        rust_is_new_enough
        program cc build-essential
        [ -n "${LIBCLANG_PATH:-}" ] || case "$libraries" in
        *libclang.so* | *libclang-[0-9]*) ;;
        *) want libclang libclang1 ;;
        esac
        ;;
    run) # videos, and what the window loads when it opens on X11 or Wayland
        program ffmpeg ffmpeg
        library libGL.so.1 libgl1
        library libEGL.so.1 libegl1
        library libX11-xcb.so.1 libx11-xcb1
        library libXcursor.so.1 libxcursor1
        library libXi.so.6 libxi6
        library libxkbcommon-x11.so.0 libxkbcommon-x11-0
        library libwayland-client.so.0 libwayland-client0
        library libwayland-egl.so.1 libwayland-egl1
        ;;
    test) # a display without a screen, a way to photograph it, and to press its keys; a look at system calls, a false clock
        program Xvfb xvfb
        program import imagemagick
        program xdotool xdotool
        program strace strace
        program faketime faketime
        ;;
    browser) # to look at the report's page
        program node nodejs
        program npm npm
        program chromium chromium
        ;;
    training) # Debian's python3 comes without what makes a virtual environment
        python3 -c 'import ensurepip' 2>/dev/null || want python3-venv python3-venv
        ;;
    esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing on this system:$missing. Please install them (on Debian the packages are:$packages)." >&2
    exit 1
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
        echo "Missing:$missing. Neither root nor sudo here: please have an administrator run" >&2
        echo "  apt-get install$packages" >&2
        exit 1
    fi
fi
echo "Set-up: installing$packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    $as_root apt-get update -q
    # shellcheck disable=SC2086 # several words on purpose
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
}
if ! install >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "Installing$packages failed (see above)." >&2
    exit 1
fi
