//! What can be known of a camera on Linux without one.

use super::*;
use crate::source::pixels::decode;

#[test]
fn the_systems_numbers_become_faults() {
    let fault = |number: i32| Fault::from(io::Error::from_raw_os_error(number));
    assert_eq!(fault(ENODEV), Fault::Away);
    assert_eq!(fault(EBUSY), Fault::Busy);
    assert_eq!(fault(EACCES), Fault::Denied);
    assert!(matches!(fault(5), Fault::Other(text) if text.contains("Input/output")));
    let silent = io::Error::new(io::ErrorKind::TimedOut, "VIDIOC_DQBUF");
    assert_eq!(Fault::from(silent), Fault::Silent);
}

#[test]
fn of_a_range_the_usual_sizes_and_rates_are_taken() {
    let range = Stepwise {
        min_width: 160,
        max_width: 1280,
        step_width: 16,
        min_height: 120,
        max_height: 720,
        step_height: 8,
    };
    assert_eq!(
        sizes_in(&range),
        [(320, 240), (640, 360), (640, 480), (800, 600), (1280, 720)]
    );
    let odd = Stepwise {
        min_width: 100,
        max_width: 101,
        step_width: 1,
        min_height: 50,
        max_height: 50,
        step_height: 1,
    };
    assert_eq!(sizes_in(&odd), [(101, 50)]);
    let rates = rates_in(Fraction::new(1001, 30000), Fraction::new(1, 12));
    let text: Vec<String> = rates.iter().map(ToString::to_string).collect();
    assert_eq!(text, ["15", "25", "29.97"]);
}

#[test]
fn a_camera_that_says_nothing_of_its_rate_is_asked_for_the_usual_one() {
    let text = |now| only_rate(now).unwrap().to_string();
    assert_eq!(text(None), "30");
    assert_eq!(text(Some(Fraction::new(0, 0))), "30");
    assert_eq!(text(Some(Fraction::new(1, 15))), "15");
}

#[test]
fn a_damaged_frame_and_an_empty_one_show_nothing_of_an_older_one() {
    let bytes = |bytesused, flags| {
        let meta = Metadata {
            bytesused,
            flags,
            ..Metadata::default()
        };
        filled(b"frame and rest", &meta).to_vec()
    };
    assert_eq!(bytes(5, Flags::empty()), b"frame");
    assert_eq!(bytes(99, Flags::empty()), b"frame and rest");
    assert!(bytes(0, Flags::empty()).is_empty());
    assert!(bytes(5, Flags::ERROR | Flags::DONE).is_empty());
    for pixels in [PixelFormat::Mjpeg, PixelFormat::Yuyv, PixelFormat::Nv12] {
        assert!(decode(pixels, (2, 2), 0, &[]).is_err());
    }
}

#[test]
fn a_stream_that_will_not_stop_is_let_go() {
    struct Stubborn;
    impl Drop for Stubborn {
        fn drop(&mut self) {
            panic!("Input/output error");
        }
    }
    let_go(Some(Stubborn));
}

#[test]
fn who_holds_a_device_is_found_by_its_open_files() {
    // No program has a device of this number open.
    assert_eq!(holder(987_654), None);
}
