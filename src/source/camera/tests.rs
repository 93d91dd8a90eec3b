//! What can be known of cameras without one.

use super::*;

#[test]
fn a_cameras_nodes_share_its_name_and_twins_are_told_apart_by_port() {
    let found = |list: &[(u32, &str, &str)]| {
        let owned =
            |&(index, name, port): &(u32, &str, &str)| (index, name.to_owned(), port.to_owned());
        let nodes = named(&list.iter().map(owned).collect::<Vec<_>>());
        nodes.into_iter().map(|node| node.name).collect::<Vec<_>>()
    };
    assert_eq!(
        found(&[(0, "Cam", "1-1"), (1, "Cam", "1-1")]),
        ["Cam", "Cam"]
    );
    assert_eq!(
        found(&[
            (0, "Cam", "1-1"),
            (1, "Cam", "1-1"),
            (2, "Cam", "1-2"),
            (4, "Eye", "1-3")
        ]),
        ["Cam (1-1)", "Cam (1-1)", "Cam (1-2)", "Eye"]
    );
}

#[test]
fn a_camera_is_meant_by_its_name_its_number_or_its_device_file() {
    let node = Node {
        index: 2,
        name: "HD Webcam".to_owned(),
    };
    for wanted in ["HD Webcam", "hd webcam ", "2", "/dev/video2"] {
        assert!(node.is_meant_by(wanted), "{wanted}");
    }
    for wanted in ["HD", "HD Webcam 2", "12", "", "/dev/video", "/dev/video20"] {
        assert!(!node.is_meant_by(wanted), "{wanted}");
    }
}

#[test]
fn a_metadata_node_is_no_camera_and_a_busy_one_is() {
    let property = |property: &str, error: &str| NokhwaError::GetPropertyError {
        property: property.to_owned(),
        error: error.to_owned(),
    };
    assert!(is_no_camera(&property(
        "FrameFormat",
        "Invalid argument (os error 22)"
    )));
    assert!(is_no_camera(&property("CameraFormat", "Failed to Fufill")));
    assert!(!is_no_camera(&property("FrameFormat", "unsupported")));
    let busy = NokhwaError::SetPropertyError {
        property: "Resolution, FrameFormat".to_owned(),
        value: "640x480".to_owned(),
        error: "Device or resource busy (os error 16)".to_owned(),
    };
    assert!(!is_no_camera(&busy));
    assert!(matches!(refused("Cam", &busy), Error::CameraBusy { .. }));
}

#[test]
fn the_systems_words_become_sentences() {
    let open = |error: &str| NokhwaError::OpenDeviceError("0".to_owned(), error.to_owned());
    let gone = open("V4L2 Error: No such file or directory (os error 2)");
    assert!(matches!(
        refused("Cam", &gone),
        Error::CameraNotFound { .. }
    ));
    let denied = refused("Cam", &open("V4L2 Error: Permission denied (os error 13)"));
    assert!(denied.to_string().contains("group 'video'"));
    let read = |error: &str| NokhwaError::ReadFrameError(error.to_owned());
    assert_eq!(
        loss(&read("No such device (os error 19)")),
        "it was unplugged"
    );
    assert!(loss(&read("Input/output error (os error 5)")).contains("Input/output"));
    assert_eq!(system_error(&read("no number")), None);
}

#[test]
fn a_camera_that_is_not_there_is_not_found() {
    let error = CameraSource::open(Some("no such camera"), &CameraRequest::default());
    assert!(
        matches!(error.err(), Some(Error::CameraNotFound { name }) if name == "no such camera")
    );
}
