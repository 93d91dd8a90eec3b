use std::sync::Mutex;

use image::GrayImage;

use super::*;
use crate::source::FrameSource;
use crate::source::demo::Demo;

/// What there is to be seen, and what the detector was asked for.
#[derive(Default)]
struct World {
    faces: Vec<FaceBox>,
    searches: usize,
    follows: usize,
}

struct FakeDetector(Arc<Mutex<World>>);

impl FaceDetector for FakeDetector {
    fn detect(&mut self, _: &GrayImage, _: f32) -> Result<Vec<Detection>> {
        let mut world = self.0.lock().unwrap();
        world.searches += 1;
        let found = world.faces.iter().map(|face_box| Detection {
            face_box: *face_box,
            score: 9.0,
        });
        Ok(found.collect())
    }

    fn follow(&mut self, _: &GrayImage, known: &FaceBox) -> Result<Option<Detection>> {
        let mut world = self.0.lock().unwrap();
        world.follows += 1;
        let near = world
            .faces
            .iter()
            .find(|face_box| face_box.overlap(known) > 0.3);
        Ok(near.map(|face_box| Detection {
            face_box: *face_box,
            score: 5.0,
        }))
    }
}

fn face_at(x: f32) -> FaceBox {
    FaceBox {
        x,
        y: 50.0,
        width: 100.0,
        height: 100.0,
    }
}

fn frame(millis: u64, still: bool) -> Arc<Frame> {
    Arc::new(Frame {
        source: Arc::from("test"),
        source_frame: 0,
        time: Duration::from_millis(millis),
        utc: None,
        captured: Instant::now(),
        still,
        luma: GrayImage::new(1, 1),
        picture: image::RgbImage::new(1, 1),
    })
}

fn finder() -> (Finder, Arc<Mutex<World>>) {
    let world = Arc::new(Mutex::new(World::default()));
    let finder = Finder::new(Box::new(FakeDetector(Arc::clone(&world))));
    (finder, world)
}

/// The left edges of the faces found.
fn found(finder: &mut Finder, millis: u64) -> Vec<f32> {
    let found = finder.find(frame(millis, false)).unwrap().detections;
    found.iter().map(|found| found.face_box.x).collect()
}

/// The times of frames at 30 a second.
fn second(from: u64) -> impl Iterator<Item = u64> {
    (0..30).map(move |frame| from + frame * 1000 / 30)
}

/// Lets a face move for a second, so far in each frame; gives the searches and follows that took.
fn followed_at(pixels_per_frame: f32) -> (usize, usize) {
    let (mut finder, world) = finder();
    for (step, millis) in second(0).enumerate() {
        let at = step as f32 * pixels_per_frame;
        world.lock().unwrap().faces = vec![face_at(at)];
        assert_eq!(found(&mut finder, millis), [at]);
    }
    let world = world.lock().unwrap();
    (world.searches, world.follows)
}

#[test]
fn a_face_is_followed_and_all_is_searched_now_and_then() {
    assert_eq!(followed_at(1.0), (3, 29));
}

#[test]
fn all_is_searched_more_often_while_faces_move() {
    // More than 24 of its 100 pixels are three frames at 10, and two at 14.
    assert_eq!(followed_at(10.0), (10, 29));
    assert_eq!(followed_at(14.0), (15, 29));
}

#[test]
fn a_new_face_is_noticed_within_half_a_second_and_one_that_left_is_gone_at_once() {
    let (mut finder, world) = finder();
    world.lock().unwrap().faces = vec![face_at(0.0)];
    for millis in second(0) {
        assert_eq!(found(&mut finder, millis), [0.0]);
    }
    world.lock().unwrap().faces.push(face_at(300.0));
    let noticed = second(1000).find(|millis| found(&mut finder, *millis).len() == 2);
    assert!(noticed.is_some_and(|millis| millis < 1500), "{noticed:?}");
    world.lock().unwrap().faces.remove(0);
    for millis in second(2000) {
        assert_eq!(found(&mut finder, millis), [300.0]);
    }
}

#[test]
fn a_face_that_leapt_is_found_in_the_same_frame_and_once() {
    let (mut finder, world) = finder();
    for (millis, at) in [(0, 0.0), (33, 0.0), (66, 400.0), (100, 400.0), (133, 370.0)] {
        world.lock().unwrap().faces = vec![face_at(at)];
        assert_eq!(found(&mut finder, millis), [at]);
    }
}

#[test]
fn a_face_that_was_hidden_is_found_again_in_the_first_frame_that_shows_it() {
    let (mut finder, world) = finder();
    world.lock().unwrap().faces = vec![face_at(0.0), face_at(300.0)];
    assert_eq!(found(&mut finder, 0).len(), 2);
    let hidden = world.lock().unwrap().faces.pop();
    for millis in [33, 66, 99, 133, 166] {
        assert_eq!(found(&mut finder, millis), [0.0]);
    }
    assert_eq!(world.lock().unwrap().searches, 2, "one when it was lost");
    world.lock().unwrap().faces.extend(hidden);
    assert_eq!(found(&mut finder, 200), [0.0, 300.0]);
    assert_eq!(
        world.lock().unwrap().searches,
        2,
        "it was looked for where it was"
    );
}

#[test]
fn two_followed_faces_that_come_together_are_one() {
    let (mut finder, world) = finder();
    world.lock().unwrap().faces = vec![face_at(0.0), face_at(60.0)];
    assert_eq!(found(&mut finder, 0), [0.0, 60.0]);
    world.lock().unwrap().faces = vec![face_at(30.0)];
    assert_eq!(found(&mut finder, 33), [30.0]);
}

#[test]
fn nobody_is_looked_for_more_often_than_somebody_else() {
    let (mut finder, world) = finder();
    for millis in second(0) {
        assert!(found(&mut finder, millis).is_empty());
    }
    let searches = world.lock().unwrap().searches;
    assert!((8..=10).contains(&searches), "{searches}");
    world.lock().unwrap().faces = vec![face_at(0.0)];
    let noticed = second(1000).find(|millis| !found(&mut finder, *millis).is_empty());
    assert!(noticed.is_some_and(|millis| millis <= 1100), "{noticed:?}");
}

#[test]
fn stills_distant_frames_and_another_source_are_searched_in_full() {
    let (mut finder, world) = finder();
    world.lock().unwrap().faces = vec![face_at(0.0)];
    for millis in [0, 200, 400, 10] {
        assert_eq!(found(&mut finder, millis), [0.0]);
    }
    finder.forget();
    assert_eq!(found(&mut finder, 43), [0.0]);
    for millis in [44, 45] {
        let found = finder.find(frame(millis, true)).unwrap();
        assert_eq!(found.detections.len(), 1);
    }
    let world = world.lock().unwrap();
    assert_eq!((world.searches, world.follows), (7, 0));
}

#[test]
fn the_demos_face_is_followed_where_a_search_of_each_frame_finds_it() {
    let mut finder = Finder::new(Box::new(crate::detector::SeetaDetector::new().unwrap()));
    let mut detector = crate::detector::SeetaDetector::new().unwrap();
    let mut demo = Demo::new().unwrap();
    for _ in 0..20 {
        let frame = Arc::new(demo.next_frame().unwrap().unwrap());
        let everywhere = detector.detect(&frame.luma, SMALLEST_FACE_LIVE).unwrap();
        let followed = finder.find(frame).unwrap().detections;
        let ([everywhere], [followed]) = (&everywhere[..], &followed[..]) else {
            panic!("{everywhere:?} {followed:?}")
        };
        let overlap = everywhere.face_box.overlap(&followed.face_box);
        assert!(overlap > 0.65, "{everywhere:?} {followed:?}");
    }
}

#[test]
fn who_may_not_go_unseen_is_found_in_the_first_frame() {
    let (mut finder, world) = finder();
    world.lock().unwrap().faces.push(face_at(0.0));
    finder.search_always();
    assert_eq!(found(&mut finder, 0), [0.0]);
    for millis in (33..300).step_by(33) {
        world.lock().unwrap().faces.truncate(1);
        assert_eq!(found(&mut finder, millis), [0.0]);
        world
            .lock()
            .unwrap()
            .faces
            .push(face_at(300.0 + millis as f32));
        assert_eq!(found(&mut finder, millis).len(), 2, "at {millis} ms");
    }
}
