//! What can be known of cameras without one.

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
    }
}

#[test]
fn a_camera_is_meant_by_its_name_its_number_or_its_device_file() {
    for wanted in ["HD Webcam", "hd webcam ", "2", "/dev/video2"] {
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
