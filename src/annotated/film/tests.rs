//! Films written by ffmpeg and read back.

use image::Rgb;
use tempfile::TempDir;

use super::*;
use crate::source::FrameSource;
use crate::source::video::VideoSource;

/// A source: its length and sound are what matter.
fn source(folder: &TempDir, arguments: &str) -> PathBuf {
    let name = arguments.split_whitespace().last().unwrap();
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i"])
        .args(arguments.split_whitespace())
        .current_dir(folder.path())
        .status()
        .expect("these tests need ffmpeg: sudo apt-get install ffmpeg");
    assert!(made.success());
    folder.path().join(name)
}

fn silent(folder: &TempDir) -> PathBuf {
    source(folder, "testsrc=size=64x48:rate=25:duration=1 silent.mkv")
}

/// Writes a film of plain pictures at these times and gives what is in it.
fn written(source: &Path, path: &Path, size: (u32, u32), micros: &[u64]) -> Vec<(u64, (u32, u32))> {
    let times: Vec<Duration> = micros.iter().copied().map(Duration::from_micros).collect();
    let mut film = Film::create(path.to_owned(), source, size, times[0], 1).unwrap();
    for (number, time) in times.iter().enumerate() {
        let picture = RgbImage::from_pixel(
            size.0,
            size.1,
            Rgb([(number as u8).wrapping_mul(20), 90, 200]),
        );
        film.write(&picture, *time).unwrap();
    }
    film.finish().unwrap();
    let mut video = VideoSource::open(path).unwrap();
    std::iter::from_fn(|| video.next_frame().unwrap())
        .map(|frame| (frame.time.as_micros() as u64, frame.size()))
        .collect()
}

/// What ffprobe says of a file's streams.
fn streams(path: &Path) -> String {
    let said = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_name,duration"])
        .args(["-of", "csv=p=0"])
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn every_frame_keeps_its_time_at_any_rate_and_an_odd_size_gains_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let times = [0, 33_367, 66_733, 500_000, 510_000, 2_000_000];
    let frames = written(&silent(&folder), &path, (63, 37), &times);
    assert_eq!(frames.len(), times.len());
    for ((time, size), wanted) in frames.iter().zip(times) {
        assert!(time.abs_diff(wanted) <= 10, "{time} for {wanted}");
        assert_eq!(*size, (64, 38));
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "the source and the film, nothing half");
}

#[test]
fn a_film_that_begins_late_begins_as_late() {
    let folder = tempfile::tempdir().unwrap();
    // Where sound comes first, the pictures begin later.
    let sound = source(
        &folder,
        "testsrc=size=64x48:rate=25:duration=2 -f lavfi -i sine=duration=2 -c:v mpeg4 -c:a aac sound.mp4",
    );
    let path = folder.path().join("film.mp4");
    let frames = written(&sound, &path, (64, 48), &[400_000, 440_000, 480_000]);
    let first = frames[0].0;
    assert!(first.abs_diff(400_000) <= 10, "{first}");
}

#[test]
fn sound_comes_along_and_ends_with_the_pictures() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec, kept) in [
        ("aac.mp4", "aac", "aac"),
        // No MP4 takes raw sound.
        ("raw.mkv", "pcm_s16le", "aac"),
    ] {
        let arguments = format!(
            "testsrc=size=64x48:rate=25:duration=4 -f lavfi -i sine=duration=4 -c:v mpeg4 -c:a {codec} {name}"
        );
        let path = folder.path().join(format!("film of {name}.mp4"));
        let times: Vec<u64> = (0..25).map(|number| number * 40_000).collect();
        let frames = written(&source(&folder, &arguments), &path, (64, 48), &times);
        assert_eq!(frames.len(), 25);
        let streams = streams(&path);
        let sound = streams.lines().find(|line| line.starts_with(kept));
        let length: f32 = sound.unwrap().split(',').nth(1).unwrap().parse().unwrap();
        assert!((0.9..1.15).contains(&length), "{streams}");
    }
}

#[test]
fn the_sounds_own_tags_stay_behind() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "testsrc=size=64x48:rate=25:duration=1 -f lavfi -i sine=duration=1 -c:v mpeg4 -c:a aac \
        -metadata:s:a:0 title=SecretName -metadata:s:a:0 handler_name=SecretPhone -metadata artist=SecretArtist \
        -metadata:s:a:0 language=isl tagged.mp4";
    let tagged = source(&folder, arguments);
    let secrets = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.matches("Secret").count()
    };
    assert_eq!(secrets(&tagged), 3);
    let path = folder.path().join("film.mp4");
    written(&tagged, &path, (64, 48), &[0, 40_000, 80_000]);
    assert_eq!(secrets(&path), 0);
    assert!(streams(&path).contains("aac"), "the sound itself is kept");
}

#[test]
fn a_frame_of_another_size_is_fitted_in() {
    let tall = RgbImage::from_pixel(10, 40, Rgb([200; 3]));
    let fitted = fit(&tall, (60, 20));
    assert_eq!(fitted.dimensions(), (60, 20));
    assert_eq!(fitted.get_pixel(30, 10).0, [200; 3]);
    assert_eq!(fitted.get_pixel(20, 10).0, [0; 3]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let mut film =
        Film::create(path.clone(), &silent(&folder), (64, 48), Duration::ZERO, 1).unwrap();
    film.write(&RgbImage::new(64, 48), Duration::ZERO).unwrap();
    film.write(&tall, Duration::from_millis(40)).unwrap();
    film.finish().unwrap();
    assert!(streams(&path).lines().count() == 1);
}

#[test]
fn what_cannot_be_written_is_said_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-such-folder/film.mp4");
    let silent = silent(&folder);
    let mut film = Film::create(path, &silent, (640, 480), Duration::ZERO, 1).unwrap();
    let picture = RgbImage::new(640, 480);
    let error = (0..50)
        .find_map(|number| {
            film.write(&picture, Duration::from_millis(number * 40))
                .err()
        })
        .unwrap();
    assert!(matches!(&error, Error::Film { .. }), "{error}");
    assert!(error.to_string().contains("No such file"), "{error}");

    let path = folder.path().join("dropped.mp4");
    let mut film = Film::create(path, &silent, (640, 480), Duration::ZERO, 1).unwrap();
    film.write(&picture, Duration::ZERO).unwrap();
    drop(film);
    let names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["silent.mkv"]);
}

#[test]
fn the_speaker_is_no_part_of_what_it_says() {
    assert_eq!(
        said("[mp4 @ 0x55] No space left on device\n").unwrap(),
        "No space left on device"
    );
    assert_eq!(
        said("file:x: Permission denied").unwrap(),
        "file:x: Permission denied"
    );
    assert_eq!(said(" \n"), None);
}
