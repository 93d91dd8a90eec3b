//! Videos made by ffmpeg's own test pictures, read back.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::decoder::{Range, Stamp, error_in, is_full_range, stamp_in};
use super::*;

/// Runs `ffmpeg` in a folder of its own; the last argument names the video.
fn made_by_ffmpeg(arguments: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let name = arguments.split_whitespace().last().unwrap();
    let path = folder.path().join(name);
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i"])
        .args(arguments.split_whitespace())
        .current_dir(folder.path())
        .status()
        .expect("these tests need ffmpeg: sudo apt-get install ffmpeg");
    assert!(made.success());
    (folder, path)
}

fn frames_of(source: &mut VideoSource) -> Vec<Frame> {
    std::iter::from_fn(|| source.next_frame().unwrap()).collect()
}

fn millis_of(frames: &[Frame]) -> Vec<u128> {
    frames.iter().map(|frame| frame.time.as_millis()).collect()
}

#[test]
fn every_frame_comes_with_its_number_time_and_picture() {
    let (_folder, path) = made_by_ffmpeg("testsrc=size=64x48:rate=25:duration=1 clip.mp4");
    let mut source = VideoSource::open(&path).unwrap();
    assert_eq!(source.expected_frames(), Some(25));
    assert_eq!(source.name(), "clip.mp4");
    let frames = frames_of(&mut source);
    assert_eq!(frames.len(), 25);
    for (number, frame) in frames.iter().enumerate() {
        assert_eq!(frame.source_frame, number as u64);
        assert_eq!(frame.time, Duration::from_millis(40) * number as u32);
        assert_eq!(
            (frame.size(), frame.luma.dimensions()),
            ((64, 48), (64, 48))
        );
        assert_eq!(&*frame.source, "clip.mp4");
        assert!(!frame.still && frame.utc.is_none());
    }
    assert!(source.next_frame().unwrap().is_none());
}

#[test]
fn the_picture_at_a_frames_time_is_that_frame() {
    let (_folder, path) = made_by_ffmpeg("testsrc=size=64x48:rate=30000/1001:duration=3 clip.mp4");
    let frames = frames_of(&mut VideoSource::open(&path).unwrap());
    for number in [0, 1, 17, 44, frames.len() - 1] {
        // As the log writes it.
        let time = Duration::from_millis(frames[number].time.as_millis() as u64);
        let picture = picture_at(&path, time).unwrap();
        assert_eq!(picture, frames[number].picture, "frame {number}");
    }
    let error = picture_at(&path, Duration::from_secs(9)).unwrap_err();
    assert!(error.to_string().contains("no picture at 9.0 s"), "{error}");
}

#[test]
fn colours_and_brightness_are_full_range() {
    let (_folder, path) = made_by_ffmpeg(
        "color=white:size=32x32:duration=0.2,drawbox=x=0:w=16:h=32:color=black:t=fill clip.mkv",
    );
    let frame = VideoSource::open(&path)
        .unwrap()
        .next_frame()
        .unwrap()
        .unwrap();
    assert!(frame.luma.get_pixel(4, 16).0[0] < 4 && frame.luma.get_pixel(28, 16).0[0] > 251);
    let (_folder, path) = made_by_ffmpeg("color=red:size=32x32:duration=0.2 clip.mp4");
    let frame = VideoSource::open(&path)
        .unwrap()
        .next_frame()
        .unwrap()
        .unwrap();
    let [red, green, blue] = frame.picture.get_pixel(16, 16).0;
    assert!(red > 245 && green < 10 && blue < 10, "{red} {green} {blue}");
}

#[test]
fn a_variable_frame_rate_keeps_its_stamps() {
    let (_folder, path) = made_by_ffmpeg(
        "testsrc=size=64x48:rate=10:duration=2 \
         -vf settb=1/1000,select='lt(n,5)+gte(n,15)',setpts='PTS+30*gte(N,7)' \
         -fps_mode passthrough -enc_time_base 1:1000 clip.mkv",
    );
    let frames = frames_of(&mut VideoSource::open(&path).unwrap());
    assert_eq!(
        millis_of(&frames),
        [0, 100, 200, 300, 400, 1500, 1600, 1730, 1830, 1930]
    );
}

#[test]
fn odd_sizes_come_whole() {
    let (_folder, path) =
        made_by_ffmpeg("testsrc=size=63x37:rate=10:duration=0.5 -c:v ffv1 -pix_fmt bgr0 clip.mkv");
    let frames = frames_of(&mut VideoSource::open(&path).unwrap());
    assert_eq!(frames.len(), 5);
    assert!(frames.iter().all(|frame| frame.size() == (63, 37)));
}

#[test]
fn a_rotation_tag_turns_the_picture() {
    let (_folder, path) = made_by_ffmpeg(
        "color=white:size=64x32:rate=10:duration=0.5,drawbox=x=0:w=32:h=32:color=black:t=fill \
         clip.mp4",
    );
    let mut bytes = fs::read(&path).unwrap();
    let header = bytes.windows(4).position(|tag| tag == b"tkhd").unwrap();
    // The matrix of a track's header, in 16.16 and 2.30: a quarter turn clockwise.
    let matrix = [
        0,
        0x1_0000,
        0,
        -0x1_0000,
        0,
        0,
        32 << 16,
        0,
        0x4000_0000_i32,
    ];
    let matrix: Vec<u8> = matrix.into_iter().flat_map(i32::to_be_bytes).collect();
    bytes[header + 44..header + 80].copy_from_slice(&matrix);
    fs::write(&path, bytes).unwrap();
    let frame = VideoSource::open(&path)
        .unwrap()
        .next_frame()
        .unwrap()
        .unwrap();
    assert_eq!(frame.size(), (32, 64));
    // Black was on the left and comes to the top.
    assert!(frame.luma.get_pixel(16, 8).0[0] < 30 && frame.luma.get_pixel(16, 56).0[0] > 225);
}

#[test]
fn a_size_that_changes_on_the_way_changes_the_frames() {
    let (folder, first) = made_by_ffmpeg("testsrc=size=64x48:rate=10:duration=0.5 a.ts");
    let (_other, second) = made_by_ffmpeg("testsrc=size=32x80:rate=10:duration=0.5 b.ts");
    let path = folder.path().join("both.ts");
    fs::write(
        &path,
        [fs::read(first).unwrap(), fs::read(second).unwrap()].concat(),
    )
    .unwrap();
    let frames = frames_of(&mut VideoSource::open(&path).unwrap());
    let sizes: Vec<(u32, u32)> = frames.iter().map(Frame::size).collect();
    // ffmpeg's decoder may keep the last picture before the change to itself.
    assert!(sizes.starts_with(&[(64, 48); 4]), "{sizes:?}");
    assert!(sizes.ends_with(&[(32, 80); 4]), "{sizes:?}");
    assert!(frames.is_sorted_by_key(|frame| frame.time));
}

#[test]
fn a_truncated_video_gives_its_frames_and_then_the_error() {
    for (arguments, kept) in [
        (
            "testsrc=size=320x240:rate=25:duration=4 -movflags +faststart clip.mp4",
            0.6,
        ),
        ("testsrc=size=320x240:rate=25:duration=4 clip.mkv", 0.6),
        ("testsrc=size=320x240:rate=25:duration=4 clip.avi", 0.6),
    ] {
        let (_folder, path) = made_by_ffmpeg(arguments);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..(bytes.len() as f64 * kept) as usize]).unwrap();
        let mut source = VideoSource::open(&path).unwrap();
        let mut frames = 0;
        let error = loop {
            match source.next_frame() {
                Ok(Some(_)) => frames += 1,
                Ok(None) => panic!("{arguments}: no error after {frames} frames"),
                Err(error) => break error,
            }
        };
        assert!((30..100).contains(&frames), "{arguments}: {frames}");
        assert!(error.to_string().contains("breaks off after"), "{error}");
        assert!(source.next_frame().unwrap().is_none());
    }
}

#[test]
fn what_is_no_video_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let noise: Vec<u8> = (0..20_000_u32)
        .map(|i| (i.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let (_sound, sound) = made_by_ffmpeg("sine=duration=1 sound.mp3");
    for path in [
        file("empty.mp4", b""),
        file("noise.mp4", &noise),
        file("text.txt", b"Dear diary,\nnothing moves here.\n"),
        file("table.csv", b"a,b\n1,2\n"),
        file("cut.mp4", b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"),
        sound,
    ] {
        let error = VideoSource::open(&path).unwrap_err();
        assert!(matches!(error, Error::BadVideo { .. }), "{error}");
    }
}

#[test]
fn odd_names_are_only_names() {
    let (folder, path) = made_by_ffmpeg("testsrc=size=32x32:rate=10:duration=0.3 clip.mp4");
    for name in [
        "-y.mp4",
        "http:x.mp4",
        "a %03d 'b\".mp4",
        "ümläut\n.mp4",
        "no extension",
    ] {
        let odd = folder.path().join(name);
        fs::copy(&path, &odd).unwrap();
        assert_eq!(
            frames_of(&mut VideoSource::open(&odd).unwrap()).len(),
            3,
            "{name}"
        );
    }
}

#[test]
fn a_source_that_is_dropped_early_ends_its_program() {
    let (_folder, path) = made_by_ffmpeg("testsrc=size=640x480:rate=30:duration=4 clip.mp4");
    let mut source = VideoSource::open(&path).unwrap();
    source.next_frame().unwrap().unwrap();
    let program = source.decoder.as_ref().unwrap().program.id();
    drop(source);
    // A program that was waited for has left the process table.
    assert!(!Path::new(&format!("/proc/{program}")).exists());
}

#[test]
fn a_missing_program_is_named() {
    let missing = io::Error::from(io::ErrorKind::NotFound);
    let error = not_started("ffprobe", Path::new("clip.mp4"), &missing);
    assert!(error.to_string().contains("sudo apt-get install ffmpeg"));
}

#[test]
fn stamps_and_errors_are_told_from_other_lines() {
    let line = "[Parsed_showinfo_1 @ 0x55c7] [info] n:   1 pts:  33367 pts_time:0.033367 \
                pos:    10114 fmt:yuv420p sar:1/1 s:596x336 i:P iskey:0 type:B \n";
    let stamp = Stamp {
        time: Some(Duration::from_micros(33_367)),
        size: (596, 336),
        range: Some(Range::Studio),
    };
    assert_eq!(stamp_in(line), Some(stamp));
    for (format, range) in [("yuvj422p", Some(Range::Full)), ("bgr0", None)] {
        let stamp = Stamp { range, ..stamp };
        assert_eq!(stamp_in(&line.replace("yuv420p", format)), Some(stamp));
    }
    let colours = "[Parsed_showinfo_1 @ 0x55c7] [info] color_range:tv color_space:bt709\n";
    assert_eq!(is_full_range(colours), Some(false));
    assert_eq!(is_full_range(&colours.replace(":tv", ":pc")), Some(true));
    assert_eq!(is_full_range(line), None);
    let without = line.replace("33367 pts_time:0.033367", "NOPTS pts_time:NOPTS");
    assert_eq!(
        stamp_in(&without),
        Some(Stamp {
            time: None,
            ..stamp
        })
    );
    for line in [
        "[Parsed_showinfo_1 @ 0x55c7] [info] config in time_base: 1/1000000, frame_rate: 30/1",
        "[info]     title           : [info] n: 1 pts: 5 s:4x4",
        "",
    ] {
        assert_eq!(stamp_in(line), None);
    }
    let error = "[mov,mp4 @ 0x55] [error] stream 0, offset 0x3: partial file\n";
    assert_eq!(
        error_in(error).unwrap(),
        "stream 0, offset 0x3: partial file"
    );
    assert_eq!(error_in("[h264 @ 0x5] [warning] deprecated"), None);
}
