//! What can be known of cameras without one.

use std::path::Path;

use super::*;

#[test]
fn a_cameras_nodes_share_its_name_and_twins_are_told_apart_by_port() {
    let names = |list: &[(u32, &str, &str)]| {
        let found = |&(index, name, port): &(u32, &str, &str)| Found {
            index,
            name: name.to_owned(),
            port: port.to_owned(),
        };
        let nodes = named(&list.iter().map(found).collect::<Vec<_>>());
        nodes.into_iter().map(|node| node.name).collect::<Vec<_>>()
    };
    assert_eq!(
        names(&[(0, "Cam", "1-1"), (1, "Cam", "1-1")]),
        ["Cam", "Cam"]
    );
    assert_eq!(
        names(&[
            (0, "Cam", "1-1"),
            (1, "Cam", "1-1"),
            (2, "Cam", "1-2"),
            (4, "Eye", "1-3")
        ]),
        ["Cam (1-1)", "Cam (1-1)", "Cam (1-2)", "Eye"]
    );
}

/// The names under which cameras of these numbers, names and ports are opened when `wanted` is looked for,
/// and one was opened before at the port `last`.
fn opened(cameras: &[(u32, &str, &str)], wanted: &str, last: Option<&str>) -> Vec<String> {
    let found = |&(index, name, port): &(u32, &str, &str)| Found {
        index,
        name: name.to_owned(),
        port: port.to_owned(),
    };
    let nodes = named(&cameras.iter().map(found).collect::<Vec<_>>());
    let meant = meant(nodes, wanted, |_| last.map(str::to_owned));
    let tell = |node: Node| format!("{}: {}", node.index, node.name);
    meant.into_iter().map(tell).collect()
}

const LEFT: (u32, &str, &str) = (0, "Cam", "1-1");
const RIGHT: (u32, &str, &str) = (2, "Cam", "1-2");

#[test]
fn a_camera_is_found_again_by_its_name_when_its_like_comes_or_goes() {
    let twins = [LEFT, RIGHT];
    // It was chosen by its name with the port.
    assert_eq!(opened(&twins, "Cam (1-2)", Some("1-2")), ["2: Cam (1-2)"]);
    assert_eq!(opened(&[RIGHT], "cam (1-2)", Some("1-2")), ["2: Cam (1-2)"]);
    assert!(opened(&[LEFT], "Cam (1-2)", Some("1-2")).is_empty());
    // It was the only one when it was chosen.
    assert_eq!(opened(&twins, "Cam", Some("1-2")), ["2: Cam"]);
    let elsewhere = (5, "Cam", "1-3");
    assert!(opened(&[LEFT, elsewhere], "Cam", Some("1-2")).is_empty());
    // One that was plugged in elsewhere.
    assert_eq!(opened(&[elsewhere], "Cam", Some("1-2")), ["5: Cam"]);
}

#[test]
fn of_cameras_that_are_alike_the_first_is_taken_by_name_and_says_which_it_is() {
    let both = ["0: Cam (1-1)", "2: Cam (1-2)"];
    assert_eq!(opened(&[LEFT, RIGHT], "cam", None), both);
    assert!(opened(&[LEFT, RIGHT], "Ca", None).is_empty());
    assert_eq!(opened(&[LEFT, RIGHT], "2", None), ["2: Cam (1-2)"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_to_its_device_and_any_other_name_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("usb-HD_Webcam-index0");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    assert_eq!(device_of(&link.display().to_string()), "/dev/null");
    for name in ["HD Webcam", "2", "/dev/video987654"] {
        assert_eq!(device_of(name), name);
    }
    assert_eq!(device_of(" HD Webcam "), "HD Webcam");
    assert!(!is_device(&link) && !is_device(Path::new("/dev/video987654")));
}

fn node() -> Node {
    Node {
        index: 2,
        name: "HD Webcam".to_owned(),
        plain: "HD Webcam".to_owned(),
        port: "1-2".to_owned(),
    }
}

#[test]
fn a_camera_is_meant_by_its_name_its_number_or_its_device_file() {
    for wanted in ["HD Webcam", "hd webcam", "2", "/dev/video2"] {
        assert!(node().is_meant_by(wanted), "{wanted}");
    }
    for wanted in ["HD", "HD Webcam 2", "12", "", "/dev/video", "/dev/video20"] {
        assert!(!node().is_meant_by(wanted), "{wanted}");
    }
}

#[test]
fn faults_become_sentences_that_name_the_camera_and_say_what_to_do() {
    let said = |fault: &Fault| refused(&node(), fault).to_string();
    assert!(said(&Fault::Away).contains("'HD Webcam' was not found"));
    assert!(said(&Fault::Busy).contains("'HD Webcam' is in use by another program"));
    assert!(said(&Fault::Denied).contains("group 'video'"));
    let thermal = Fault::Unreadable("Y16, GREY".to_owned());
    assert!(said(&thermal).contains("only Y16, GREY; Mien reads MJPEG"));
    assert_eq!(
        lost("HD Webcam", &Fault::Away).to_string(),
        "the camera 'HD Webcam' stopped: it was unplugged"
    );
    assert!(matches!(
        lost("HD Webcam", &Fault::Silent),
        Error::CameraSilent { .. }
    ));
    let words = Fault::Other("Input/output error".to_owned());
    assert!(
        lost("HD Webcam", &words)
            .to_string()
            .contains("Input/output")
    );
}

#[test]
fn a_camera_that_is_not_there_is_not_found() {
    let error = CameraSource::open(Some("no such camera"), &CameraRequest::default());
    assert!(
        matches!(error.err(), Some(Error::CameraNotFound { name }) if name == "no such camera")
    );
}
