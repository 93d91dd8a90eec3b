//! What the analysis thread waits on: the newest frame, and words that none may miss.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Asked, Command, Loaded};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::occlusion::HeatMap;

/// Words that may wait at once. A person cannot send as many in the time of one analysis.
const WORDS: usize = 64;

/// A word to the analysis thread.
pub(super) enum Word {
    /// From the window or the command line.
    Command(Command),
    /// A model has been loaded, or not: the errand's number, and the outcome.
    Loaded(u64, Result<Loaded>),
    /// A heat map is there, or not.
    Explained(Asked, Result<HeatMap>),
}

/// A word from a capture thread.
pub(super) enum SourceWord {
    /// The source is open; its own name.
    Opened(String),
    /// It starts again from its beginning.
    Restarted,
    /// One picture of a folder could not be read; the next follows.
    Skipped(Error),
    /// No more frames.
    Ended,
    /// It is of no more use.
    Failed(Error),
}

/// What the analysis thread is woken by.
pub(super) enum Event {
    Word(Word),
    /// A frame, and how many gave way to a newer one before it.
    Frame(Frame, u64),
    Source(SourceWord),
    /// Nothing for a while.
    Tick,
    /// The pipeline ends.
    Closed,
}

#[derive(Default)]
struct Contents {
    words: VecDeque<Word>,
    /// With how many of the source's words are to be heard before it.
    frame: Option<(Frame, usize)>,
    dropped: u64,
    source_words: VecDeque<SourceWord>,
    /// The capture thread that is listened to; what others send is ignored.
    capture: u64,
    paused: bool,
    closed: bool,
}

/// Pictures: only the newest is kept. Words: every one is, up to a limit.
#[derive(Default)]
pub(super) struct Inbox {
    contents: Mutex<Contents>,
    changed: Condvar,
}

impl Inbox {
    /// Leaves a word; false when the pipeline has ended or too many words wait.
    pub(super) fn tell(&self, word: Word) -> bool {
        let mut contents = self.lock();
        if contents.closed || contents.words.len() >= WORDS {
            return false;
        }
        contents.words.push_back(word);
        self.changed.notify_all();
        true
    }

    /// Leaves a frame in place of an older one. Waits while the view is paused; a still picture
    /// also waits for its turn, since no newer one shows the same. False when `capture` is no
    /// longer listened to.
    pub(super) fn put(&self, capture: u64, frame: Frame) -> bool {
        let mut contents = self.lock();
        while contents.listens_to(capture)
            && (contents.paused || (frame.still && contents.frame.is_some()))
        {
            contents = self.wait(contents);
        }
        if !contents.listens_to(capture) {
            return false;
        }
        let before = contents.source_words.len();
        if contents.frame.replace((frame, before)).is_some() {
            contents.dropped += 1;
        }
        self.changed.notify_all();
        true
    }

    /// Leaves a word about the source; false when `capture` is no longer listened to.
    pub(super) fn tell_of_source(&self, capture: u64, word: SourceWord) -> bool {
        let mut contents = self.lock();
        while contents.listens_to(capture) && contents.source_words.len() >= WORDS {
            contents = self.wait(contents);
        }
        if !contents.listens_to(capture) {
            return false;
        }
        contents.source_words.push_back(word);
        self.changed.notify_all();
        true
    }

    /// Sleeps until `due`, or until `capture` is no longer listened to: then false.
    pub(super) fn sleep_until(&self, capture: u64, due: Instant) -> bool {
        let mut contents = self.lock();
        while contents.listens_to(capture) {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            contents = self.wait_at_most(contents, left);
        }
        false
    }

    /// Listens to another capture thread from now on; what the one before left is forgotten.
    pub(super) fn listen_to(&self, capture: u64) {
        let mut contents = self.lock();
        contents.capture = capture;
        contents.frame = None;
        contents.source_words.clear();
        contents.paused = false;
        self.changed.notify_all();
    }

    /// Holds frames back, or lets them come again.
    pub(super) fn pause(&self, paused: bool) {
        self.lock().paused = paused;
        self.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Ends everything that waits here.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The next thing to do, or [`Event::Tick`] after `patience`. Words come before frames, or a
    /// fast camera would keep them waiting; a source's own words and its frames keep their order.
    pub(super) fn next(&self, patience: Duration) -> Event {
        let until = Instant::now() + patience;
        let mut contents = self.lock();
        loop {
            if let Some(word) = contents.words.pop_front() {
                return Event::Word(word);
            }
            if contents.closed {
                return Event::Closed;
            }
            if let Some(event) = contents.next_of_source() {
                self.changed.notify_all();
                return event;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Event::Tick;
            }
            contents = self.wait_at_most(contents, left);
        }
    }

    // A thread that panicked while it held the lock left nothing half done: no change here can
    // panic between its assignments. So a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, contents: MutexGuard<'a, Contents>) -> MutexGuard<'a, Contents> {
        self.changed
            .wait(contents)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_at_most<'a>(
        &self,
        contents: MutexGuard<'a, Contents>,
        patience: Duration,
    ) -> MutexGuard<'a, Contents> {
        self.changed
            .wait_timeout(contents, patience)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

impl Contents {
    fn listens_to(&self, capture: u64) -> bool {
        !self.closed && self.capture == capture
    }

    /// The source's next word or frame. A frame that is held back holds back what was said after it.
    fn next_of_source(&mut self) -> Option<Event> {
        match &mut self.frame {
            Some((_, 0)) if self.paused => return None,
            Some((_, 0)) => {
                let (frame, _) = self.frame.take()?;
                return Some(Event::Frame(frame, std::mem::take(&mut self.dropped)));
            }
            Some((_, before)) => *before -= 1,
            None => {}
        }
        self.source_words.pop_front().map(Event::Source)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::{GrayImage, RgbImage};

    use super::*;

    fn frame(number: u64, still: bool) -> Frame {
        Frame {
            source: Arc::from("test"),
            source_frame: number,
            time: Duration::ZERO,
            utc: None,
            captured: Instant::now(),
            still,
            luma: GrayImage::new(1, 1),
            picture: RgbImage::new(1, 1),
        }
    }

    #[test]
    fn only_the_newest_frame_is_kept_and_the_others_are_counted() {
        let inbox = Inbox::default();
        for number in 0..4 {
            assert!(inbox.put(0, frame(number, false)));
        }
        let Event::Frame(newest, dropped) = inbox.next(Duration::ZERO) else {
            panic!("a frame was left")
        };
        assert_eq!((newest.source_frame, dropped), (3, 3));
        assert!(matches!(inbox.next(Duration::ZERO), Event::Tick));
    }

    #[test]
    fn a_word_overtakes_a_frame_and_the_end_of_a_source_does_not() {
        let inbox = Inbox::default();
        inbox.put(0, frame(0, false));
        inbox.tell_of_source(0, SourceWord::Ended);
        inbox.tell(Word::Command(Command::StopLog));
        assert!(matches!(inbox.next(Duration::ZERO), Event::Word(_)));
        assert!(matches!(inbox.next(Duration::ZERO), Event::Frame(..)));
        assert!(matches!(
            inbox.next(Duration::ZERO),
            Event::Source(SourceWord::Ended)
        ));
    }

    /// What comes next, in a word.
    fn next(inbox: &Inbox) -> String {
        match inbox.next(Duration::ZERO) {
            Event::Source(SourceWord::Opened(name)) => name,
            Event::Source(SourceWord::Restarted) => "restarted".to_owned(),
            Event::Source(SourceWord::Ended) => "ended".to_owned(),
            Event::Frame(frame, dropped) => format!("frame {}, {dropped}", frame.source_frame),
            Event::Tick => "nothing".to_owned(),
            _ => "something else".to_owned(),
        }
    }

    #[test]
    fn a_first_frame_does_not_overtake_what_was_said_before_it() {
        let inbox = Inbox::default();
        inbox.tell_of_source(0, SourceWord::Opened("clip.mp4".to_owned()));
        inbox.put(0, frame(0, false));
        inbox.tell_of_source(0, SourceWord::Restarted);
        assert_eq!(next(&inbox), "clip.mp4");
        assert_eq!(next(&inbox), "frame 0, 0");
        // A newer frame comes after all that was said before it, whatever the older one waited for.
        inbox.put(0, frame(1, false));
        inbox.tell_of_source(0, SourceWord::Opened("again".to_owned()));
        inbox.put(0, frame(2, false));
        inbox.tell_of_source(0, SourceWord::Ended);
        for expected in ["restarted", "again", "frame 2, 1", "ended", "nothing"] {
            assert_eq!(next(&inbox), expected);
        }
    }

    #[test]
    fn a_pause_holds_back_a_frame_and_what_was_said_after_it() {
        let inbox = Inbox::default();
        inbox.tell_of_source(0, SourceWord::Opened("clip.mp4".to_owned()));
        inbox.put(0, frame(7, false));
        inbox.tell_of_source(0, SourceWord::Ended);
        inbox.pause(true);
        for expected in ["clip.mp4", "nothing"] {
            assert_eq!(next(&inbox), expected);
        }
        inbox.pause(false);
        for expected in ["frame 7, 0", "ended"] {
            assert_eq!(next(&inbox), expected);
        }
    }

    #[test]
    fn a_capture_thread_left_behind_is_not_heard() {
        let inbox = Inbox::default();
        inbox.put(0, frame(0, false));
        inbox.listen_to(1);
        assert!(!inbox.put(0, frame(1, false)));
        assert!(!inbox.tell_of_source(0, SourceWord::Ended));
        assert!(!inbox.sleep_until(0, Instant::now() + Duration::from_mins(1)));
        assert!(matches!(inbox.next(Duration::ZERO), Event::Tick));
    }

    #[test]
    fn still_pictures_wait_for_their_turn() {
        let inbox = Arc::new(Inbox::default());
        let putter = Arc::clone(&inbox);
        let thread = std::thread::Builder::new()
            .spawn(move || (0..3).all(|number| putter.put(0, frame(number, true))))
            .unwrap();
        for expected in 0..3 {
            let Event::Frame(next, 0) = inbox.next(Duration::from_secs(10)) else {
                panic!("no picture is dropped")
            };
            assert_eq!(next.source_frame, expected);
        }
        assert!(thread.join().unwrap());
    }

    #[test]
    fn words_have_a_limit_and_end_with_the_pipeline() {
        let inbox = Inbox::default();
        for _ in 0..WORDS {
            assert!(inbox.tell(Word::Command(Command::StopLog)));
        }
        assert!(!inbox.tell(Word::Command(Command::StopLog)));
        inbox.close();
        assert!(
            matches!(inbox.next(Duration::ZERO), Event::Word(_)),
            "words left are still heard"
        );
        assert!(!inbox.put(0, frame(0, false)));
    }
}
